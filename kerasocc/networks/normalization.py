"""BatchNorm that sees the global batch on every backend."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerasocc")
class GlobalBatchNormalization(keras.layers.BatchNormalization):
    """`BatchNormalization` with statistics of the global batch.

    Keras's layer takes `synchronized=True` under TensorFlow, where every replica
    would otherwise have statistics of its own, and refuses it under JAX, whose
    batches are global anyway. Here the choice is made when the layer is created
    and is no part of its config, so that a model file loads under any backend.

    Args:
        **kwargs: Arguments of `keras.layers.BatchNormalization`.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs, synchronized=keras.backend.backend() == "tensorflow")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["synchronized"]
        return config
