"""NeuTraL AD, neural transformation learning (Qiu et al., ICML 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import ops

from kerasocc.checks import check_integer, check_positive
from kerasocc.losses import neutral_ad
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks.layer_factory import decoder_seed
from kerasocc.networks.transforms import LearnableTransforms


@keras.saving.register_keras_serializable(package="kerasocc")
class NeuTraLAD(OneClassModel):
    """Neural transformation learning: views of a sample that resemble it but not each other.

    `K` transformations are learned with the encoder. With
    `h(a, b) = exp(cos(phi(a), phi(b)) / tau)`, the loss and the score of a sample
    `x` with views `x_1, ..., x_K` are::

        L_n = mean_k(-log p_k) / ln K
        p_k = h(x_k, x) / (h(x_k, x) + sum_{l != k} h(x_k, x_l))

    An encoder that maps everything to one point has loss 1, far from the minimum. One
    that maps all samples to one point and all their `k`-th views to another could
    reach it: an encoder should have no biases, as the transformations have none.
    `callbacks.CollapseMonitor` looks at the embeddings of the samples themselves and
    reports it.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`. It
            gets the samples and their views as one batch of `(K + 1) * batch`.
        num_transforms: `K`, at least 2.
        transform: `"residual"` `M(x) + x`, `"forward"` `M(x)` or `"mul"`
            `sigmoid(M(x)) * x`, `M` a fully connected network without biases.
        hidden: Widths of the hidden layers of an `M`.
        temperature: `tau`, above 0.
        **options: `preprocessing`, `weight_decay`, `seed` (also of the initial
            transformations) and `name`, see `OneClassModel`.

    Raises:
        ValueError: For arguments out of range, and an encoder that is not flat.

    Example:
        >>> encoder = kerasocc.networks.mlp([21, 64, 64, 32])
        >>> model = kerasocc.NeuTraLAD(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, batch_size=128, epochs=100)
        >>> scores = model.predict(x_new)

    Reference:
        Qiu et al., Neural Transformation Learning for Deep Anomaly Detection Beyond
        Images, ICML 2021.
    """

    def __init__(
        self,
        encoder: keras.Model,
        *,
        num_transforms: int = 11,
        transform: str = "residual",
        hidden: Sequence[int] = (64,),
        temperature: float = 0.1,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.temperature = check_positive("temperature", temperature)
        self.transforms = LearnableTransforms(
            check_integer("num_transforms", num_transforms, minimum=2),
            transform=transform,
            hidden=hidden,
            seed=decoder_seed(self.order_seed),
            name="transforms",
        )
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._code = self.embedding_size(input_shape)
        self.transforms.build(input_shape)

    @property
    def views_per_sample(self) -> int:
        """How many inputs of the encoder are made of a sample."""
        return self.transforms.num_transforms + 1

    def views(self, x: Any) -> Any:
        """Prepared samples and their views, shape `(batch, K + 1, ...)`, the sample first."""
        made = self.transforms(x)
        return ops.concatenate([ops.cast(x, made.dtype)[:, None], made], axis=1)

    def represent(self, x: Any, training: bool = False) -> Any:
        """`log p_k - log(1 - p_k)` of inputs `(batch, ...)`, shape `(batch, K)`."""
        views = self.views(self.prepare(x))
        embeddings = self.encoder(ops.reshape(views, (-1, *views.shape[2:])), training=training)
        embeddings = ops.reshape(embeddings, (-1, self.views_per_sample, self._code))
        return neutral_ad.log_odds(embeddings, self.temperature)

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return neutral_ad.normal(representation)

    def anomaly_loss_of(self, representation: Any) -> Any:
        """`L_a = mean_k(-log(1 - p_k)) / ln K`, shape `(batch,)`."""
        return neutral_ad.anomalous(representation)

    def loss_difference_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return neutral_ad.difference(representation)

    def score_of(self, representation: Any) -> Any:
        return neutral_ad.normal(representation)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_transforms": self.transforms.num_transforms,
            "transform": self.transforms.transform,
            "hidden": list(self.transforms.hidden),
            "temperature": self.temperature,
        }
