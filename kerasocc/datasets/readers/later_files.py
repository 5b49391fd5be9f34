"""How a text file is written that comes after the training file, by both of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.dialect_detection import split
from kerasocc.datasets.readers.text_files import detect_encoding, read_first_lines, read_start
from kerasocc.datasets.readers.text_numbers import compiled, is_missing
from kerasocc.datasets.readers.text_tables import detect_dialect

NUMBERS = ("decimal", "thousands")
LAYOUT = ("separator", "comment", "header", "width")


class _Fit(NamedTuple):
    """How well a dialect explains the first lines of a file; the largest one is best."""

    has_names: bool
    numbers: int
    irregular_rows: int
    is_perfect: bool


def detect_later_dialect(
    path: Path,
    given: Dialect,
    kept: Dialect,
    columns: Sequence[str],
    as_text: Collection[str] = (),
) -> Dialect:
    """Find out how a file is written whose columns are those of a training file.

    It is taken to be written like that one, unless it contradicts: the header does not have the
    names then, or cells are no numbers. Where it does, what contradicts is detected anew. So
    `1.500` means what it meant in training, and a file of commas is read after one of semicolons.

    Args:
        path: The file.
        given: Options of the user, which hold in any case.
        kept: How the training file was written; it has a header.
        columns: Names of the columns of the training.
        as_text: Those of them that need not hold numbers.
    """
    numbers_alone = _only(kept, NUMBERS)
    layout_alone = _only(kept, LAYOUT)
    encoding = _encoding(path, given, kept)
    fits: dict[Dialect, _Fit] = {}
    problem: ValueError | None = None
    for known in (kept, layout_alone, numbers_alone, Dialect()):
        asked = given.over(dataclasses.replace(known, encoding=encoding))
        try:
            found = detect_dialect(path, asked, columns)
        except ValueError as error:
            problem = problem or error
            continue
        if found not in fits:
            fits[found] = _fit(path, found, columns, as_text)
        if fits[found].is_perfect:
            break
    if not fits and problem is not None:
        raise problem
    # The first of several equal ones: nothing speaks against what was kept.
    return max(fits, key=fits.__getitem__)


def _only(dialect: Dialect, names: Collection[str]) -> Dialect:
    return Dialect(**{name: getattr(dialect, name) for name in names})


def _encoding(path: Path, given: Dialect, kept: Dialect) -> str | None:
    """The encoding of the training file, unless the bytes of this one are those of another."""
    if given.encoding is not None:
        return None
    found = detect_encoding(read_start(path))
    if found is None:
        return None if (kept.encoding or "").startswith("utf-16") else kept.encoding
    # Of encodings with one byte for each letter the bytes do not say which it is.
    of_bytes = kept.encoding is not None and not kept.encoding.lower().startswith("utf")
    return found if found.startswith("utf") or not of_bytes else kept.encoding


def _fit(path: Path, dialect: Dialect, columns: Sequence[str], as_text: Collection[str]) -> _Fit:
    lines = read_first_lines(path, dialect.encoding or "utf-8")
    mark = dialect.comment
    rows = split([x for x in lines if not (mark and x.startswith(mark))], dialect.separator)
    names = [name.strip() for name in rows[0]] if rows else []
    names[:1] = [name.lstrip("# ") if name.startswith("#") else name for name in names[:1]]
    has_names = bool(dialect.header) and set(columns) <= set(names)
    if not has_names:
        return _Fit(False, 0, 0, False)
    whole = [row for row in rows[1:] if len(row) == len(names)]
    irregular = len(rows) - 1 - len(whole)
    pattern = compiled(dialect.decimal, dialect.thousands)
    positions = [names.index(name) for name in columns if name not in as_text]
    cells = [row[i] for row in whole for i in positions]
    numbers = sum(is_missing(cell) or bool(pattern.match(cell)) for cell in cells)
    return _Fit(True, numbers, -irregular, numbers == len(cells) and not irregular)
