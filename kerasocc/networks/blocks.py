"""The few layers that all of the reference networks are made of."""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kerasocc.networks.normalization import GlobalBatchNormalization

LEAKY_SLOPE = 0.01
INITIALIZERS = {
    "torch": (1 / 3, "fan_in", "uniform"),
    "xavier": (2 / (1 + LEAKY_SLOPE**2), "fan_avg", "uniform"),
    "he": (2.0, "fan_out", "untruncated_normal"),
}
"""Scale, mode and distribution by name: PyTorch's default, Glorot (Xavier) with the gain of
leaky ReLU, and He as in ResNet."""


class Blocks:
    """Makes the layers of one network, with its options and its own seeds.

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
        self._seeds = _seeds(seed)

    def next_seed(self) -> int | None:
        """A seed that no other layer of the network has; None without a seed."""
        return next(self._seeds)

    def kernel_initializer(self) -> keras.initializers.Initializer:
        """A fresh initializer with a seed of its own."""
        scale, mode, distribution = INITIALIZERS[self.initializer]
        return keras.initializers.VarianceScaling(
            scale, mode=mode, distribution=distribution, seed=self.next_seed()
        )

    def convolution(self, filters: int, size: int = 5) -> layers.Layer:
        """Convolution with `same` padding."""
        return layers.Conv2D(
            filters,
            size,
            padding="same",
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer(),
        )

    def deconvolution(self, filters: int, size: int = 5) -> layers.Layer:
        """Transposed convolution of stride 1 with `same` padding."""
        return layers.Conv2DTranspose(
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

    def norm(self, axis: int = -1, affine: bool | None = None) -> layers.Layer:
        """BatchNorm with the statistics of all replicas.

        Args:
            axis: The axis that has statistics of its own.
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
    """Seed of a decoder whose encoder has `seed`, far from those of other encoders."""
    return None if seed is None else seed + 500_000_000


def _seeds(seed: int | None) -> Iterator[int | None]:
    """Endless seeds for the layers of one network."""
    number = 0
    while True:
        # Far apart, so that networks of neighbouring seeds share no layer.
        yield None if seed is None else (seed * 1_000_003 + number) % (2**31 - 1)
        number += 1


def sequential(shape: tuple[int, ...], parts: list[layers.Layer], name: str) -> keras.Model:
    """A built `Sequential` for inputs of the given shape."""
    return keras.Sequential([keras.Input(shape), *parts], name=name)
