"""Deep SAD (Ruff et al., ICLR 2020)."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from kerasocc.checks import check_positive
from kerasocc.losses import sad
from kerasocc.models.hypersphere import HypersphereModel
from kerasocc.models.options import HypersphereOptions


@keras.saving.register_keras_serializable(package="kerasocc")
class DeepSAD(HypersphereModel):
    """Deep semi-supervised anomaly detection.

    One-class Deep SVDD with a term for labelled samples: labelled normal ones are pulled
    to the center, labelled anomalies are pushed away from it. With
    `dist = ||phi(x) - c||^2` the objective (eq. 7) is the mean over the batch of

    - `dist` for unlabelled samples (label 0),
    - `eta * (dist + eps)` for labelled normal ones (+1),
    - `eta / (dist + eps)` for labelled anomalies (-1),

    plus `weight_decay/2 * sum ||W||_F^2`; the score is `dist`. Without labels it is
    one-class Deep SVDD, step for step. The inverse is computed in float32 whatever
    the compute policy.

    As in the authors' code the center is the mean embedding of all training
    samples, labelled anomalies included (they are few), and so are the data that
    `pretrain` sees if it is given all of them.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`.
        eta: Weight of the labelled samples, positive.
        eps: Keeps the inverse distance finite, positive.
        **options: `regularizer`, see `HypersphereModel`; `preprocessing`, `weight_decay` (the
            paper's lambda), `seed` and `name`, see `OneClassModel`.

    Raises:
        ValueError: If `eta` or `eps` is not positive.

    Warns:
        UserWarning: If layers of the encoder break the conditions of Deep SVDD,
            naming them; and in `fit` if `y` holds 0 and +1 but no -1, which looks
            like evaluation labels.

    Example:
        >>> data = kerasocc.datasets.one_vs_rest("mnist", normal_class=3, labelled=0.05)
        >>> model = kerasocc.DeepSAD(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-4))
        >>> model.fit(data.x_train, data.y_train, batch_size=128, epochs=150)

    Reference:
        Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020.
    """

    uses_labels = True
    uses_outliers = True

    def __init__(
        self,
        encoder: keras.Model,
        *,
        eta: float = 1.0,
        eps: float = 1e-6,
        **options: Unpack[HypersphereOptions],
    ):
        super().__init__(encoder, **options)
        self.eta = check_positive("eta", eta)
        self.eps = check_positive("eps", eps)
        self.build_from_encoder()

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        distance, label = representation["distance"], targets["label"]
        return sad.semi_supervised(distance, label, eta=self.eta, eps=self.eps)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "eta": self.eta, "eps": self.eps}
