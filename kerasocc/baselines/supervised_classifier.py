"""A binary classifier of labelled anomalies, the supervised baseline of Deep SAD."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.losses import classification
from kerasocc.models.base import OneClassModel


@keras.saving.register_keras_serializable(package="kerasocc")
class SupervisedClassifier(OneClassModel):
    """Binary classifier: a linear layer on an encoder, trained by the cross-entropy.

    Labelled anomalies (-1) and auxiliary `outliers` are one class, all other samples, labelled
    or not, the other. The score is the logit `f` of being an anomaly. It finds anomalies like
    those that it was shown: what it makes of others, nothing has trained.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`; it may have
            biases.
        **options: `preprocessing`, `weight_decay`, `seed` (also of the linear layer) and `name`,
            see `OneClassModel`.

    Example:
        >>> model = kerasocc.baselines.SupervisedClassifier(kerasocc.networks.lenet("mnist"))
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-4))
        >>> model.fit(data.x_train, data.y_train, epochs=50, batch_size=128)

    Reference:
        Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, section 4.
    """

    uses_labels = True
    uses_outliers = True
    needs_anomalies = True

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.head_kernel = self.add_weight(
            name="head_kernel",
            shape=(self.embedding_size(input_shape),),
            initializer=keras.initializers.RandomUniform(-0.1, 0.1, seed=self.order_seed),
            dtype="float32",
            autocast=False,
        )
        self.head_bias = self.add_weight(
            name="head_bias", shape=(), initializer="zeros", dtype="float32", autocast=False
        )

    def represent(self, x: Any, training: bool = False) -> Any:
        """Logits `f` of inputs `(batch, ...)`, shape `(batch,)`, float32."""
        embedding = ops.cast(self.embedding(x, training), "float32")
        return ops.sum(embedding * self.head_kernel, axis=-1) + self.head_bias

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return classification.semi_supervised(representation, targets["label"])

    def anomaly_loss_of(self, representation: Any) -> Any:
        return classification.anomaly_loss(representation)

    def score_of(self, representation: Any) -> Any:
        return representation

    def decayed_kernels(self) -> list[Any]:
        return [*super().decayed_kernels(), self.head_kernel]

    def default_callbacks(self) -> list[StateCallback]:
        # Normal samples may well share one embedding: the anomalies have others.
        return []
