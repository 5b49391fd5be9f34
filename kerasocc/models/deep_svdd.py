"""Deep SVDD (Ruff et al., ICML 2018), one-class and soft-boundary."""

from __future__ import annotations

from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.checks import check_choice, check_fraction
from kerasocc.losses import svdd
from kerasocc.losses.quantile import global_quantile
from kerasocc.models.hypersphere import HypersphereModel
from kerasocc.models.options import HypersphereOptions
from kerasocc.state import add_state, set_initial_state


@keras.saving.register_keras_serializable(package="kerasocc")
class DeepSVDD(HypersphereModel):
    """Deep support vector data description.

    The encoder is trained to map normal samples close to a fixed center `c`; the
    distance from it is the anomaly score. With `dist = ||phi(x) - c||^2`:

    - `"one-class"` (eq. 4): `mean(dist)`, score `dist`;
    - `"soft-boundary"` (eq. 3): `R^2 + 1/nu * mean(max(0, dist - R^2))`, score
      `dist - R^2`, so that 0 is the natural threshold.

    Both plus `weight_decay/2 * sum ||W||_F^2`. The center is the mean embedding
    of the training data, set on the first `fit` (so pretrain before it), every
    coordinate kept at least 0.1 away from 0; an exact 0 goes to +0.1. The radius
    is driven by `callbacks.RadiusUpdate`, attached by default.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`.
        objective: `"one-class"` or `"soft-boundary"`.
        nu: Upper bound on the fraction of training samples outside of the
            sphere, in (0, 1]; used by `"soft-boundary"` only.
        **options: `regularizer`, see `HypersphereModel`; `preprocessing`, `weight_decay` (the
            paper's lambda), `seed` and `name`, see `OneClassModel`.

    Raises:
        ValueError: For an unknown objective or `nu` outside of (0, 1].

    Warns:
        UserWarning: If layers of the encoder break the conditions of section 3.4
            (no biases, no bounded activations), naming them.

    Example:
        >>> encoder = kerasocc.networks.mlp([20, 32, 16])
        >>> model = kerasocc.DeepSVDD(encoder, seed=0)
        >>> model.compile(optimizer="adam")
        >>> model.fit(x_train, epochs=50)
        >>> model.calibrate(x_held_out, fpr=0.05)
        >>> model.is_anomaly(x_new)

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018.
    """

    def __init__(
        self,
        encoder: keras.Model,
        *,
        objective: str = "one-class",
        nu: float = 0.1,
        **options: Unpack[HypersphereOptions],
    ):
        super().__init__(encoder, **options)
        self.objective = check_choice("objective", objective, ["one-class", "soft-boundary"])
        self.nu = check_fraction("nu", nu, one=True)
        self.soft_boundary = objective == "soft-boundary"
        if self.soft_boundary:
            self.radius = add_state(self, "radius")
            self.radius_from_batch = add_state(self, "radius_from_batch")
            set_initial_state(self.threshold, 0.0)
        self.build_from_encoder()

    def initialize_from_batch(self) -> None:
        super().initialize_from_batch()
        if self.soft_boundary:
            distance = np.sqrt(self.training_run.map("distance"))
            self.radius.assign(np.quantile(distance, 1.0 - self.nu))

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        distance = representation["distance"]
        if self.soft_boundary:
            return svdd.soft_boundary(distance, self.radius, self.nu)
        return svdd.one_class(distance)

    def score_of(self, representation: dict[str, Any]) -> Any:
        distance = super().score_of(representation)
        return distance - ops.square(self.radius) if self.soft_boundary else distance

    def update_state(self, representation: dict[str, Any], sample_weight: Any = None) -> None:
        if not self.soft_boundary:
            return
        distance = ops.sqrt(ops.stop_gradient(representation["distance"]))
        found = global_quantile(distance, 1.0 - self.nu, sample_weight, self.radius)
        self.radius.assign(self.radius + self.radius_from_batch * (found - self.radius))

    def default_callbacks(self) -> list[StateCallback]:
        radius = [RadiusUpdate()] if self.soft_boundary else []
        return [*radius, *super().default_callbacks()]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "objective": self.objective, "nu": self.nu}
