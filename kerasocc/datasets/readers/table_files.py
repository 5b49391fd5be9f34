"""Table files, read in blocks of rows: `.npz`, `.npy`, `.mat`, CSV and Parquet."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.field_names import SAMPLE_NAMES, find_label_name, find_name
from kerasocc.datasets.storage.npz import NpzFile

BLOCK_ROWS = 2**16


class Block(NamedTuple):
    """A block of rows of a table.

    Attributes:
        x: Numbers, shape `(rows, columns)`, missing values as NaN.
        labels: Labels as in the file, shape `(rows,)`; None if they are not read.
        columns: Names of the columns, None if the file has none.
    """

    x: np.ndarray
    labels: np.ndarray | None
    columns: tuple[str, ...] | None


class Selection(NamedTuple):
    """What to read from a file.

    Attributes:
        labelled: Whether to read labels.
        label: Name of the label column or array; None for one of `LABEL_NAMES`.
        columns: Columns to read, in this order; None for all but the label.
        optional: Whether a file without labels is read without them.
    """

    labelled: bool = True
    label: str | None = None
    columns: Sequence[str] | None = None
    optional: bool = False

    def find_label(self, available: Iterable[Any], path: Path) -> Any:
        """Return the name of the label column or array; None if labels are not read."""
        if not self.labelled:
            return None
        return find_label_name(self.label, available, path, optional=self.optional)


def read_blocks(path: Path, selection: Selection, rows: int | None = None) -> Iterator[Block]:
    """Read a table in blocks; `.mat` files are held in memory as a whole.

    Args:
        path: The file.
        selection: What to read from it.
        rows: Maximum number of rows of a block, default `BLOCK_ROWS`.

    Raises:
        ValueError: If the file cannot be read, lacks what is selected, or holds something
            other than numbers; names row and column.
    """
    try:
        reader = READERS[path.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"`source` must end in one of {list(READERS)}. Received: {str(path)!r}"
        ) from None
    yield from reader(path, selection, rows or BLOCK_ROWS)


def _read_npz(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    with NpzFile(path) as file:
        samples = find_name("samples", SAMPLE_NAMES, file.names, path)
        label = selection.find_label(file.names, path)
        labels = None if label is None else file.read(label)
        yield from _blocks_of_arrays(file.blocks(samples, rows), labels, path)


def _read_npy(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    if selection.labelled and not selection.optional:
        raise ValueError(
            f"{str(path)!r} must have labels, and .npy files hold one array only: use .npz with "
            f"arrays called x and y. Received: labels wanted"
        )
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{str(path)!r} is no readable .npy file: {error}") from error
    parts = [array]  # raises below
    if array.ndim == 2:
        parts = (np.asarray(array[i : i + rows]) for i in range(0, max(len(array), 1), rows))
    yield from _blocks_of_arrays(parts, None, path)


def _read_mat(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    import h5py
    from scipy.io import loadmat

    try:
        if h5py.is_hdf5(path):  # MATLAB 7.3 and later, stored transposed
            with h5py.File(path) as file:
                datasets = {n: v for n, v in file.items() if isinstance(v, h5py.Dataset)}
                arrays = {name: np.asarray(values).T for name, values in datasets.items()}
        else:
            arrays = loadmat(path)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ValueError(f"{str(path)!r} is no readable .mat file: {error}") from error
    samples = arrays[find_name("samples", SAMPLE_NAMES, arrays, path)]
    label = selection.find_label(arrays, path)
    labels = None if label is None else arrays[label]
    yield from _blocks_of_arrays([samples], labels, path)


def _blocks_of_arrays(parts: Any, labels: Any, path: Path) -> Iterator[Block]:
    """Yield the parts of an array with their labels, shape `(rows,)` or `(rows, 1)`."""
    labels = None if labels is None else np.ravel(labels)
    start = 0
    for x in parts:
        if x.ndim != 2 or x.dtype.kind not in "biuf" or x.size == 0:
            raise ValueError(
                f"{str(path)!r} must hold a table of numbers, rows and columns. "
                f"Received: shape {x.shape}, dtype {x.dtype}"
            )
        yield Block(x, None if labels is None else labels[start : start + len(x)], None)
        start += len(x)
    if labels is not None and len(labels) != start:
        raise ValueError(
            f"{str(path)!r} must have one label for each of its {start} rows. "
            f"Received: {len(labels)} labels"
        )


def _read_csv(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    import pandas

    problems = (
        pandas.errors.ParserError,
        pandas.errors.ParserWarning,
        pandas.errors.EmptyDataError,
        UnicodeError,
    )
    try:
        # Without `index_col=False` the first cells of rows longer than the header would
        # become an index, and every value would shift by a column.
        with pandas.read_csv(path, chunksize=rows, index_col=False) as frames:
            yield from _blocks_of_frames(_without_truncation(frames), selection, path)
    except problems as error:
        raise ValueError(f"{str(path)!r} is no readable .csv file: {error}") from error


def _without_truncation(frames: Iterator[Any]) -> Iterator[Any]:
    """Yield the frames; raise where pandas only warns that it truncates rows."""
    from pandas.errors import ParserWarning

    while True:
        with warnings.catch_warnings(category=ParserWarning, action="error"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _read_parquet(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    import pandas
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            batches = (batch.to_pandas() for batch in file.iter_batches(rows))
            empty = file.schema_arrow.empty_table().to_pandas()
            yield from _blocks_of_frames(_numbered(batches, empty), selection, path)
    except (pyarrow.ArrowException, OSError, pandas.errors.ParserError) as error:
        raise ValueError(f"{str(path)!r} is no readable Parquet file: {error}") from error


def _numbered(frames: Iterator[Any], empty: Any) -> Iterator[Any]:
    """Number the rows as in the whole table."""
    start = 0
    for frame in frames:
        yield frame.set_axis(range(start, start + len(frame)), axis=0)
        start += len(frame)
    if not start:
        yield empty


def _blocks_of_frames(frames: Iterator[Any], selection: Selection, path: Path) -> Iterator[Block]:
    for frame in frames:
        label = selection.find_label(frame.columns, path)
        features = frame.drop(columns=[] if label is None else [label])
        if selection.columns is not None:
            absent = [name for name in selection.columns if name not in frame.columns]
            if absent:
                raise ValueError(
                    f"{str(path)!r} must have the columns that the model was trained on. "
                    f"Received: no column {absent[:10]} among {list(frame.columns)[:20]}"
                )
            features = frame[list(selection.columns)]
        x = _numbers(features, path)
        if x.size == 0:
            raise ValueError(
                f"{str(path)!r} must hold a table of numbers, rows and columns. "
                f"Received: shape {x.shape}"
            )
        labels = None if label is None else _labels(frame[label], path)
        yield Block(x, labels, tuple(map(str, features.columns)))


def _numbers(features: Any, path: Path) -> np.ndarray:
    import pandas

    converted = {}
    for name in features.columns:
        numbers = pandas.to_numeric(features[name], errors="coerce")
        wrong = (numbers.isna() & features[name].notna()).to_numpy()
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(
                f"{str(path)!r} must hold numbers. Received: {features[name].iloc[first]!r} in "
                f"row {features.index[first]}, column {name!r}"
            )
        converted[name] = numbers.to_numpy(dtype="float64", na_value=np.nan)
    if not converted:
        return np.empty((len(features), 0))
    return np.stack(list(converted.values()), axis=1)


def _labels(column: Any, path: Path) -> np.ndarray:
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"{str(path)!r} must label every row. Received: no label in row "
            f"{column.index[int(np.argmax(missing))]}, column {column.name!r}"
        )
    return column.to_numpy()


READERS = {
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".mat": _read_mat,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""Functions of `(path, selection, rows)` by suffix."""
