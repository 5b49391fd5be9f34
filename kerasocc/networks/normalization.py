"""BatchNorm over the global batch on every backend, fast on the CPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.distribution import global_sum, num_replicas
from kerasocc.engine.keras_contract import fused_batch_norm
from kerasocc.networks.folding import fold_batch_norm


@keras.saving.register_keras_serializable(package="kerasocc")
class GlobalBatchNormalization(keras.layers.BatchNormalization):
    """`BatchNormalization` with the statistics of the global batch.

    Under TensorFlow, `keras.layers.BatchNormalization` needs `synchronized=True` for
    statistics of all replicas; under JAX it refuses the argument because batches are
    global anyway. This layer sets the argument when it is created and leaves it out of its
    config, so that a model file loads under any backend.

    With a single replica on TensorFlow it trains with the fused kernel: the elementary
    operations that Keras uses take 40 % of a LeNet's training step on a CPU. In inference
    mode it is folded into the preceding layer if that has no bias.

    Args:
        **kwargs: Arguments of `keras.layers.BatchNormalization`.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs, synchronized=keras.backend.backend() == "tensorflow")

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        last_axis = self.axis in (-1, len(inputs.shape) - 1)
        if not (keras.backend.backend() == "tensorflow" and last_axis and mask is None):
            return super().call(inputs, training, mask)
        outputs = None
        if not training:
            outputs = self._folded(inputs)
        elif self._is_plain():
            outputs = self._fused(inputs) if num_replicas() == 1 else self._over_replicas(inputs)
        return super().call(inputs, training, mask) if outputs is None else outputs

    def _is_plain(self) -> bool:
        # What stands in for Keras's operations computes in float32.
        plain = self.trainable and not getattr(self, "renorm", False)
        return plain and self.variable_dtype != "float64"

    def _folded(self, inputs: Any) -> Any:
        """Outputs in inference mode, or None if there is no kernel to fold it into."""
        if inputs.dtype != "float32":
            return None
        scale = ops.rsqrt(self.moving_variance + self.epsilon)
        scale = scale * self.gamma if self.scale else scale
        shift = -self.moving_mean * scale
        return fold_batch_norm(inputs, scale, shift + self.beta if self.center else shift)

    def _fused(self, inputs: Any) -> Any:
        """Outputs in training mode, by TensorFlow's fused kernel."""
        x = ops.cast(inputs, "float32")
        channels = inputs.shape[-1]
        # The kernel expects (batch, height, width, channels).
        flat = x if len(x.shape) == 4 else ops.reshape(x, (-1, 1, 1, channels))
        outputs, mean, variance = fused_batch_norm(flat, *self._factors(channels), self.epsilon)
        # The kernel returns the unbiased variance; Keras averages the biased one.
        count = ops.cast(ops.size(flat) // channels, "float32")
        variance = variance * ((count - 1.0) / count)
        self._update_average(self.moving_mean, mean)
        self._update_average(self.moving_variance, variance)
        return ops.cast(ops.reshape(outputs, ops.shape(x)), self.compute_dtype)

    def _over_replicas(self, inputs: Any) -> Any:
        """Outputs in training mode, by the statistics of the global batch."""
        x = ops.cast(inputs, "float32")
        outputs, mean, variance = _normalize_over_replicas(
            x, *self._factors(inputs.shape[-1]), self.epsilon
        )
        self._update_average(self.moving_mean, mean)
        self._update_average(self.moving_variance, variance)
        return ops.cast(outputs, self.compute_dtype)

    def _factors(self, channels: int) -> tuple[Any, Any]:
        """Scale and offset, shape `(channels,)`, float32."""
        return (
            ops.cast(self.gamma, "float32") if self.scale else ops.ones((channels,), "float32"),
            ops.cast(self.beta, "float32") if self.center else ops.zeros((channels,), "float32"),
        )

    def _update_average(self, moving: Any, current: Any) -> None:
        updated = ops.cast(moving, "float32") * self.momentum + current * (1.0 - self.momentum)
        moving.assign(ops.cast(updated, moving.dtype))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["synchronized"]
        return config


def _normalize_over_replicas(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """`gamma (x - m) / sqrt(v + epsilon) + beta`, with the moments of the global batch.

    The gradients of the elementary operations go over `x` three times as often as this one.

    Args:
        x: Shape `(local_batch, ..., channels)`, float32.
        gamma: Shape `(channels,)`.
        beta: Shape `(channels,)`.
        epsilon: Added to the variance.

    Returns:
        Outputs of the shape of `x`, and `m` and `v`, shape `(channels,)`.
    """
    axes, channels = tuple(range(len(x.shape) - 1)), x.shape[-1]
    # A sample may have several rows in `x`, its views: the cells are counted, not the samples.
    cells = ops.cast(ops.reshape(ops.size(x) // channels, (1,)), "float32")

    def global_means(first, second):
        sums = ops.concatenate([ops.sum(first, axis=axes), ops.sum(second, axis=axes), cells])
        total = global_sum(sums)
        means = total[:-1] / total[-1]
        return sums[:channels], sums[channels:-1], means[:channels], means[channels:]

    @ops.custom_gradient
    def normalized(x, gamma, beta):
        _, _, mean, square = global_means(x, ops.square(x))
        variance = ops.maximum(square - ops.square(mean), 0.0)
        inverse = ops.rsqrt(variance + epsilon)
        slope = gamma * inverse

        def gradient(upstream, *_):
            own, own_product, mean_upstream, mean_product = global_means(upstream, upstream * x)
            # With z = (x - m) inverse: sums of `upstream` times z, of this replica and in the mean.
            own_z = inverse * (own_product - mean * own)
            mean_z = inverse * (mean_product - mean * mean_upstream)
            bend = slope * inverse * mean_z
            by_x = upstream * slope - (x * bend + (slope * mean_upstream - bend * mean))
            return by_x, own_z, own

        return (x * slope + (beta - mean * slope), mean, variance), gradient

    return normalized(x, gamma, beta)
