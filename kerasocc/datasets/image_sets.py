"""Image classification sets of tensorflow-datasets, as arrays."""

from __future__ import annotations

import difflib
import os
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from kerasocc.datasets.one_class import Pool

REACHABLE_SECONDS = 10
"""How long a server may take to answer before there is no network for us."""


def load_image_set(
    name: str, data_dir: str | os.PathLike | None = None
) -> tuple[Pool, Pool, list[str]]:
    """Load an image classification set, downloading it if it is not there.

    Args:
        name: Name in tensorflow-datasets, `"mnist"` for instance.
        data_dir: Where tensorflow-datasets keeps its sets; default the variable
            `TFDS_DATA_DIR`, else its own folder.

    Returns:
        Training part and test part, samples uint8 in the stored order, and the
        names of the classes.

    Raises:
        ValueError: If there is no such set (near names are listed), or it has no
            images of one size with one label, or no training and test part.
        OSError: If it can be neither found nor downloaded.
    """
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    if name not in known:
        near = difflib.get_close_matches(name, ["digits", *known], n=5)
        hint = f" Near names: {', '.join(near)}." if near else ""
        raise ValueError(
            "`source` must be 'digits', an image set of tensorflow-datasets or arrays "
            f"`(x, classes)`.{hint} Received: {name!r}"
        )
    builder = tfds.builder(name, data_dir=data_dir)
    _check_kind(builder)
    _prepare(builder)
    # One file after the other: by default those of a set are read in turns.
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    train, test = (
        tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, read_config=in_order))
        for split in ("train", "test")
    )
    names = list(builder.info.features["label"].names)
    return _pool(train), _pool(test), names


def _check_kind(builder: Any) -> None:
    features = builder.info.features
    fits = {"image", "label"} <= set(features) and None not in features["image"].shape
    splits = set(builder.info.splits)
    if not fits or (splits and not {"train", "test"} <= splits):
        raise ValueError(
            "`source` must be a set of images of one size, each with one label, and with a "
            f"training and a test part. Received: {builder.name!r} with features "
            f"{sorted(features)} and splits {sorted(splits)}"
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
    """Fail at once without a network; the download would try for minutes.

    Raises:
        OSError: If the server of the first file does not answer.
    """
    for url in list(builder.url_infos)[:1]:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=REACHABLE_SECONDS).close()
        except urllib.error.HTTPError:
            pass  # an answer, if not a friendly one: the download will tell


def _pool(arrays: dict[str, np.ndarray]) -> Pool:
    return Pool(arrays["image"], arrays["label"].astype("int64"))
