"""The auxiliary outliers of a run: samples of a file, a folder or another set of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.catalog import IMAGE_SET, RESERVED, resolve
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.readers.class_data import load_class_data
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.datasets.sample_format import SampleFormat
from kerasocc.datasets.storage.rows import Rows
from kerasocc.datasets.storage.spooling import spool
from kerasocc.experiments.config import TrainConfig


def check_outliers(config: TrainConfig, sample_format: SampleFormat) -> None:
    """Find out, before there is a run, whether there are auxiliary outliers to read.

    Raises:
        ValueError: If `outliers` is no path and no set of images, or the data of the run.
    """
    source = config.outliers
    if source is None:
        return
    if source == config.dataset:
        raise ValueError(
            "`outliers` must be other data than `dataset`, whose normal samples are among its own. "
            f"Received: {source!r} for both"
        )
    is_set = len(sample_format.shape) == 3 and resolve(source).kind == IMAGE_SET
    if not Path(source).exists() and not (is_set and source in RESERVED):
        raise ValueError(
            "`outliers` must be a path, or for images the name of a set of images; see `kerasocc "
            f"datasets`. Received: outliers={source!r}"
        )


def load_outliers(config: TrainConfig, sample_format: SampleFormat) -> Any:
    """Read the auxiliary outliers.

    Args:
        config: The settings; `outliers` names what is read.
        sample_format: Of the training samples.

    Returns:
        Array, `Rows` or `NamedColumns`; None without outliers.

    Raises:
        ValueError: If they cannot become samples of this format.
        OSError: If they cannot be read or downloaded.
    """
    source = config.outliers
    if source is None:
        return None
    if not Path(source).exists():
        return _of_image_set(source, sample_format.shape)
    parts = (part.x for part in read_new(source, sample_format, unreadable=config.unreadable))
    if not sample_format.is_raw:
        return spool(parts)
    tables = list(parts)
    return NamedColumns(
        {
            name: np.concatenate([table.columns[name] for table in tables])
            for name in tables[0].names
        }
    )


def _of_image_set(name: str, shape: tuple[int, ...]) -> np.ndarray | Rows:
    """The training images of a named set, in the size and the colours of the samples."""
    images = load_class_data(resolve(name), image_size=tuple(shape[:2])).train.x
    if images.shape[-1] == shape[-1]:
        return images
    images = np.asarray(images)
    if shape[-1] == 1:
        return images.mean(axis=-1, keepdims=True).astype(images.dtype)
    return np.repeat(images, shape[-1], axis=-1)
