"""From the named columns of a table to the numbers and labels of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.catalog import table_suffix
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers import named_tables, parquet_numbers
from kerasocc.datasets.readers.blocks import Block, Selection
from kerasocc.datasets.readers.named_tables import find_dialect, place_of, read_frames
from kerasocc.datasets.readers.text_numbers import MISSING, parse_numbers, typed
from kerasocc.datasets.readers.text_tables import read_cells

PARQUET = ".parquet"


def read_columns(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    """Read the columns of a table in blocks of at most `rows` rows; see `read_blocks`."""
    dialect = selection.dialect or find_dialect(path, columns=selection.columns)
    if not selection.reads_labels:
        if table_suffix(path) in named_tables.TEXT:
            yield from _blocks_of_text(path, selection, dialect, rows)
            return
        if table_suffix(path) == PARQUET:
            with parquet_numbers.opened(path) as file:
                names = parquet_numbers.names_in(file)
                chosen = selection.columns or names
                chosen = find_columns(names, chosen, path, dialect)
                if chosen and parquet_numbers.holds_numbers(file, chosen):
                    yield from _blocks_of_numbers(file, chosen, path, rows)
                    return
    yield from _blocks_of_frames(path, selection, dialect, rows)


def _blocks_of_text(
    path: Path, selection: Selection, dialect: Dialect, rows: int
) -> Iterator[Block]:
    """Blocks of a text file without labels, which need no data frames."""
    for block in read_cells(path, dialect, rows):
        chosen = block.names
        if selection.columns is not None:
            chosen = find_columns(block.names, selection.columns, path, dialect)
        by_name = dict(zip(block.names, block.cells, strict=True))
        cells = [by_name[name] for name in chosen]
        parsed = [_cell_numbers(column, dialect) for column in cells]
        x, wrong = _side_by_side(parsed, len(block.cells[0]))
        if wrong is not None and not selection.tolerant:
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            value = cells[column][row].as_py()
            _refuse_wrong(value, block.start + row, chosen[column], path, dialect)
        _check_size(x, path)
        is_whole = not dialect.header and len(chosen) == len(block.names)
        yield Block(x, None, None if is_whole else tuple(chosen), wrong)


def _blocks_of_numbers(file: Any, chosen: list[str], path: Path, rows: int) -> Iterator[Block]:
    """Blocks of columns of a Parquet file that hold nothing but numbers."""
    count = 0
    for x in parquet_numbers.read_numbers(file, chosen, rows):
        count += len(x)
        yield Block(x, None, tuple(chosen))
    if not count:
        _check_size(np.empty((0, len(chosen))), path)


def _blocks_of_frames(
    path: Path, selection: Selection, dialect: Dialect | None, rows: int
) -> Iterator[Block]:
    has_names = dialect is None or dialect.header
    label = None
    if selection.reads_labels and dialect is not None:
        label = selection.find_label(next(read_frames(path, dialect, 1)).columns, path)
    for frame in read_frames(path, dialect, rows, () if label is None else (label,)):
        label = selection.find_label(frame.columns, path)
        features = frame.drop(columns=[] if label is None else [label])
        if selection.columns is not None:
            chosen = find_columns(list(frame.columns), selection.columns, path, dialect)
            features = frame[chosen]
        x, wrong = _numbers(features, dialect)
        if wrong is not None and not selection.tolerant:
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            found = features.iloc[row, column], int(features.index[row]), features.columns[column]
            _refuse_wrong(*found, path, dialect)
        _check_size(x, path)
        labels = None if label is None else labels_in(frame[label], path, dialect)
        names = tuple(map(str, features.columns))
        # By the positions of its columns a file without names is read again, by all of them
        # if there are no labels among them.
        is_whole = not has_names and len(names) == len(frame.columns)
        yield Block(x, labels, None if is_whole else names, wrong)


def _check_size(x: np.ndarray, path: Path) -> None:
    if x.size == 0:
        raise ValueError(
            f"{str(path)!r} must hold a table of numbers, rows and columns. "
            f"Received: shape {x.shape}"
        )


def find_columns(
    available: list[str], wanted: Sequence[str], path: Path, dialect: Dialect | None
) -> list[str]:
    """Return which columns of a file the model takes.

    Args:
        available: Names, or positions as text, of the columns of the file.
        wanted: Names of the columns that the model was trained on, or their positions.
        path: The file.
        dialect: What `find_dialect` returned.

    Raises:
        ValueError: If there are columns missing, or a file without names has another number
            of them.
    """
    by_position = dialect is not None and dialect.header is False
    if by_position and len(available) == len(wanted):
        return available
    absent = [name for name in wanted if name not in available]
    known = all(name.isdecimal() for name in wanted)
    if by_position and (absent or not known or len(available) != dialect.width):
        raise ValueError(
            f"{str(path)!r} must have the {len(wanted)} columns that the model was trained on, in "
            f"their order, since it has no header. Received: {len(available)} columns"
        )
    if absent:
        hint = ""
        if dialect is not None and dialect.separator is not None:
            shown = {"\t": "tab", " ": "space"}.get(dialect.separator, dialect.separator)
            hint = (
                f" (read with separator={shown!r}, encoding={dialect.encoding or 'utf-8'!r}, header"
            )
            hint += f"={dialect.header})"
        raise ValueError(
            f"{str(path)!r} must have the columns that the model was trained on. "
            f"Received: no column {absent[:10]} among {available[:20]}{hint}"
        )
    return list(wanted)


def _numbers(features: Any, dialect: Dialect | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Convert columns to float64, shape `(rows, columns)`, and mark what is no number."""
    parsed = []
    for name in features.columns:
        column = features[name]
        if column.dtype.kind == "M":
            # Its nanoseconds since 1970 are no measurement that anybody meant.
            parsed.append((np.full(len(column), np.nan), column.notna().to_numpy()))
        elif dialect is not None and column.dtype == object:
            parsed.append(parse_numbers(column, dialect.decimal, dialect.thousands))
        else:
            parsed.append(_to_numeric(column))
    return _side_by_side(parsed, len(features))


def _to_numeric(column: Any) -> tuple[np.ndarray, np.ndarray]:
    import pandas

    converted = pandas.to_numeric(column, errors="coerce")
    numbers = converted.to_numpy(dtype="float64", na_value=np.nan)
    return numbers, (converted.isna() & column.notna()).to_numpy()


def _cell_numbers(cells: Any, dialect: Dialect) -> tuple[np.ndarray, np.ndarray]:
    """Numbers in a column of text, as `_numbers` has them of the column of a data frame."""
    numbers, wrong = parse_numbers(cells, dialect.decimal, dialect.thousands)
    if wrong.any():
        column = typed(cells, dialect.decimal, dialect.thousands)
        if column.dtype != object:  # truth values, among others
            return _to_numeric(column)
    return numbers, wrong


def _side_by_side(
    parsed: list[tuple[np.ndarray, np.ndarray]], rows: int
) -> tuple[np.ndarray, np.ndarray | None]:
    x = np.empty((rows, len(parsed)))
    for number, (numbers, _) in enumerate(parsed):
        x[:, number] = numbers
    if not any(wrong.any() for _, wrong in parsed):
        return x, None
    return x, np.stack([wrong for _, wrong in parsed], axis=1)


def _refuse_wrong(value: Any, row: int, column: str, path: Path, dialect: Dialect | None) -> None:
    raise ValueError(
        f"{str(path)!r} must hold numbers. Received: {value!r} in "
        f"{place_of(path, dialect, row)}, column {column!r}"
    )


def labels_in(column: Any, path: Path, dialect: Dialect | None) -> np.ndarray:
    """Return the labels in a column, shape `(rows,)`; raise `ValueError` for missing ones."""
    column = column.mask(column.isin(MISSING)) if dialect is not None else column
    missing = column.isna().to_numpy()
    if missing.any():
        place = place_of(path, dialect, int(column.index[int(np.argmax(missing))]))
        raise ValueError(
            f"{str(path)!r} must label every row. Received: no label in {place}, "
            f"column {column.name!r}"
        )
    return column.to_numpy()
