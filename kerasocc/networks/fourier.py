"""Random Fourier features: an encoder whose inner products approximate an RBF kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasocc.checks import check_integer, check_positive
from kerasocc.networks.layer_factory import LayerFactory, sequential


@keras.saving.register_keras_serializable(package="kerasocc")
class FourierFeatures(keras.layers.Layer):
    """Cosines and sines of random projections, `[cos(W x), sin(W x)] / sqrt(D)`.

    With the `D` frequencies `W` drawn from a normal distribution of variance `2 gamma`, the
    inner product of the features of `x` and `y` approximates `exp(-gamma ||x - y||^2)`, with
    an error of the order of `1 / sqrt(D)`. All feature vectors have length 1. Computed in
    float32 under any dtype policy.

    Args:
        features: `D`, the number of frequencies; there are twice as many outputs.
        gamma: Inverse squared width of the kernel; None for `1 / columns`, which is for
            standardised columns: two of their rows have a mean squared distance of
            `2 columns`, so that the mean of the kernel over pairs of rows is at least
            `exp(-2)`, whatever the number of columns.
        seed: Seed of the frequencies.
        **kwargs: Arguments of `keras.layers.Layer`; with `trainable=False` the frequencies
            are fixed.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007.
    """

    def __init__(
        self,
        features: int = 512,
        *,
        gamma: float | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.features = check_integer("features", features, minimum=1)
        self.gamma = None if gamma is None else check_positive("gamma", gamma)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)

    def build(self, input_shape: Any) -> None:
        if None in input_shape[1:]:
            raise ValueError(
                "`input_shape` must be fully defined except for the batch size. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        self._columns = math.prod(input_shape[1:])
        gamma = 1.0 / self._columns if self.gamma is None else self.gamma
        deviation = math.sqrt(2 * gamma)
        self.frequencies = self.add_weight(
            name="frequencies",
            shape=(self._columns, self.features),
            initializer=keras.initializers.RandomNormal(stddev=deviation, seed=self.seed),
            dtype="float32",
            autocast=False,
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Map samples, shape `(batch, ...)`, to features, shape `(batch, 2 * features)`."""
        # Angles of float16 would be wrong by more than the features differ.
        x = ops.reshape(ops.cast(inputs, "float32"), (-1, self._columns))
        angles = ops.matmul(x, self.frequencies)
        waves = ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)
        return ops.cast(waves / math.sqrt(self.features), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], 2 * self.features)

    def get_config(self) -> dict[str, Any]:
        own = {"features": self.features, "gamma": self.gamma, "seed": self.seed}
        return {**super().get_config(), **own}


def fourier_features(
    input_shape: int | Sequence[int],
    *,
    features: int = 512,
    gamma: float | None = None,
    trainable: bool = True,
    seed: int | None = None,
    name: str = "fourier_features",
) -> keras.Model:
    """Random Fourier features as an encoder, or to put in front of one.

    A hyperplane in these features is a kernel machine: `OCNN` on fixed frequencies
    approximates a one-class SVM with an RBF kernel, and on trainable ones it learns the kernel
    too. The features are bounded and of length 1, so samples far from the training data have
    inner products near 0 with them, in whatever direction they lie.

    Trainable frequencies that go to 0 make all features equal. Train them for a limited number of
    steps and without `weight_decay`, which would pull them there. For `DeepSVDD`, whose objective
    rewards it, take `trainable=False`.

    Args:
        input_shape: Number of columns, or the shape of a sample, which is flattened.
        features: Number of frequencies `D`; the embeddings have `2 D` dimensions.
        gamma: Of the kernel `exp(-gamma ||x - y||^2)`; None for `1 / columns`, the rule for
            standardised columns (`datasets.preprocessing.standardize`).
        trainable: Whether the frequencies are trained.
        seed: Seed of the frequencies.
        name: Name of the model.

    Returns:
        Model from samples `(batch, ...)` to features `(batch, 2 * features)`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> encoder = kerasocc.networks.fourier_features(20, seed=0)
        >>> mlp = kerasocc.networks.mlp([1024, 64, 32], seed=0)
        >>> behind_it = keras.Sequential([kerasocc.networks.fourier_features(20, seed=0), mlp])

    Reference:
        Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007.
    """
    sides = [input_shape] if isinstance(input_shape, int) else list(input_shape)
    shape = tuple(check_integer("input_shape", side, minimum=1) for side in sides)
    layer = FourierFeatures(
        features, gamma=gamma, seed=LayerFactory(seed=seed).next_seed(), trainable=bool(trainable)
    )
    return sequential(shape, [layer], name)
