"""BatchNorm that sees the global batch on every backend, and is fast on the CPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.distribution import num_replicas
from kerasocc.networks.folding import folded


@keras.saving.register_keras_serializable(package="kerasocc")
class GlobalBatchNormalization(keras.layers.BatchNormalization):
    """`BatchNormalization` with statistics of the global batch.

    Keras's layer takes `synchronized=True` under TensorFlow, where every replica
    would otherwise have statistics of its own, and refuses it under JAX, whose
    batches are global anyway. Here the choice is made when the layer is created
    and is no part of its config, so that a model file loads under any backend.

    With one replica of TensorFlow it trains through the fused kernel: the
    elementary operations that Keras composes cost 40 % of a LeNet's training
    step on a CPU. In inference mode it is folded into a bias-free layer before it.

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
        elif self.trainable and not getattr(self, "renorm", False) and num_replicas() == 1:
            outputs = self._fused(inputs)
        return super().call(inputs, training, mask) if outputs is None else outputs

    def _folded(self, inputs: Any) -> Any:
        """Outputs by the moving averages, or None where no kernel stands before."""
        if inputs.dtype != "float32":
            return None
        scale = ops.rsqrt(self.moving_variance + self.epsilon)
        scale = scale * self.gamma if self.scale else scale
        shift = -self.moving_mean * scale
        return folded(inputs, scale, shift + self.beta if self.center else shift)

    def _fused(self, inputs: Any) -> Any:
        import tensorflow as tf

        x = ops.cast(inputs, "float32")
        channels = inputs.shape[-1]
        # The kernel wants (batch, height, width, channels).
        flat = x if len(x.shape) == 4 else ops.reshape(x, (-1, 1, 1, channels))
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=flat,
            scale=self.gamma if self.scale else ops.ones((channels,)),
            offset=self.beta if self.center else ops.zeros((channels,)),
            mean=ops.zeros((0,)),
            variance=ops.zeros((0,)),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel gives the unbiased variance, Keras keeps the biased one.
        count = ops.cast(ops.size(flat) // channels, "float32")
        variance = variance * ((count - 1.0) / count)
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance)
        return ops.cast(ops.reshape(outputs, ops.shape(x)), self.compute_dtype)

    def _follow(self, moving: Any, current: Any) -> None:
        moving.assign(moving * self.momentum + current * (1.0 - self.momentum))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["synchronized"]
        return config
