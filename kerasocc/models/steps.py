"""One optimizer step on each Keras backend, around a backend-neutral loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def tensorflow_step(model: keras.Model, loss: Callable[[], Any]) -> None:
    """Apply the gradients of `loss()` with the model's optimizer."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        scaled = model.optimizer.scale_loss(loss())
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))


def torch_step(model: keras.Model, loss: Callable[[], Any]) -> None:
    """Apply the gradients of `loss()` with the model's optimizer."""
    import torch

    model.zero_grad()
    model.optimizer.scale_loss(loss()).backward()
    weights = model.trainable_weights
    with torch.no_grad():
        model.optimizer.apply([w.value.grad for w in weights], weights)


def jax_step(model: keras.Model, state: tuple, loss: Callable[[], Any]) -> tuple:
    """Return the state after one step of the model's optimizer on `loss()`.

    Args:
        model: A built model.
        state: `(trainable, non_trainable, optimizer, metrics)` values, as Keras's
            JAX trainer passes them.
        loss: Computes the scalar loss and updates the model's non-trainable
            weights and metrics.
    """
    import jax

    trainable, non_trainable, optimizer_variables, metrics = state

    def pure(values):
        value, scope = _stateless(model, values, non_trainable, metrics, loss)
        optimizer_state = _mapping(model.optimizer.variables, optimizer_variables)
        with keras.StatelessScope(state_mapping=optimizer_state):
            scaled = model.optimizer.scale_loss(value)
        return scaled, (
            _current(scope, model.non_trainable_variables, non_trainable),
            _current(scope, model.metrics_variables, metrics),
        )

    gradients, (non_trainable, metrics) = jax.grad(pure, has_aux=True)(trainable)
    trainable, optimizer_variables = model.optimizer.stateless_apply(
        optimizer_variables, gradients, trainable
    )
    return trainable, non_trainable, optimizer_variables, metrics


def jax_evaluation(model: keras.Model, state: tuple, loss: Callable[[], Any]) -> tuple:
    """Return the `(trainable, non_trainable, metrics)` state after `loss()`."""
    trainable, non_trainable, metrics = state
    _, scope = _stateless(model, trainable, non_trainable, metrics, loss)
    return (
        trainable,
        _current(scope, model.non_trainable_variables, non_trainable),
        _current(scope, model.metrics_variables, metrics),
    )


def jax_logs(model: keras.Model, metrics: list) -> dict[str, Any]:
    """Results of the model's metrics for the given metric variables."""
    mapping = _mapping(model.metrics_variables, metrics)
    with keras.StatelessScope(state_mapping=mapping):
        return model.get_metrics_result()


def _stateless(model, trainable, non_trainable, metrics, function):
    mapping = [
        *_mapping(model.trainable_variables, trainable),
        *_mapping(model.non_trainable_variables, non_trainable),
        *_mapping(model.metrics_variables, metrics),
    ]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        return function(), scope


def _mapping(variables, values):
    return list(zip(variables, values, strict=True))


def _current(scope, variables, values):
    current = (scope.get_current_value(variable) for variable in variables)
    return [old if new is None else new for new, old in zip(current, values, strict=True)]
