"""Table files: `.npz`, `.mat`, `.csv` and Parquet with one label column."""

from __future__ import annotations

import difflib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.one_class import Pool

LABEL_NAMES = ("y", "label", "labels", "class", "target", "outlier", "anomaly", "is_anomaly")
"""What a label column or array may be called, in any case."""
SAMPLE_NAMES = ("x", "data", "samples", "features")


def find_table(name: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> Path:
    """Path of a table given by its path or by its name.

    Args:
        name: A path, or the name of a file in `data_dir` without its suffix and
            without a number in front (`4_breastw.npz` is found as `"breastw"`).
        data_dir: Folder that is searched, its folders included; default the
            variable `KERASOCC_DATA_DIR`.

    Raises:
        FileNotFoundError: If there is none; near names are listed.
    """
    path = Path(name)
    if path.suffix in READERS:
        if path.exists():
            return path
        raise FileNotFoundError(f"There is no table {str(path)!r}.")
    folder = data_dir or os.environ.get("KERASOCC_DATA_DIR")
    if folder is None:
        raise FileNotFoundError(
            f"`source` must be a path that ends in one of {list(READERS)}, or KERASOCC_DATA_DIR "
            f"must name a folder that holds the table. Received: {str(name)!r}"
        )
    files = [file for file in sorted(Path(folder).rglob("*")) if file.suffix in READERS]
    by_name = {_plain_name(file): file for file in reversed(files)}
    if str(name) in by_name:
        return by_name[str(name)]
    near = difflib.get_close_matches(str(name), by_name, n=5)
    hint = f" Near names: {', '.join(near)}." if near else ""
    raise FileNotFoundError(
        f"There is no table {str(name)!r} among the {len(by_name)} in {str(folder)!r}.{hint}"
    )


def read_table(path: str | os.PathLike, label: str | None = None) -> Pool:
    """Read samples and their labels.

    Args:
        path: The file.
        label: Name of the label column or array; default the one that is called
            `y`, `label`, `class`, `target`, `outlier` or `anomaly`.

    Returns:
        Samples of shape `(rows, columns)`, float32, missing values as NaN; labels
        0 normal, 1 anomaly.

    Raises:
        ValueError: If the file cannot be read or is no such table, naming the
            row and the column that are no numbers.
    """
    path = Path(path)
    try:
        x, y = READERS[path.suffix](path, label)
    except KeyError:
        raise ValueError(
            f"`source` must end in one of {list(READERS)}. Received: {str(path)!r}"
        ) from None
    except ImportError as error:
        raise ValueError(
            f"Reading {path.suffix} files needs pandas and pyarrow: install kerasocc[tables]. "
            f"Received: {str(path)!r} ({error})"
        ) from error
    return Pool(_checked_samples(x, path), _checked_labels(y, len(x), path))


def _plain_name(file: Path) -> str:
    number, _, rest = file.stem.partition("_")
    return rest if number.isdecimal() and rest else file.stem


def _read_npz(path: Path, label: str | None) -> tuple[Any, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise ValueError(f"{str(path)!r} is no readable .npz file: {error}") from error
    return _pick(arrays, label, path)


def _read_mat(path: Path, label: str | None) -> tuple[Any, Any]:
    import h5py
    from scipy.io import loadmat

    try:
        if h5py.is_hdf5(path):  # since version 7.3, and column by column
            with h5py.File(path) as file:
                datasets = {n: v for n, v in file.items() if isinstance(v, h5py.Dataset)}
                arrays = {name: np.asarray(values).T for name, values in datasets.items()}
        else:
            arrays = loadmat(path)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ValueError(f"{str(path)!r} is no readable .mat file: {error}") from error
    return _pick(arrays, label, path)


def _pick(arrays: dict[str, Any], label: str | None, path: Path) -> tuple[Any, Any]:
    samples = _find_name("samples", SAMPLE_NAMES, arrays, path)
    labels = _find_name("labels", (label,) if label else LABEL_NAMES, arrays, path)
    return arrays[samples], np.ravel(arrays[labels])


def _read_csv(path: Path, label: str | None) -> tuple[Any, Any]:
    import pandas

    try:
        return _split_frame(pandas.read_csv(path), label, path)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeError) as error:
        raise ValueError(f"{str(path)!r} is no readable .csv file: {error}") from error


def _read_parquet(path: Path, label: str | None) -> tuple[Any, Any]:
    import pandas
    import pyarrow

    try:
        frame = pandas.read_parquet(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{str(path)!r} is no readable Parquet file: {error}") from error
    return _split_frame(frame, label, path)


def _split_frame(frame: Any, label: str | None, path: Path) -> tuple[Any, Any]:
    import pandas

    column = _find_name("labels", (label,) if label else LABEL_NAMES, frame.columns, path)
    features = frame.drop(columns=[column])
    for name in features.columns:
        numbers = pandas.to_numeric(features[name], errors="coerce")
        wrong = numbers.isna() & features[name].notna()
        if wrong.any():
            row = int(np.argmax(wrong.to_numpy()))
            raise ValueError(
                f"{str(path)!r} must hold numbers. Received: {features[name].iloc[row]!r} in "
                f"row {row}, column {name!r}"
            )
        features[name] = numbers
    return features.to_numpy(dtype="float64"), frame[column].to_numpy()


def _find_name(what: str, names: tuple[str, ...], available: Any, path: Path) -> Any:
    for candidate in available:
        if str(candidate).lower() in [name.lower() for name in names]:
            return candidate
    shown = [str(name) for name in available if not str(name).startswith("__")]
    raise ValueError(
        f"{str(path)!r} must have {what} called one of {list(names)}. Received: {shown[:20]}"
    )


def _checked_samples(x: Any, path: Path) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 2 or x.dtype.kind not in "biuf" or x.size == 0:
        raise ValueError(
            f"{str(path)!r} must hold a table of numbers, rows and columns. "
            f"Received: shape {x.shape}, dtype {x.dtype}"
        )
    return x.astype("float32")


def _checked_labels(y: Any, rows: int, path: Path) -> np.ndarray:
    y = np.asarray(y)
    values = set(np.unique(y).tolist()) if y.dtype.kind in "biuf" else None
    if y.shape != (rows,) or values is None or not values <= {0, 1}:
        raise ValueError(
            f"{str(path)!r} must label its {rows} rows 0 (normal) or 1 (anomaly). "
            f"Received: shape {y.shape}, values {np.unique(y.astype(str))[:10].tolist()}"
        )
    return y.astype("int64")


READERS = {
    ".npz": _read_npz,
    ".mat": _read_mat,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""Readers of `(path, label)` by suffix."""
