"""Files of scores: CSV, Parquet and `.npz`, written block by block."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, TextIO

import numpy as np
from numpy.lib import format as npy

from kerasocc.datasets.readers.row_names import RowNames
from kerasocc.files import complete_or_absent, errors_named, printable

FORMATS = ("csv", "parquet", "npz")
"""Suffixes by which the format of an output is chosen; that of any other is CSV."""


class ScoredRows(NamedTuple):
    """A block of rows of the output.

    Attributes:
        file: The file that all of them come from; None where that is no column.
        name: Name of the column that names the samples, `"row"` or `"file"`.
        names: Numbers of rows, or text, in it.
        ids: Columns that are kept beside the scores, lists by name.
        numbers: Scores and p-values by name, shape `(rows,)`; NaN where there are none.
        decisions: Which are anomalies, shape `(rows,)`; None without a threshold.
        reasons: What made the scores, text for each row; None where that is no column.
    """

    file: str | None
    name: str
    names: Sequence[str]
    ids: dict[str, list[Any]]
    numbers: dict[str, np.ndarray]
    decisions: np.ndarray | None
    reasons: list[str] | None = None

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the output."""
        file = [] if self.file is None else ["file"]
        decision = [] if self.decisions is None else ["is_anomaly"]
        reasons = [] if self.reasons is None else ["because"]
        return [*file, self.name, *self.ids, *self.numbers, *decision, *reasons]


class Output(Protocol):
    """Where scores are written."""

    def write(self, rows: ScoredRows) -> None:
        """Write a block of at least no rows; the first one says what columns there are."""


@contextlib.contextmanager
def opened(path: str | os.PathLike | None) -> Iterator[Output]:
    """Open a file of scores, which is written completely or not at all.

    Args:
        path: The file; None for CSV on standard output.

    Raises:
        OSError: If it cannot be written.
    """
    if path is None:
        with errors_named("standard output"):
            yield CsvOutput(sys.stdout)
            sys.stdout.flush()
        return
    with complete_or_absent(path) as temporary:
        suffix = Path(path).suffix.lower()
        if suffix == ".parquet":
            with contextlib.closing(ParquetOutput(temporary)) as output:
                yield output
        elif suffix == ".npz":
            with NpzOutput(temporary) as output:
                yield output
        else:
            # Names of files that are not UTF-8 are written unchanged.
            options = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
            with open(temporary, "w", **options) as stream:
                yield CsvOutput(stream)


class CsvOutput:
    """CSV: numbers with all their digits, decisions as 0 and 1, nothing where there is no score.

    Args:
        stream: What it is written to.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._table = csv.writer(stream, lineterminator="\n")
        self._has_header = False

    def write(self, rows: ScoredRows) -> None:
        if not self._has_header:
            self._table.writerow(rows.columns)
            self._has_header = True
        has_text = rows.ids or rows.reasons is not None or not isinstance(rows.names, RowNames)
        if has_text:
            self._table.writerows(self._lines(rows))
        elif len(rows.names):
            self._stream.write(_joined(rows))

    def _lines(self, rows: ScoredRows) -> Iterator[tuple[Any, ...]]:
        file = [] if rows.file is None else [[rows.file] * len(rows.names)]
        numbers = [number_texts(values).to_pylist() for values in rows.numbers.values()]
        decisions = [] if rows.decisions is None else [rows.decisions.astype(int).tolist()]
        reasons = [] if rows.reasons is None else [rows.reasons]
        ids = rows.ids.values()
        return zip(*file, rows.names, *ids, *numbers, *decisions, *reasons, strict=True)


def _joined(rows: ScoredRows) -> str:
    """The lines of rows that hold numbers alone, made by Arrow."""
    import pyarrow
    from pyarrow import compute

    columns = [compute.cast(pyarrow.array(rows.names.numbers), pyarrow.string())]
    columns += map(number_texts, rows.numbers.values())
    if rows.decisions is not None:
        decisions = pyarrow.array(rows.decisions.astype("int8"))
        columns.append(compute.cast(decisions, pyarrow.string()))
    if rows.file is not None:
        cell = io.StringIO()
        csv.writer(cell, lineterminator="").writerow([rows.file])
        columns.insert(0, pyarrow.scalar(cell.getvalue()))
    lines = compute.binary_join_element_wise(*columns, ",", null_handling="replace")
    together = pyarrow.ListArray.from_arrays([0, len(lines)], lines)
    return compute.binary_join(together, "\n")[0].as_py() + "\n"


def number_texts(values: np.ndarray) -> Any:
    """Write numbers as Python does, with all their digits; null for NaN.

    Args:
        values: Shape `(rows,)`, float32 or float64.

    Returns:
        Arrow array of text.
    """
    import pyarrow
    from pyarrow import compute

    values = values.astype("float64")
    texts = compute.cast(pyarrow.array(values, from_pandas=True), pyarrow.string())
    # What Arrow writes in another way: `1.0` as `1`, `1e-05` as `0.00001`.
    size = np.abs(values)
    others = (values == np.rint(values)) | (size < 1e-3) | (size >= 1e9)
    if not others.any():
        return texts
    replacements = pyarrow.array([repr(v) for v in values[others].tolist()], pyarrow.string())
    return compute.replace_with_mask(texts, pyarrow.array(others), replacements)


def typed_columns(rows: ScoredRows) -> dict[str, tuple[Any, str]]:
    """The columns of a block by name, as values and their dtype: identifiers are text."""
    count = len(rows.names)
    columns: dict[str, tuple[Any, str]] = {}
    if rows.file is not None:
        columns["file"] = [printable(rows.file)] * count, "str"
    if isinstance(rows.names, RowNames):
        columns[rows.name] = rows.names.numbers, "int64"
    else:
        columns[rows.name] = [printable(name) for name in rows.names], "str"
    columns |= {name: ([str(v) for v in values], "str") for name, values in rows.ids.items()}
    columns |= {name: (values, values.dtype.name) for name, values in rows.numbers.items()}
    if rows.decisions is not None:
        columns["is_anomaly"] = rows.decisions, "bool"
    if rows.reasons is not None:
        columns["because"] = [printable(reason) for reason in rows.reasons], "str"
    return columns


class ParquetOutput:
    """Parquet: null where there is no score.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._writer: Any = None

    def write(self, rows: ScoredRows) -> None:
        import pyarrow
        from pyarrow import parquet

        columns = typed_columns(rows)
        if self._writer is None:
            kinds = {"str": pyarrow.string(), "bool": pyarrow.bool_()}
            kinds |= {d: pyarrow.from_numpy_dtype(d) for d in ("int64", "float32", "float64")}
            fields = [(name, kinds[dtype]) for name, (_, dtype) in columns.items()]
            texts = [name for name, (_, dtype) in columns.items() if dtype == "str"]
            # Hardly any number occurs twice.
            options = {"use_dictionary": texts, "compression": "snappy"}
            self._writer = parquet.ParquetWriter(self._path, pyarrow.schema(fields), **options)
        arrays = [
            pyarrow.array(values, field.type, from_pandas=True)
            for (values, _), field in zip(columns.values(), self._writer.schema, strict=True)
        ]
        self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._writer.schema))

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


class NpzOutput:
    """`.npz`: an array for each column; NaN where there is no score.

    Numbers wait in temporary files beside the output until their count is known, text in memory.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._spooled: dict[str, tuple[IO[bytes], str]] = {}
        self._texts: dict[str, list[str]] = {}
        self._count = 0

    def __enter__(self) -> NpzOutput:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            if kind is None and (self._spooled or self._texts):
                self._finish()
        finally:
            for file, _ in self._spooled.values():
                file.close()

    def write(self, rows: ScoredRows) -> None:
        self._count += len(rows.names)
        for name, (values, dtype) in typed_columns(rows).items():
            if dtype == "str":
                self._texts.setdefault(name, []).extend(values)
                continue
            if name not in self._spooled:
                self._spooled[name] = tempfile.TemporaryFile(dir=self._path.parent), dtype
            self._spooled[name][0].write(np.ascontiguousarray(values, dtype).data)

    def _finish(self) -> None:
        with zipfile.ZipFile(self._path, "w", allowZip64=True) as archive:
            for name, values in self._texts.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, np.array(values, dtype=str), allow_pickle=False)
            for name, (file, dtype) in self._spooled.items():
                header = {
                    "descr": npy.dtype_to_descr(np.dtype(dtype)),
                    "fortran_order": False,
                    "shape": (self._count,),
                }
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array_header_1_0(member, header)
                    file.seek(0)
                    shutil.copyfileobj(file, member, 2**20)
