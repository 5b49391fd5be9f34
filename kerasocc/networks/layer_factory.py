"""The layers of the reference networks, with their options and seeds."""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kerasocc.networks.grouped_dense import GroupedDense
from kerasocc.networks.normalization import GlobalBatchNormalization

LEAKY_SLOPE = 0.01
INITIALIZERS = {
    "torch": (1 / 3, "fan_in", "uniform"),
    "glorot": (1.0, "fan_avg", "uniform"),
    "xavier": (2 / (1 + LEAKY_SLOPE**2), "fan_avg", "uniform"),
    "he": (2.0, "fan_out", "untruncated_normal"),
}
"""Scale, mode and distribution by name: PyTorch's default, Keras's, Glorot (Xavier) with the gain
of leaky ReLU, and He as in ResNet."""


class LayerFactory:
    """Creates the layers of one network, each with a seed of its own.

    Args:
        use_bias: Whether convolutions and dense layers have biases and BatchNorm
            trainable parameters. The Deep SVDD paper forbids both.
        initializer: One of `INITIALIZERS`.
        seed: Seed of the initial weights; None leaves them to Keras.
    """

    def __init__(
        self, *, use_bias: bool = False, initializer: str = "torch", seed: int | None = None
    ):
        self.use_bias = use_bias
        self.initializer = initializer
        self._seeds = _layer_seeds(seed)

    def next_seed(self) -> int | None:
        """A seed that no other layer of the network uses; None without a seed."""
        return next(self._seeds)

    def kernel_initializer(self) -> keras.initializers.Initializer:
        """A new initializer with a seed of its own."""
        scale, mode, distribution = INITIALIZERS[self.initializer]
        return keras.initializers.VarianceScaling(
            scale, mode=mode, distribution=distribution, seed=self.next_seed()
        )

    def convolution(self, filters: int, size: int = 5) -> layers.Layer:
        """Convolution with `same` padding."""
        return self._same_padding(layers.Conv2D, filters, size)

    def deconvolution(self, filters: int, size: int = 5) -> layers.Layer:
        """Transposed convolution of stride 1 with `same` padding."""
        return self._same_padding(layers.Conv2DTranspose, filters, size)

    def _same_padding(self, kind: type[layers.Layer], filters: int, size: int) -> layers.Layer:
        return kind(
            filters,
            size,
            padding="same",
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer(),
        )

    def dense(self, units: int) -> layers.Layer:
        """Linear layer."""
        return layers.Dense(
            units, use_bias=self.use_bias, kernel_initializer=self.kernel_initializer()
        )

    def grouped_dense(self, units: int, groups: int) -> layers.Layer:
        """Linear layer without biases, one kernel for each group of rows; see `GroupedDense`."""
        if groups == 1:
            return self.dense(units)
        return GroupedDense(units, groups=groups, seed=self.next_seed())

    def norm(self, axis: int = -1, affine: bool | None = None) -> layers.Layer:
        """BatchNorm with the statistics of the global batch.

        Args:
            axis: Axis that is normalized; each of its entries has its own statistics.
            affine: Whether it has trainable parameters; None for `use_bias`.
        """
        affine = self.use_bias if affine is None else affine
        return GlobalBatchNormalization(
            axis=axis, momentum=0.9, epsilon=1e-4, center=affine, scale=affine
        )

    def leaky(self) -> layers.Layer:
        """Leaky ReLU."""
        return layers.LeakyReLU(negative_slope=LEAKY_SLOPE)


def decoder_seed(seed: int | None) -> int | None:
    """Seed of a decoder whose encoder has `seed`, far from the seeds of other encoders."""
    return None if seed is None else seed + 500_000_000


def _layer_seeds(seed: int | None) -> Iterator[int | None]:
    """Yield seeds for the layers of one network, without end."""
    number = 0
    while True:
        # Far apart, so that networks with adjacent seeds share no layer.
        yield None if seed is None else (seed * 1_000_003 + number) % (2**31 - 1)
        number += 1


def sequential(shape: tuple[int, ...], parts: list[layers.Layer], name: str) -> keras.Model:
    """A built `Sequential` model for inputs of the given shape."""
    return keras.Sequential([keras.Input(shape), *parts], name=name)
