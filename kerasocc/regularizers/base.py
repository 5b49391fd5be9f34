"""Base class of the regularizers: a penalty with an adaptive weight."""

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
    """Base class of penalties on the embeddings of a batch.

    The objective becomes `L_svdd + c_t * L_reg` (eq. 6), where `L_svdd` excludes the
    weight decay. Every training step updates `c_t` by eq. 7 from the losses over the
    global batch. It is a constant for the gradient: in the first step it is a multiple of
    `L_svdd / L_reg`, so the gradient of the regularizer would vanish otherwise.
    `callbacks.AdaptiveWeighting` sets the parameters of eq. 7.

    A subclass defines `penalty` and, if the penalty can be 0, `ratio_to`.

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
        """Trainable weights of the regularizer itself."""
        return []

    @property
    def head_optimizer(self) -> keras.optimizers.Optimizer | None:
        """Optimizer of `head_weights`; None if there are none."""
        return None

    def default_callbacks(self) -> list[StateCallback]:
        """Callbacks that the regularizer needs, attached unless the user passes others."""
        return [AdaptiveWeighting()]

    def begin_epoch(self, epochs_trained: int) -> None:
        """Set the state of random generators for the epoch that begins."""

    def penalty(self, embedding: Any) -> Any:
        """`L_reg` over the global batch, a scalar, of embeddings `(local_batch, p)`."""
        raise NotImplementedError

    def penalty_share(self, embedding: Any) -> tuple[Any, Any]:
        """This replica's share of `L_reg`, and `L_reg`."""
        penalty = self.penalty(embedding)
        return distribution.replicated_share(penalty), penalty

    def term(self, embedding: Any, objective: Any) -> Any:
        """This replica's share of the term that is added to the objective.

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
        ratio, valid = self.ratio_to(objective, penalty)
        # `where` of JAX accepts tensors only, not variables.
        previous = ops.convert_to_tensor(self.weight)
        updated = adaptive_weight(previous, ratio, self.alpha, self.beta)
        return ops.where(ops.logical_and(valid, self.adaptive > 0.0), updated, previous)

    def ratio_to(self, objective: Any, penalty: Any) -> tuple[Any, Any]:
        """`L_svdd / L_reg`, and whether it is valid for an update of `c_t`; scalars."""
        return objective / penalty, penalty > 0.0

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def get_build_config(self) -> None:
        # The model builds the layer; one that is already built counts as another model's.
        return None
