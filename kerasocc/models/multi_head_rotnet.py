"""MHRot, multi-head RotNet (Hendrycks et al., NeurIPS 2019)."""

from __future__ import annotations

from typing import Any, Unpack

import keras
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_integer
from kerasocc.losses import rotation
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks import views


@keras.saving.register_keras_serializable(package="kerasocc")
class MultiHeadRotNet(OneClassModel):
    """Multi-head RotNet: who knows normal images sees how one was shifted and turned.

    Every image is shown in 36 views: shifted by 0, `+shift` and `-shift` in x, as much
    in y, and turned by 0, 90, 180 and 270 degrees. Three linear heads on the embedding
    of a view tell which of each it is. Objective and score are `L_n`, the sum over the
    views of the mean cross-entropy of the heads; heads that know nothing make it
    `36 (ln 3 + ln 3 + ln 4) / 3 = 43.0`.

    The encoder embeds 36 views per image: choose small batches. An image that looks
    the same when it is turned has nothing to be learned from that; preprocessing comes
    before the views.

    Args:
        encoder: Keras model from square images `(batch, n, n, c)` to embeddings
            `(batch, d)`. It may have biases.
        shift: Pixels that views are shifted by, from 1 to `n - 1`; what is moved in is
            the reflected image. 8 is for images of side 32.
        **options: `preprocessing`, `weight_decay` (over encoder and heads), `seed` (also of the
            initial heads) and `name`, see `OneClassModel`.

    Raises:
        ValueError: For images that are not square, and a shift that does not fit them.

    Example:
        >>> encoder = kerasocc.networks.wide_resnet((32, 32, 3), use_bias=True)
        >>> model = kerasocc.MultiHeadRotNet(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, batch_size=10, epochs=16)

    Reference:
        Hendrycks et al., Using Self-Supervised Learning Can Improve Model Robustness
        and Uncertainty, NeurIPS 2019; for `L_n` and `L_a` Qiu et al., Latent Outlier
        Exposure for Anomaly Detection with Contaminated Data, ICML 2022.
    """

    uses_outliers = True
    views_per_sample = len(views.SHIFTED)
    """How many inputs the encoder is given for one sample."""

    def __init__(
        self,
        encoder: keras.Model,
        *,
        shift: int = 8,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.shift = check_integer("shift", shift, minimum=1)
        # Side by side the three heads are one layer. Float32 keeps small losses apart.
        self.heads = keras.layers.Dense(
            sum(rotation.HEADS),
            kernel_initializer=keras.initializers.GlorotUniform(seed=self.order_seed),
            dtype="float32",
            name="heads",
        )
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        side = views.checked_side(input_shape[1:], self.shift)
        self._table = views.pixel_table(views.SHIFTED, side, self.shift)
        super().build(input_shape)
        self.heads.build((None, self.embedding_size(input_shape)))

    def represent(self, x: Any, training: bool = False) -> Any:
        """Logits of the heads for every view, shape `(batch, 36, 10)`, float32."""
        shown = views.all_views(self.prepare(x), self._table)
        embeddings = self.encoder(ops.reshape(shown, (-1, *shown.shape[2:])), training=training)
        return ops.reshape(self.heads(embeddings), (-1, *shown.shape[1:2], sum(rotation.HEADS)))

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return rotation.normal_loss(representation, views.SHIFT_CLASSES)

    def anomaly_loss_of(self, representation: Any) -> Any:
        """Per-example loss of samples taken for anomalies, shape `(batch,)`, float32."""
        return rotation.anomaly_loss(representation)

    def score_of(self, representation: Any) -> Any:
        return rotation.normal_loss(representation, views.SHIFT_CLASSES)

    def default_callbacks(self) -> list[StateCallback]:
        # One embedding for all upright images is no collapse: the heads tell views apart.
        return []

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shift": self.shift}
