"""Hinge on the variance of the embeddings of a batch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.callbacks.annealing import VarianceAnnealing
from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_positive
from kerasocc.losses import anti_collapse
from kerasocc.regularizers.base import Regularizer
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class VarianceRegularizer(Regularizer):
    """Penalise a batch whose embeddings vary less than a threshold, eq. 5.

    `max(0, d_t - v)`, where `v` is the unbiased variance per dimension over the
    global batch, averaged over the dimensions; it is 0 for a batch of one sample.
    `callbacks.VarianceAnnealing`, attached by default, lowers `d_t`.

    The adaptive weight is not updated while the hinge is below `1e-6 d_t`, and its update
    uses a hinge of at least `1e-3 d_t`. Both bounds are relative because the threshold
    falls to 1e-10.

    Args:
        threshold: `d_0`, positive.
        name: Name of the layer.

    Raises:
        ValueError: If the threshold is not positive.

    Example:
        >>> regularizer = kerasocc.regularizers.VarianceRegularizer(threshold=0.1)
        >>> model = kerasocc.DeepSVDD(encoder, regularizer=regularizer)

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV-C.
    """

    def __init__(self, *, threshold: float = 0.1, name: str | None = None):
        super().__init__(name=name)
        self.threshold = check_positive("threshold", threshold)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.current_threshold = add_state(self, "current_threshold", initial=self.threshold)

    def default_callbacks(self) -> list[StateCallback]:
        return [*super().default_callbacks(), VarianceAnnealing()]

    def penalty(self, embedding: Any) -> Any:
        variance = anti_collapse.batch_variance(embedding)
        return anti_collapse.variance_hinge(variance, self.current_threshold)

    def ratio_to(self, objective: Any, penalty: Any) -> tuple[Any, Any]:
        threshold = ops.convert_to_tensor(self.current_threshold)
        floor = ops.maximum(penalty, anti_collapse.SMALLEST * threshold)
        return objective / floor, penalty > anti_collapse.SILENT * threshold

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}
