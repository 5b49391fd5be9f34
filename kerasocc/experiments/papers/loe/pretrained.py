"""Features of images by a pretrained ResNet-18 whose weights the user has."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerasocc.datasets import OneClassDataset

STEM = "resnet18"
SUFFIXES = (".weights.h5", ".safetensors", ".pth", ".pt", ".npz")
SIDE = 224
BATCH = 64


def weights_file() -> Path:
    """The weights in the folder of the data.

    Raises:
        FileNotFoundError: If there are none.
    """
    folder = os.environ.get("KERASOCC_DATA_DIR")
    for suffix in SUFFIXES if folder else ():
        path = Path(folder) / f"{STEM}{suffix}"
        if path.exists():
            return path
    raise FileNotFoundError(
        f"the weights of a pretrained ResNet-18, {STEM}.pth for instance, must be in the folder "
        "that KERASOCC_DATA_DIR or --data-dir names"
    )


def feature_network() -> keras.Model:
    """From images of values in [0, 255], shape `(batch, height, width, 1 or 3)`, to features."""
    import keras

    import kerasocc

    network = kerasocc.networks.resnet18((SIDE, SIDE, 3), use_bias=True, weights=weights_file())
    mean = keras.ops.convert_to_tensor([0.485, 0.456, 0.406])
    deviation = keras.ops.convert_to_tensor([0.229, 0.224, 0.225])
    inputs = keras.Input((None, None, 3))
    resized = keras.layers.Resizing(SIDE, SIDE)(inputs)
    scaled = keras.layers.Lambda(lambda x: (x / 255.0 - mean) / deviation)(resized)
    return keras.Model(inputs, network(scaled))


def features_of(images: np.ndarray, network: keras.Model) -> np.ndarray:
    """Features of images, shape `(samples, 512)`."""
    import numpy as np

    found = [np.zeros((0, 512), "float32")]
    for start in range(0, len(images), BATCH):
        batch = np.asarray(images[start : start + BATCH], "float32")
        if batch.shape[-1] == 1:
            batch = np.repeat(batch, 3, axis=-1)
        found.append(network.predict_on_batch(batch))
    return np.concatenate(found)


def embedded_images(data: OneClassDataset) -> OneClassDataset:
    """The same problem of features."""
    from kerasocc.datasets.sample_format import ARRAYS, SampleFormat

    network = feature_network()
    parts = {n: features_of(getattr(data, n), network) for n in ("x_train", "x_val", "x_test")}
    shape = tuple(parts["x_train"].shape[1:])
    return replace(data, **parts, sample_format=SampleFormat(kind=ARRAYS, shape=shape))
