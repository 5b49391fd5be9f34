"""The augmentation of a run, made from its settings."""

from __future__ import annotations

from collections.abc import Callable

import keras

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.settings.augmentations import amounts

_LAYERS: dict[str, Callable[[float | None], keras.layers.Layer]] = {
    "flip": lambda _: keras.layers.RandomFlip("horizontal", name="flip"),
    "vertical-flip": lambda _: keras.layers.RandomFlip("vertical", name="vertical_flip"),
    "shift": lambda by: keras.layers.RandomTranslation(by, by, name="shift"),
    "rotation": lambda turns: keras.layers.RandomRotation(turns, name="rotation"),
    "zoom": lambda by: keras.layers.RandomZoom(by, name="zoom"),
}


def make_augmentation(config: TrainConfig) -> keras.layers.Layer | None:
    """A new layer that augments images as the settings say, None without."""
    if config.augment is None:
        return None
    chosen = amounts("augment", config.augment)
    return keras.Sequential([_LAYERS[name](by) for name, by in chosen], name="augmentation")


def check_augmentation(config: TrainConfig, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` for samples of a shape that are no images, but should be augmented."""
    if config.augment is not None and len(shape) != 3:
        raise ValueError(
            "`augment` must be left out: the samples are no images. Received: "
            f"augment={config.augment!r}"
        )
