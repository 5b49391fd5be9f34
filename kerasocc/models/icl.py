"""ICL, internal contrastive learning (Shenkar and Wolf, ICLR 2022)."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras
from keras import ops

from kerasocc.checks import check_positive
from kerasocc.losses import icl
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions


@keras.saving.register_keras_serializable(package="kerasocc")
class ICL(OneClassModel):
    """Internal contrastive learning: windows of columns that are found by the other columns.

    A row is cut into windows of `k` consecutive columns and their complements, and
    both are embedded. The loss and the score of a row are::

        L_n = mean_j(-log p_j)
        p_j = softmax_l(cos(window_l, complement_j) / tau) at l = j

    Where the encoder embeds the windows of several orders of the columns, as in the paper
    for narrow tables, a window is found among those of its order, and loss and score are
    the mean over the orders. The networks of an order share nothing with the others: with
    an optimizer that is blind to the scale of the gradients, as Adam is, they are trained
    like models of their own on the same batches.

    An encoder that maps everything to one point does not minimise it, with biases or
    without: its loss is the logarithm of the number of windows.
    `callbacks.CollapseMonitor` looks at the mean embeddings that `embed` gives.

    Args:
        encoder: Keras model from rows `(batch, ...)` to pairs of embeddings, those of
            windows and of their complements: `(batch, windows, 2, d)`, or
            `(batch, P, windows, 2, d)` for `P` orders of the columns.
            `networks.icl_encoder` makes one and says which windows and orders it takes.
        temperature: `tau`, above 0.
        **options: `preprocessing`, `weight_decay`, `seed` and `name`, see `OneClassModel`.

    Raises:
        ValueError: For a temperature that is not above 0, and an encoder that does
            not map to pairs of embeddings of at least two windows.

    Example:
        >>> encoder = kerasocc.networks.icl_encoder(21)
        >>> model = kerasocc.ICL(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, batch_size=128, epochs=100)
        >>> scores = model.predict(x_new)

    Reference:
        Shenkar and Wolf, Anomaly Detection for Tabular Data with Internal
        Contrastive Learning, ICLR 2022.
    """

    def __init__(
        self,
        encoder: keras.Model,
        *,
        temperature: float = 0.1,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.temperature = check_positive("temperature", temperature)
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        pairs = self.encoder_output_shape(input_shape)
        ends_in_pairs = len(pairs) in (4, 5) and None not in pairs[1:] and pairs[-2] == 2
        if not ends_in_pairs or pairs[-3] < 2:
            raise ValueError(
                "`encoder` must map to pairs of embeddings of at least two windows, shape "
                "(batch, windows, 2, d) or (batch, orders, windows, 2, d); "
                "`kerasocc.networks.icl_encoder` makes one. "
                f"Received: output shape {pairs}"
            )
        _, *orders, self._num_windows, _, self._code = pairs
        self._num_orders = math.prod(orders)

    @property
    def views_per_sample(self) -> int:
        """How many embeddings are made of a sample, once the model is built."""
        return 2 * self._num_orders * self._num_windows

    def pairs(self, x: Any, training: bool = False) -> Any:
        """Embed inputs `(batch, ...)` as pairs, shape `(batch[, P], windows, 2, d)`."""
        return self.encoder(self.prepare(x), training=training)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """Embed inputs `(batch, ...)` as `(batch, P * 2 d)`.

        Beside each other stand the mean embedding of the windows and that of the complements,
        order after order.
        """
        means = ops.mean(self.pairs(x, training), axis=-3)
        return ops.reshape(means, (-1, self._num_orders * 2 * self._code))

    def represent(self, x: Any, training: bool = False) -> Any:
        """`log p_j - log(1 - p_j)` of inputs `(batch, ...)`, shape `(batch, P * windows)`."""
        odds = icl.log_odds(self.pairs(x, training), self.temperature)
        return ops.reshape(odds, (-1, self._num_orders * self._num_windows))

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return icl.normal(representation)

    def anomaly_loss_of(self, representation: Any) -> Any:
        """`L_a = mean_j(-log(1 - p_j))`, shape `(batch,)`; see `losses.icl` on its scale."""
        return icl.anomalous(representation)

    def loss_difference_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return icl.difference(representation)

    def score_of(self, representation: Any) -> Any:
        return icl.normal(representation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "temperature": self.temperature}
