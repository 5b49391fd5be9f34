"""`HypersphereModel`: embeddings around a fixed center, common to Deep SVDD and Deep SAD."""

from __future__ import annotations

from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc import distribution
from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_non_negative
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.losses import svdd
from kerasocc.losses.latent_outlier_exposure import inverse
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks.conditions import warn_of_trivial_solutions
from kerasocc.regularizers.base import Regularizer
from kerasocc.state import add_state, reset_state


class HypersphereModel(OneClassModel):
    """Base of the models that score by the distance from a center `c`.

    The center is the mean embedding of the training data, weighted by `sample_weight`, set on
    the first `fit`, every coordinate kept at least 0.1 away from 0; an exact 0 goes to +0.1.

    A subclass calls `build_from_encoder` at the end of its `__init__`.

    Args:
        encoder: See `OneClassModel`.
        regularizer: One of `kerasocc.regularizers`, for this model alone, or None.
        **options: `preprocessing`, `weight_decay`, `seed` and `name`, see `OneClassModel`.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 3.3.
    """

    needs_initialization = True

    def __init__(
        self,
        encoder: keras.Model,
        *,
        regularizer: Regularizer | None = None,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.regularizer = _checked(regularizer)
        if regularizer is None:
            warn_of_trivial_solutions(encoder)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        size = self.embedding_size(input_shape)
        self.center = add_state(self, "center", (size,))
        if self.regularizer is not None:
            self.regularizer.build((None, size))

    def initialize(self) -> None:
        # A center that was assigned by hand is kept, too.
        if not self.is_fitted and not np.any(ops.convert_to_numpy(self.center)):
            self._set_center(self.training_run.map("embedding", mean=True))

    @property
    def can_leave_collapse(self) -> bool:
        return self.regularizer is not None

    def kept_state(self) -> list[str]:
        return ["center", *super().kept_state()]

    def reset(self) -> None:
        super().reset()
        if self.regularizer is not None:
            reset_state(self.regularizer.variables)

    def initialize_center(self, x: Any, *, sample_weight: Any = None, eps: float = 0.1) -> None:
        """Set the center to the mean embedding of `x`; `fit` then leaves it alone.

        Args:
            x: Samples, as for `fit`.
            sample_weight: Their weights in the mean, as for `fit`.
            eps: Coordinates closer to 0 than this are pushed to `+eps` or `-eps`:
                a center at 0 is reached by a network of zero weights.
        """
        source = self.source_of(x, None, sample_weight)
        self.ensure_built(source)
        mean = self.inference.map("embedding", source, mean=True)
        self._set_center(mean, check_non_negative("eps", eps))
        self.fitted.assign(1.0)

    def _set_center(self, center: np.ndarray, eps: float = 0.1) -> None:
        small = np.abs(center) < eps
        center[small] = np.where(center[small] < 0, -eps, eps)
        self.center.assign(center.astype("float32"))

    def derive_state(self, name: str) -> None:
        super().derive_state(name)
        if name == "fitted" and np.any(ops.convert_to_numpy(self.center)):
            self.fitted.assign(1.0)

    def distance(self, x: Any) -> Any:
        """Squared distances of inputs `(batch, ...)` from the center, shape `(batch,)`."""
        return self.represent(x)["distance"]

    def represent(self, x: Any, training: bool = False) -> dict[str, Any]:
        """Embeddings of inputs `(batch, ...)` and their squared distances from the center.

        Returns:
            `{"embedding": (batch, d), "distance": (batch,) float32}`.
        """
        embedding = self.embedding(x, training)
        return {
            "embedding": embedding,
            "distance": svdd.squared_distance(embedding, self.center),
        }

    def score_of(self, representation: dict[str, Any]) -> Any:
        return representation["distance"]

    def anomaly_loss_of(self, representation: dict[str, Any]) -> Any:
        return inverse(representation["distance"])

    def regularization(self, representation: dict[str, Any], objective: Any) -> Any:
        if self.regularizer is None:
            return 0.0
        global_objective = distribution.global_sum(ops.stop_gradient(objective))
        return self.regularizer.term(representation["embedding"], global_objective)

    def optimizer_groups(self) -> list[OptimizerGroup]:
        head = [] if self.regularizer is None else self.regularizer.head_weights
        if not head:
            return super().optimizer_groups()
        others = [w for w in self.trainable_variables if all(w is not own for own in head)]
        return [
            OptimizerGroup(self.optimizer, others),
            OptimizerGroup(self.regularizer.head_optimizer, head),
        ]

    def default_callbacks(self) -> list[StateCallback]:
        owned = [] if self.regularizer is None else self.regularizer.default_callbacks()
        return [*owned, *super().default_callbacks()]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        regularizer = self.regularizer
        return [*super().metrics, *([regularizer.loss_tracker] if regularizer else [])]

    def get_config(self) -> dict[str, Any]:
        regularizer = self.regularizer
        serialized = regularizer and keras.saving.serialize_keras_object(regularizer)
        return {**super().get_config(), "regularizer": serialized}


def _checked(regularizer: Any) -> Regularizer | None:
    if regularizer is not None and not isinstance(regularizer, Regularizer):
        raise ValueError(
            "`regularizer` must be one of kerasocc.regularizers or None; one at a time. "
            f"Received: {type(regularizer).__name__}"
        )
    if regularizer is not None and regularizer.built:
        raise ValueError(
            "`regularizer` must be new: it holds the state of one model. Received: one that "
            "another model uses"
        )
    return regularizer
