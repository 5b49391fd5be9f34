"""What the regularizers have in common: an adaptive weight that survives."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc import distribution
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.weighting import AdaptiveWeighting
from kerasocc.losses.anti_collapse import adaptive_weight
from kerasocc.state import add_state


class Regularizer(keras.layers.Layer):
    """A penalty on the embeddings of a batch, weighted against the objective.

    The objective becomes `L_svdd + c_t * L_reg` (eq. 6), without the weight decay
    in `L_svdd`. `c_t` follows eq. 7 in every training step, from the losses over
    the global batch, and is a constant for the gradient (otherwise the regularizer
    would cancel itself at the first step, where `c_t` is a multiple of
    `L_svdd / L_reg`). `callbacks.AdaptiveWeighting` owns its parameters.

    A subclass defines `penalty` and, where 0 is a value of it, `ratio_to`.

    Args:
        name: Name of the layer.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV.
    """

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.loss_tracker = keras.metrics.Mean(name="regularization")

    def build(self, input_shape: Any) -> None:
        """Create the state for embeddings of shape `(batch, p)`."""
        self.weight = add_state(self, "weight")
        self.adaptive = add_state(self, "adaptive", initial=1.0)
        self.alpha = add_state(self, "alpha", initial=0.9)
        self.beta = add_state(self, "beta", initial=0.5)
        self.built = True

    @property
    def head_weights(self) -> list[Any]:
        """Trainable weights that only the regularizer has."""
        return []

    @property
    def head_optimizer(self) -> keras.optimizers.Optimizer | None:
        """What trains them; None where there are none."""
        return None

    def default_callbacks(self) -> list[StateCallback]:
        """Callbacks without which the regularizer would do nothing."""
        return [AdaptiveWeighting()]

    def begin_epoch(self, epochs_trained: int) -> None:
        """Fix what is random in the coming epoch."""

    def penalty(self, embedding: Any) -> Any:
        """`L_reg` over the global batch, a scalar, from embeddings `(local_batch, p)`."""
        raise NotImplementedError

    def penalty_share(self, embedding: Any) -> tuple[Any, Any]:
        """This replica's share of `L_reg`, and `L_reg`."""
        penalty = self.penalty(embedding)
        return distribution.replicated_share(penalty), penalty

    def term(self, embedding: Any, objective: Any) -> Any:
        """The term that is added to the objective, as a share of this replica.

        Args:
            embedding: `phi(x)` of the batch, shape `(local_batch, p)`.
            objective: `L_svdd` over the global batch, a scalar.
        """
        share, penalty = self.penalty_share(embedding)
        self.loss_tracker.update_state(penalty)
        weight = ops.stop_gradient(self._next_weight(ops.stop_gradient(objective), penalty))
        self.weight.assign(weight)
        return weight * share

    def _next_weight(self, objective: Any, penalty: Any) -> Any:
        penalty = ops.stop_gradient(penalty)
        ratio, counts = self.ratio_to(objective, penalty)
        # A tensor: JAX's `where` takes no variables.
        before = ops.convert_to_tensor(self.weight)
        moved = adaptive_weight(before, ratio, self.alpha, self.beta)
        return ops.where(ops.logical_and(counts, self.adaptive > 0.0), moved, before)

    def ratio_to(self, objective: Any, penalty: Any) -> tuple[Any, Any]:
        """`L_svdd / L_reg`, and whether it counts; scalars."""
        return objective / penalty, penalty > 0.0

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def get_build_config(self) -> None:
        # The model builds it; one that comes built would seem to belong to another model.
        return None
