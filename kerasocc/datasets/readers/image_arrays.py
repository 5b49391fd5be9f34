"""Images in `.npz` files, read in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerasocc.datasets.field_names import IMAGE_NAMES, find_label_name, find_name
from kerasocc.datasets.readers.table_files import SUFFIXES
from kerasocc.datasets.storage.npz import NpzFile

ROWS_AT_ONCE = 1000


def read_image_arrays(
    path: Path, *, labelled: bool, label: str | None, optional: bool
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Read the images of an `.npz` file; memory does not grow with their number.

    Args:
        path: The file.
        labelled: Whether to read labels too.
        label: Name of their array; default one of `field_names.LABEL_NAMES`.
        optional: Whether a file without labels is read without them.

    Yields:
        Images, shape `(samples, ...)`, and their labels as in the file, shape `(samples,)`,
        None without labels.

    Raises:
        ValueError: If it is no `.npz` file, or does not hold numbers and a label for each sample.
    """
    if path.suffix.lower() != ".npz":
        raise ValueError(
            "`source` must be an image, a folder of images or an .npz file of images. "
            f"Received: {str(path)!r}, and tables end in {list(SUFFIXES)}"
        )
    with NpzFile(path) as file:
        samples = find_name("samples", IMAGE_NAMES, file.names, path)
        labels = None
        if labelled:
            name = find_label_name(label, file.names, path, optional=optional)
            labels = None if name is None else np.ravel(file.read(name))
        count = (file.shape(samples) or (0,))[0]
        if labels is not None and len(labels) != count:
            raise ValueError(
                f"{str(path)!r} must have one label for each of its {count} samples. "
                f"Received: {len(labels)} labels"
            )
        start = 0
        for x in file.blocks(samples, ROWS_AT_ONCE):
            if x.size == 0 or x.ndim < 2 or x.dtype.kind not in "biuf":
                raise ValueError(
                    f"{str(path)!r} must hold samples, arrays of numbers. "
                    f"Received: shape {x.shape}, dtype {x.dtype}"
                )
            yield x, None if labels is None else labels[start : start + len(x)]
            start += len(x)
