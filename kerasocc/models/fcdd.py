"""FCDD, fully convolutional data description (Liznerski et al., ICLR 2021)."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_integer, check_positive
from kerasocc.losses import fcdd, hypersphere_classifier
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks import receptive_field as fields


@keras.saving.register_keras_serializable(package="kerasocc")
class FCDD(OneClassModel):
    """Fully convolutional data description: the heat map is the anomaly score itself.

    With the map `A = sqrt(phi(x)^2 + 1) - 1` in every cell of the network's output and its mean
    `a` the objective is the mean over the batch of

    - `a` for normal samples, labelled or not,
    - `-log(1 - exp(-a))` for labelled anomalies (-1) and for auxiliary `outliers`,

    plus `weight_decay/2 * sum ||W||_F^2`; the score is `a`. `explain` gives the heat map: `A`
    spread over the image by a fixed Gaussian of the size of the receptive field. It is not
    negative, and its pixels add up to the score.

    Without anomalies a network that maps everything to 0 is optimal, so `fit` asks for
    `outliers`, or for a label -1. Without `preprocessing` images are raw, 0 to 255, and are
    divided by 255.

    Settled here: what the Gaussian would spread beyond the image is left to the pixels within
    it, so that the heat map adds up to the score; its standard deviation is an eighth of the
    receptive field, where the authors' code has two other rules for small fields and large ones.

    Args:
        encoder: Keras model from images `(batch, height, width, channels)` to maps
            `(batch, u, v, c)`, such as `networks.fcdd`; of several channels the norm counts.
        receptive_field: Pixels per side that a cell of the map sees. None finds it in chains of
            convolutions and poolings.
        heat_map_width: Standard deviation of the Gaussian in pixels; None for that of the
            receptive field.
        **options: `preprocessing`, `weight_decay`, `seed` and `name`, see `OneClassModel`.

    Raises:
        ValueError: If the encoder does not give maps, or has branches and there is no
            `receptive_field`.

    Example:
        >>> model = kerasocc.FCDD(kerasocc.networks.fcdd("mnist"))
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(digits, outliers=letters, batch_size=128, epochs=50)
        >>> heat_maps = model.explain(x)

    Reference:
        Liznerski et al., Explainable Deep One-Class Classification, ICLR 2021.
    """

    uses_labels = True
    uses_outliers = True
    needs_anomalies = True
    own_explanation = "heat-map"

    def __init__(
        self,
        encoder: keras.Model,
        *,
        receptive_field: int | None = None,
        heat_map_width: float | None = None,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        if receptive_field is not None:
            check_integer("receptive_field", receptive_field, minimum=1)
        if heat_map_width is not None:
            check_positive("heat_map_width", heat_map_width)
        self.receptive_field = receptive_field
        self.heat_map_width = heat_map_width
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        cells = self.encoder_output_shape(input_shape)[1:]
        if len(cells) != 3 or None in cells:
            raise ValueError(
                "`encoder` must map images of a fixed size to maps of shape (batch, u, v, c), as "
                f"`kerasocc.networks.fcdd` does. Received: outputs of shape {cells}"
            )
        self._map_shape = cells
        self._spreading = self._spreading_matrices(tuple(input_shape[1:]), cells)

    def _spreading_matrices(self, image: tuple[int, ...], cells: tuple[int, ...]) -> Any:
        if self.receptive_field is None:
            found = fields.receptive_fields(self.encoder, image)
            if found is None:
                raise ValueError(
                    "`receptive_field` must be given, the pixels per side that a cell of the map "
                    "sees: `encoder` is no chain of convolutions and poolings. Received: "
                    f"receptive_field=None for {self.encoder.name!r}"
                )
        else:
            found = [
                fields.even_field(self.receptive_field, *sizes)
                for sizes in zip(cells[:2], image[:2], strict=True)
            ]
        return [
            fields.spreading(field, *sizes, self.heat_map_width or fields.default_width(field.size))
            for field, *sizes in zip(found, cells[:2], image[:2], strict=True)
        ]

    def preprocessed(self, x: Any) -> Any:
        if self.preprocessing is None:
            return ops.cast(x, "float32") / 255.0
        return super().preprocessed(x)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """The maps of inputs `(batch, ...)`, flat, shape `(batch, u * v * c)`."""
        features = super().embedding(x, training)
        return ops.reshape(features, (-1, math.prod(self._map_shape)))

    def represent(self, x: Any, training: bool = False) -> Any:
        """Anomaly maps `A` of inputs `(batch, ...)`, shape `(batch, u, v)`, float32."""
        features = self.encoder(self.prepare(x), training=training)
        return fcdd.anomaly_map(features)

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        score = self.score_of(representation)
        return hypersphere_classifier.semi_supervised(score, targets["label"])

    def anomaly_loss_of(self, representation: Any) -> Any:
        return hypersphere_classifier.anomaly_loss(self.score_of(representation))

    def score_of(self, representation: Any) -> Any:
        return ops.mean(representation, axis=(1, 2))

    def contributions(self, x: Any) -> Any:
        """Heat maps of images `(batch, ...)`, which add up to the score of each.

        Returns:
            Shape `(batch, height, width, 1)`, float32, not negative.
        """
        anomaly_map = self.represent(x)
        rows, columns = self._spreading
        cells = rows.shape[1] * columns.shape[1]
        spread = ops.matmul(ops.matmul(rows, anomaly_map), columns.T)
        return ops.expand_dims(spread / cells, -1)

    def default_callbacks(self) -> list[StateCallback]:
        # Normal images may well share one map: the outliers have others.
        return []

    def get_config(self) -> dict[str, Any]:
        own = {"receptive_field": self.receptive_field, "heat_map_width": self.heat_map_width}
        return {**super().get_config(), **own}
