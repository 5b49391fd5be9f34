"""BatchNorm over the global batch on every backend, fast on the CPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.distribution import num_replicas
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
        elif self._takes_fused_kernel():
            outputs = self._fused(inputs)
        return super().call(inputs, training, mask) if outputs is None else outputs

    def _takes_fused_kernel(self) -> bool:
        # It computes in float32.
        plain = self.trainable and not getattr(self, "renorm", False)
        return plain and self.variable_dtype != "float64" and num_replicas() == 1

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
        outputs, mean, variance = fused_batch_norm(
            flat,
            ops.cast(self.gamma, "float32") if self.scale else ops.ones((channels,), "float32"),
            ops.cast(self.beta, "float32") if self.center else ops.zeros((channels,), "float32"),
            self.epsilon,
        )
        # The kernel returns the unbiased variance; Keras averages the biased one.
        count = ops.cast(ops.size(flat) // channels, "float32")
        variance = variance * ((count - 1.0) / count)
        self._update_average(self.moving_mean, mean)
        self._update_average(self.moving_variance, variance)
        return ops.cast(ops.reshape(outputs, ops.shape(x)), self.compute_dtype)

    def _update_average(self, moving: Any, current: Any) -> None:
        updated = ops.cast(moving, "float32") * self.momentum + current * (1.0 - self.momentum)
        moving.assign(ops.cast(updated, moving.dtype))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["synchronized"]
        return config
