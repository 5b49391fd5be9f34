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

MOST_WINDOWS = 20
"""How many windows of a row are embedded by default."""


@keras.saving.register_keras_serializable(package="kerasocc")
class WindowPairs(layers.Layer):
    """Embeds windows of consecutive columns and the complement of each.

    Args:
        window: `k`, number of columns in a window.
        windows: Keras model from windows `(batch, P * count, k)` to embeddings
            `(batch, P * count, code)`.
        complements: Like `windows`, for the `d - k` other columns.
        count: How many windows there are, evenly spread over the columns; None for all,
            `d - k + 1`.
        orders: Permutations of the columns, shape `(P, d)`, each of which has windows of
            its own; None for the columns as they are, `P = 1`.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(
        self,
        window: int,
        windows: keras.Model,
        complements: keras.Model,
        *,
        count: int | None = None,
        orders: Sequence[Sequence[int]] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.window = check_integer("window", window, minimum=1)
        self.windows = windows
        self.complements = complements
        self.count = None if count is None else check_integer("count", count, minimum=2)
        self.orders = None if orders is None else [list(map(int, order)) for order in orders]

    def build(self, input_shape: Any) -> None:
        first = windows_first(input_shape[-1], self.window, self.count)
        orders = [np.arange(input_shape[-1])] if self.orders is None else np.array(self.orders)
        columns = np.concatenate([order[first] for order in orders]).astype("int32")
        self._parts = columns[:, : self.window], columns[:, self.window :]
        for network, shape in zip(self._networks, self._part_shapes(input_shape), strict=True):
            if not network.built:
                network.build(shape)
        self.built = True

    @property
    def _networks(self) -> tuple[keras.Model, keras.Model]:
        return self.windows, self.complements

    @property
    def _permutations(self) -> int:
        return 1 if self.orders is None else len(self.orders)

    def _part_shapes(self, input_shape: Any) -> list[tuple[int | None, ...]]:
        batch, columns = input_shape
        count = columns - self.window + 1 if self.count is None else self.count
        rows = self._permutations * count
        return [(batch, rows, width) for width in (self.window, columns - self.window)]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Embed rows, shape `(batch, d)`, as pairs, the window first.

        Returns:
            Tensor, shape `(batch, count, 2, code)` without `orders`, else
            `(batch, P, count, 2, code)`.
        """
        embedded = [
            network(ops.take(inputs, columns, axis=1), training=training)
            for network, columns in zip(self._networks, self._parts, strict=True)
        ]
        pairs = ops.stack(embedded, axis=2)
        if self.orders is None:
            return pairs
        _, rows, *pair = pairs.shape
        return ops.reshape(pairs, (-1, self._permutations, rows // self._permutations, *pair))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        batch, rows, code = self.windows.compute_output_shape(self._part_shapes(input_shape)[0])
        if self.orders is None:
            return (batch, rows, 2, code)
        return (batch, self._permutations, rows // self._permutations, 2, code)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "window": self.window,
            "windows": serialize(self.windows),
            "complements": serialize(self.complements),
            "count": self.count,
            "orders": self.orders,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WindowPairs:
        restore = keras.saving.deserialize_keras_object
        networks = {name: restore(config[name]) for name in ("windows", "complements")}
        return cls(**{**config, **networks})


def windows_first(columns: int, window: int, count: int | None = None) -> np.ndarray:
    """Permutations of `columns` columns, each of which moves one window to the front.

    Args:
        columns: `d`.
        window: `k`.
        count: Number of windows, evenly spread from the first to the last; None for all,
            `d - k + 1`.

    Returns:
        Array, shape `(count, d)`, int32; a row begins with `j, ..., j + k - 1`.
    """
    order = np.arange(columns)
    last = columns - window
    starts = np.rint(np.linspace(0, last, last + 1 if count is None else count)).astype(int)
    rows = [np.r_[order[j : j + window], order[:j], order[j + window :]] for j in starts]
    return np.array(rows, "int32")


def default_window(columns: int) -> int:
    """The paper's `k`: 2 for up to 40 columns, 10 for up to 160, `d - 150` for more."""
    if columns <= 40:
        return 2
    return 10 if columns <= 160 else columns - 150


def default_permutations(columns: int, samples: int) -> int:
    """The paper's number of models for narrow tables, `floor(100 / (log n + d)) + 1`.

    Args:
        columns: `d`.
        samples: `n`, of the training set.
    """
    return math.floor(100 / (math.log(samples) + columns)) + 1


def icl_encoder(
    features: int | Sequence[int],
    *,
    window: int | None = None,
    num_windows: int | None = MOST_WINDOWS,
    permutations: int | None = None,
    samples: int = 1000,
    hidden: Sequence[int] = (100, 50),
    code: int = 128,
    seed: int | None = None,
) -> keras.Model:
    """Encoder of windows of a row and their complements, for `kerasocc.ICL`.

    One network embeds windows of `k` consecutive columns, another the `d - k` other
    columns. Each layer, the output layer included, is dense without biases, followed by
    leaky ReLU (tanh in the first layer for the complements) and BatchNorm. The hidden
    layers for the windows are half as wide. BatchNorm computes its statistics per window,
    over rows and units, and has one scale and one shift per window.

    What is a window depends on the order of the columns. As in the paper narrow tables
    have several random orders, each with two networks of its own, of which `kerasocc.ICL`
    averages losses and scores. All are computed at once, by batched products.

    The architecture is that of the authors' code as adapted by DeepOD. What is ours: the
    scales and shifts (with one normalization for all windows the AUC on small tables is
    lower; the shift alone can identify a window, so a loss near 0 does not by itself mean
    that the network has learned the data); that the first order is that of the table; and
    that no more than 20 windows are embedded, evenly spread, where the paper takes all
    `d - k + 1`.

    Args:
        features: Number of columns `d`, at least 3; or the shape of the samples, which
            are flattened first.
        window: `k`, from 1 to `d - 1`; None for 2 for up to 40 columns, 10 for up to 160
            and `d - 150` for more.
        num_windows: Most windows of a row, at least 2; None for all.
        permutations: Orders of the columns, `P`; None for `floor(100 / (log n + d)) + 1`: of
            1000 samples 11 for 3 columns, 4 for 20, 1 from 94 on.
        samples: `n`, number of training samples, for `permutations`; it need not be exact.
        hidden: Widths of the hidden layers for the complements.
        code: Dimension of the embeddings.
        seed: Seed of the initial weights; the orders do not depend on it, so that weights can
            be loaded into an encoder of another seed.

    Returns:
        Model from samples `(batch, features)`, or `(batch, *features)`, to pairs of
        embeddings `(batch, P, windows, 2, code)`, the window's first; without the axis
        `P` for one order.

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
    count = _checked_count(num_windows, columns - window + 1)
    if permutations is None:
        permutations = default_permutations(columns, check_integer("samples", samples, minimum=1))
    check_integer("permutations", permutations, minimum=1)
    hidden = [check_integer("hidden", width, minimum=1) for width in hidden]
    check_integer("code", code, minimum=1)
    make = LayerFactory(seed=seed)
    half_widths = [max(width // 2, 1) for width in hidden]
    networks = [
        _network_layers([*half_widths, code], permutations, make, first=make.leaky()),
        _network_layers([*hidden, code], permutations, make, first=layers.Activation("tanh")),
    ]
    rows = permutations * count
    pairs = WindowPairs(
        window,
        sequential((rows, window), networks[0], "windows"),
        sequential((rows, columns - window), networks[1], "complements"),
        count=count,
        orders=None if permutations == 1 else _orders(columns, permutations),
    )
    parts = [layers.Flatten()] if len(shape) > 1 else []
    return sequential(shape, [*parts, pairs], "icl_encoder")


def _network_layers(
    widths: Sequence[int], permutations: int, make: LayerFactory, first: layers.Layer
) -> list[layers.Layer]:
    activations = [first, *(make.leaky() for _ in widths[1:])]
    return [
        part
        for width, activation in zip(widths, activations, strict=True)
        for part in (
            make.grouped_dense(width, permutations),
            activation,
            make.norm(axis=1, affine=True),
        )
    ]


def _orders(columns: int, permutations: int) -> list[list[int]]:
    """The order of the table and random ones, whatever the seed: weights must fit them."""
    generator = np.random.default_rng(columns)
    random = [generator.permutation(columns).tolist() for _ in range(permutations - 1)]
    return [list(range(columns)), *random]


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


def _checked_count(most: int | None, windows: int) -> int:
    return windows if most is None else min(windows, check_integer("num_windows", most, minimum=2))
