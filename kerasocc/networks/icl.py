"""Encoders of column windows and their complements, as in internal contrastive learning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasocc.checks import check_integer
from kerasocc.networks.layer_factory import LayerFactory, sequential


@keras.saving.register_keras_serializable(package="kerasocc")
class WindowPairs(layers.Layer):
    """Embeds all windows of consecutive columns and the complement of each.

    Args:
        window: `k`, number of columns in a window.
        windows: Keras model from windows `(batch, d - k + 1, k)` to embeddings
            `(batch, d - k + 1, code)`.
        complements: Like `windows`, for the `d - k` other columns.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(self, window: int, windows: keras.Model, complements: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        self.window = check_integer("window", window, minimum=1)
        self.windows = windows
        self.complements = complements

    def build(self, input_shape: Any) -> None:
        self._columns = windows_first(input_shape[-1], self.window)
        for network, shape in zip(self._networks, self._part_shapes(input_shape), strict=True):
            if not network.built:
                network.build(shape)
        self.built = True

    @property
    def _networks(self) -> tuple[keras.Model, keras.Model]:
        return self.windows, self.complements

    def _part_shapes(self, input_shape: Any) -> list[tuple[int | None, ...]]:
        batch, columns = input_shape
        count = columns - self.window + 1
        return [(batch, count, width) for width in (self.window, columns - self.window)]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Embed rows, shape `(batch, d)`, as `(batch, d - k + 1, 2, code)`, the window first."""
        permuted = ops.take(inputs, self._columns, axis=1)
        parts = (permuted[..., : self.window], permuted[..., self.window :])
        return ops.stack(
            [net(x, training=training) for net, x in zip(self._networks, parts, strict=True)],
            axis=2,
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        batch, count, code = self.windows.compute_output_shape(self._part_shapes(input_shape)[0])
        return (batch, count, 2, code)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "window": self.window,
            "windows": serialize(self.windows),
            "complements": serialize(self.complements),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WindowPairs:
        restore = keras.saving.deserialize_keras_object
        networks = {name: restore(config[name]) for name in ("windows", "complements")}
        return cls(**{**config, **networks})


def windows_first(columns: int, window: int) -> np.ndarray:
    """Permutations of `columns` columns, each of which moves one window to the front.

    Args:
        columns: `d`.
        window: `k`.

    Returns:
        Array, shape `(d - k + 1, d)`, int32; row `j` begins with `j, ..., j + k - 1`.
    """
    order = np.arange(columns)
    starts = range(columns - window + 1)
    rows = [np.r_[order[j : j + window], order[:j], order[j + window :]] for j in starts]
    return np.array(rows, "int32")


def default_window(columns: int) -> int:
    """The paper's `k`: 2 for up to 40 columns, 10 for up to 160, `d - 150` for more."""
    if columns <= 40:
        return 2
    return 10 if columns <= 160 else columns - 150


def icl_encoder(
    features: int | Sequence[int],
    *,
    window: int | None = None,
    hidden: Sequence[int] = (100, 50),
    code: int = 128,
    seed: int | None = None,
) -> keras.Model:
    """Encoder of all windows of a row and their complements, for `kerasocc.ICL`.

    One network embeds the windows of `k` consecutive columns, another the `d - k` other
    columns. Each layer, the output layer included, is dense without biases, followed by
    leaky ReLU (tanh in the first layer for the complements) and BatchNorm. The hidden
    layers for the windows are half as wide. BatchNorm computes its statistics per window,
    over rows and units, and has one scale and one shift per window.

    The architecture is that of the authors' code as adapted by DeepOD; the scales and
    shifts are an addition. With one normalization for all windows the AUC on small tables
    is lower. The shift alone can identify a window, so a loss near 0 does not by itself
    mean that the network has learned the data.

    Args:
        features: Number of columns `d`, at least 3; or the shape of the samples, which
            are flattened first.
        window: `k`, from 1 to `d - 1`; None for 2 for up to 40 columns, 10 for up to 160
            and `d - 150` for more.
        hidden: Widths of the hidden layers for the complements.
        code: Dimension of the embeddings.
        seed: Seed of the initial weights.

    Returns:
        Model from samples `(batch, features)`, or `(batch, *features)`, to pairs of
        embeddings `(batch, d - k + 1, 2, code)`, the window's first.

    Raises:
        ValueError: If there are fewer than 3 columns, or if the window leaves no second
            window or no complement.

    Reference:
        Shenkar and Wolf, Anomaly Detection for Tabular Data with Internal
        Contrastive Learning, ICLR 2022.
    """
    shape = _checked_shape(features)
    columns = math.prod(shape)
    window = _checked_window(window, columns)
    hidden = [check_integer("hidden", width, minimum=1) for width in hidden]
    check_integer("code", code, minimum=1)
    make = LayerFactory(seed=seed)
    count = columns - window + 1
    half_widths = [max(width // 2, 1) for width in hidden]
    windows = _network_layers([*half_widths, code], make, first=make.leaky())
    complements = _network_layers([*hidden, code], make, first=layers.Activation("tanh"))
    pairs = WindowPairs(
        window,
        sequential((count, window), windows, "windows"),
        sequential((count, columns - window), complements, "complements"),
    )
    parts = [layers.Flatten()] if len(shape) > 1 else []
    return sequential(shape, [*parts, pairs], "icl_encoder")


def _network_layers(
    widths: Sequence[int], make: LayerFactory, first: layers.Layer
) -> list[layers.Layer]:
    activations = [first, *(make.leaky() for _ in widths[1:])]
    return [
        part
        for width, activation in zip(widths, activations, strict=True)
        for part in (make.dense(width), activation, make.norm(axis=1, affine=True))
    ]


def _checked_shape(features: Any) -> tuple[int, ...]:
    shape = tuple(features) if isinstance(features, (tuple, list)) else (features,)
    shape = tuple(check_integer("features", size, minimum=1) for size in shape)
    if math.prod(shape) < 3:
        raise ValueError(
            "`features` must be at least 3 columns, for two windows with a complement each. "
            f"Received: features={features!r}"
        )
    return shape


def _checked_window(window: int | None, columns: int) -> int:
    window = default_window(columns) if window is None else window
    check_integer("window", window, minimum=1)
    if window >= columns:
        raise ValueError(
            f"`window` must be less than the {columns} columns, for a complement. "
            f"Received: window={window}"
        )
    return window
