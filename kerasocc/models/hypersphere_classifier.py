"""HSC, the hypersphere classifier (Ruff et al., 2020)."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.callbacks.base import StateCallback
from kerasocc.losses import hypersphere_classifier
from kerasocc.models.base import OneClassModel


@keras.saving.register_keras_serializable(package="kerasocc")
class HypersphereClassifier(OneClassModel):
    """Hypersphere classifier: normal samples around the origin, outliers far from it.

    With `h = sqrt(||phi(x)||^2 + 1) - 1` the objective is the mean over the batch of

    - `h` for normal samples, labelled or not,
    - `-log(1 - exp(-h))` for labelled anomalies (-1) and for auxiliary `outliers`,

    plus `weight_decay/2 * sum ||W||_F^2`; the score is `h`. It is a classifier whose normal class
    is a ball: what resembles neither class is scored as anomalous where it lies far from it.

    Without anomalies a network that maps everything to the origin is optimal, so `fit` asks for
    `outliers`, or for a label -1. They may be anything but normal samples: other classes, a
    large set of other images, altered copies of the normal ones. The encoder may have biases.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`.
        **options: `preprocessing`, `weight_decay`, `seed` and `name`, see `OneClassModel`.

    Example:
        >>> encoder = kerasocc.networks.lenet("cifar10", use_bias=True)
        >>> model = kerasocc.HypersphereClassifier(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, outliers=other_images, batch_size=128, epochs=50)

    Reference:
        Ruff et al., Rethinking Assumptions in Deep Anomaly Detection, arXiv 2006.00339, 2020.
    """

    uses_labels = True
    uses_outliers = True
    needs_anomalies = True

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.embedding_size(input_shape)

    def represent(self, x: Any, training: bool = False) -> Any:
        """Distances `h` of inputs `(batch, ...)` from the origin, shape `(batch,)`, float32."""
        return hypersphere_classifier.radial_distance(self.embedding(x, training))

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return hypersphere_classifier.semi_supervised(representation, targets["label"])

    def anomaly_loss_of(self, representation: Any) -> Any:
        return hypersphere_classifier.anomaly_loss(representation)

    def score_of(self, representation: Any) -> Any:
        return representation

    def default_callbacks(self) -> list[StateCallback]:
        # Normal samples may well share one embedding: the outliers have others.
        return []
