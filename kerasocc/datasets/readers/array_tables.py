"""Tables in files of arrays, without names of columns: `.npz`, `.npy` and `.mat`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.field_names import SAMPLE_NAMES, find_name
from kerasocc.datasets.readers.blocks import Block, Selection
from kerasocc.datasets.storage.npz import BROKEN, NpzFile


def _read_npz(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    with NpzFile(path) as file:
        samples = find_name("samples", SAMPLE_NAMES, file.names, path)
        label = selection.find_label(file.names, path)
        labels = None if label is None else file.read(label)
        yield from _blocks_of_arrays(file.blocks(samples, rows), labels, path)


def _read_npy(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    if selection.reads_labels and not selection.optional:
        raise ValueError(
            f"{str(path)!r} must have labels, and .npy files hold one array only: use .npz with "
            f"arrays called x and y. Received: labels wanted"
        )
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except BROKEN as error:
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
    except Exception as error:
        # SciPy has errors of its own, and lets through what its parts raise for broken files.
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


ARRAY_READERS = {".npz": _read_npz, ".npy": _read_npy, ".mat": _read_mat}
"""Functions of `(path, selection, rows)` that yield blocks, by suffix."""
