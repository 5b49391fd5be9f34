"""Fingerprints of the data of a run, by which data that have changed since are noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets import OneClassDataset
from kerasocc.datasets.storage.rows import Rows, chunks, rows_at_once
from kerasocc.files import read_json, write_json

PARTS = ("training", "validation", "test")
MOST_COLUMNS = 4096
"""Columns up to which each has a fingerprint of its own."""


def check_same_data(
    file: Path, data: OneClassDataset, then: str, outliers: str | None = None
) -> None:
    """Raise `ValueError` if the data of a run are others than when it began.

    Args:
        file: `data.json` of the run; a run of an earlier version has none, and is not checked.
        data: What its settings read now.
        then: What to do instead, for the message.
        outliers: What the auxiliary outliers of a training are read from; None where they do not
            matter.
    """
    if not file.exists():
        return
    before, after = read_json(file), fingerprint(data, outliers)
    if not _has_form_of(before, after):
        raise ValueError(
            f"{str(file)!r} must hold the fingerprint of the data of the run. Received: other "
            "entries, so that the file was changed or is damaged"
        )
    changes = list(_changes(before, after))
    if changes:
        raise ValueError(
            f"The data of the run {str(file.parent)!r} must be those that it was started with. "
            f"Put them back, or {then}. Received: {'; '.join(changes)}"
        )


def write_fingerprint(file: Path, data: OneClassDataset, outliers: str | None = None) -> None:
    """Write the fingerprint of the data of a run that begins, as JSON."""
    write_json(file, fingerprint(data, outliers))


def fingerprint(data: OneClassDataset, outliers: str | None = None) -> dict[str, Any]:
    """What tells the samples and labels of a data set from others.

    Args:
        data: The data set.
        outliers: File or folder of auxiliary outliers; the name of a data set, or None, is left
            out.

    Returns:
        By part (`training`, `validation`, `test`): number, shape and dtype of the samples,
        digests of the labels and of the values, of tables column by column; and the names of
        the columns. Of outliers the digest of the files.
    """
    names = data.sample_format.columns
    exposed = {} if outliers is None or not Path(outliers).exists() else _files(Path(outliers))
    return exposed | {
        "training": _part(data.x_train, data.y_train, data.truth_train),
        "validation": _part(data.x_val, data.y_val),
        "test": _part(data.x_test, data.y_test),
        "columns": None if names is None else list(names),
    }


def _files(path: Path) -> dict[str, str]:
    """The digest of a file, or of the files of a folder and their names."""
    found = hashlib.blake2b(digest_size=8)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            found.update(str(file.relative_to(path)).encode(errors="surrogateescape"))
            with open(file, "rb") as content:
                found.update(hashlib.file_digest(content, "blake2b").digest())
    return {"outliers": found.hexdigest()}


def _has_form_of(before: Any, after: dict[str, Any]) -> bool:
    """Whether a fingerprint has the entries of another one, with values of the same kinds."""
    if not isinstance(before, dict) or not before.keys() >= after.keys():
        return False
    names = before["columns"]
    return (names is None or isinstance(names, list)) and all(
        isinstance(before[part], dict)
        and all(
            isinstance(before[part].get(name), type(value)) for name, value in after[part].items()
        )
        for part in PARTS
    )


def _part(x: np.ndarray | Rows, *labels: np.ndarray) -> dict[str, Any]:
    hashes = [hashlib.blake2b(np.ascontiguousarray(part), digest_size=8) for part in labels]
    by_column = len(x.shape) == 2 and x.shape[1] <= MOST_COLUMNS
    values = [hashlib.blake2b(digest_size=8) for _ in range(x.shape[1] if by_column else 1)]
    for chunk in chunks(x, rows_at_once(x.shape[1:])):
        columns = np.ascontiguousarray(chunk.T) if by_column else [np.ascontiguousarray(chunk)]
        for found, column in zip(values, columns, strict=True):
            found.update(column)
    return {
        "samples": len(x),
        "shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "labels": [found.hexdigest() for found in hashes],
        "values": [found.hexdigest() for found in values],
    }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What has changed, in words."""
    names = after["columns"]
    if before["columns"] != names:
        yield f"the columns {_shown(names)}, not {_shown(before['columns'])}"
    for part in PARTS:
        old, new = before[part], after[part]
        forms = [f"shape {tuple(found['shape'])}, {found['dtype']}" for found in (old, new)]
        if old["samples"] != new["samples"]:
            yield f"{new['samples']} {part} samples, not {old['samples']}"
        elif forms[0] != forms[1]:
            yield f"{part} samples of {forms[1]}, not {forms[0]}"
        elif old["values"] != new["values"]:
            yield f"{part} samples with {_changed_values(old['values'], new['values'], names)}"
        elif old["labels"] != new["labels"]:
            yield f"{part} samples with other labels"
    if before.get("outliers") != after.get("outliers", before.get("outliers")):
        yield "other outliers"


def _changed_values(old: list[str], new: list[str], names: list[str] | None) -> str:
    if len(old) == 1:
        return "other values"
    changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if len(changed) == len(old) > 2:
        return "other values in all columns, or in another order"
    columns = _shown([i if names is None else names[i] for i in changed])
    if sorted(old[i] for i in changed) == sorted(new[i] for i in changed):
        return f"the columns {columns} in another order"
    return f"other values in the columns {columns}"


def _shown(names: list[Any] | None) -> str:
    if names is None:
        return "without names"
    return f"{names[:10]}{f' and {len(names) - 10} others' if len(names) > 10 else ''}"
