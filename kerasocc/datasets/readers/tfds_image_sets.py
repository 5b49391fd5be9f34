"""Image classification sets of tensorflow-datasets, as arrays."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.catalog import near_names
from kerasocc.datasets.pool import Pool
from kerasocc.datasets.readers.image_files import check_image_size
from kerasocc.datasets.storage.spooling import spool

BATCH_SIZE = 1000
REACHABLE_SECONDS = 10
"""Timeout after which the network counts as unavailable."""


def load_image_set(
    name: str,
    data_dir: str | os.PathLike | None = None,
    image_size: int | tuple[int, int] | None = None,
) -> tuple[Pool, Pool | None, list[str]]:
    """Load an image classification set, downloading it if necessary.

    Args:
        name: Name in tensorflow-datasets, `"mnist"` for instance, or that of a set of one's own
            that a builder has stored in `data_dir`, whose code is not needed.
        data_dir: Folder of tensorflow-datasets; default the variable `TFDS_DATA_DIR`,
            else its own folder.
        image_size: Side or `(height, width)` to resize to; None if all images have
            one size.

    Returns:
        Training part, test part (the validation part if the test part has no labels,
        None if there is neither), samples uint8 in stored order, and the names of the
        classes.

    Raises:
        ValueError: If there is no such set (similar names are listed), it is not a set
            of images with one label each, or they differ in size and `image_size` is
            None.
        OSError: If it can be neither found nor downloaded.
    """
    import tensorflow_datasets as tfds

    size = check_image_size(image_size)
    known = known_image_sets(data_dir)
    if re.split("[/:]", name)[0] not in known:
        raise ValueError(
            "`source` must be 'digits', a folder of images, an image set of tensorflow-datasets "
            f"or arrays `(x, classes)`.{near_names(name, ['digits', *known])} Received: {name!r}"
        )
    builder = tfds.builder(name, data_dir=data_dir)
    _check_kind(builder, size)
    _prepare(builder)
    train = _pool(builder, "train", size)
    test = None
    for split in ("test", "validation"):
        if test is None and split in builder.info.splits:
            part = _pool(builder, split, size)
            # -1 is a label that was not published.
            test = part if (part.classes >= 0).all() else None
    return train, test, list(builder.info.features["label"].names)


def known_image_sets(data_dir: str | os.PathLike | None = None) -> list[str]:
    """List the names of all sets of tensorflow-datasets, of any kind, and of those in a folder.

    Args:
        data_dir: Folder of tensorflow-datasets, see `load_image_set`.
    """
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    folder = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    return [*known, *(name for name in stored_sets(folder.expanduser()) if name not in known)]


def stored_sets(folder: Path) -> list[str]:
    """List the sets that lie in a folder of tensorflow-datasets, with or without their code."""
    described = (*folder.glob("*/*/dataset_info.json"), *folder.glob("*/*/*/dataset_info.json"))
    return sorted({path.relative_to(folder).parts[0] for path in described})


def _check_kind(builder: Any, size: tuple[int, int] | None) -> None:
    features = builder.info.features
    fits = {"image", "label"} <= set(features) and hasattr(features["label"], "names")
    splits = set(builder.info.splits)
    if not fits or (splits and "train" not in splits):
        raise ValueError(
            "`source` must be a set of images, each with one label, and with a training part. "
            f"Received: {builder.name!r} with features {sorted(features)} and splits "
            f"{sorted(splits)}"
        )
    if size is None and None in features["image"].shape:
        raise ValueError(
            f"`image_size` must be given for {builder.name!r}: its images are of several sizes. "
            "Received: image_size=None"
        )


def _prepare(builder: Any) -> None:
    if builder.data_path.exists():
        return
    try:
        _check_reachable(builder)
        builder.download_and_prepare()
    except Exception as error:
        raise OSError(
            f"{builder.name!r} is not in {str(builder.data_path)!r} and could not be downloaded: "
            f"{type(error).__name__}: {error}. Set TFDS_DATA_DIR to a folder that has it."
        ) from error


def _check_reachable(builder: Any) -> None:
    """Fail immediately without a network; the download would retry for minutes.

    Raises:
        OSError: If the server of the first file does not answer.
    """
    for url in list(builder.url_infos)[:1]:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=REACHABLE_SECONDS).close()
        except urllib.error.HTTPError:
            pass  # the server answers; the download reports what is wrong


def _pool(builder: Any, split: str, size: tuple[int, int] | None) -> Pool:
    import tensorflow_datasets as tfds

    # Read one shard after the other: by default shards are interleaved.
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    elements = builder.as_dataset(split=split, read_config=in_order)
    if size is not None:
        elements = elements.map(lambda element: {**element, "image": _resized(element, size)})
    classes: list[np.ndarray] = []

    def images() -> Iterator[np.ndarray]:
        for batch in tfds.as_numpy(elements.batch(BATCH_SIZE)):
            classes.append(batch["label"])
            yield batch["image"]

    x = spool(images())
    return Pool(x, np.concatenate(classes).astype("int64"))


def _resized(element: dict[str, Any], size: tuple[int, int]) -> Any:
    import tensorflow as tf

    image = tf.image.resize(element["image"], size, antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255), "uint8")
