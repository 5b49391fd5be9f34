"""One optimizer step on each Keras backend, around a backend-neutral loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras


class OptimizerGroup(NamedTuple):
    """Weights and what trains them; the first group is that of the model's optimizer."""

    optimizer: keras.optimizers.Optimizer
    weights: list[Any]


def tensorflow_step(model: keras.Model, loss: Callable[[], Any]) -> None:
    """Apply the gradients of `loss()` with the model's optimizers."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        scaled = model.optimizer.scale_loss(loss())
    groups = model.optimizer_groups()
    gradients = tape.gradient(scaled, [group.weights for group in groups])
    for group, scaled_gradients in zip(groups, gradients, strict=True):
        unscaled = _unscaled(scaled_gradients, group, model)
        group.optimizer.apply_gradients(zip(unscaled, group.weights, strict=True))


def torch_step(model: keras.Model, loss: Callable[[], Any]) -> None:
    """Apply the gradients of `loss()` with the model's optimizers."""
    import torch

    model.zero_grad()
    model.optimizer.scale_loss(loss()).backward()
    with torch.no_grad():
        for group in model.optimizer_groups():
            unscaled = _unscaled([w.value.grad for w in group.weights], group, model)
            group.optimizer.apply(unscaled, group.weights)


def _unscaled(gradients: list[Any], group: OptimizerGroup, model: keras.Model) -> list[Any]:
    """Gradients for one of the optimizers; the model's own undoes the loss scaling itself."""
    if group.optimizer is model.optimizer:
        return gradients
    scale = model.optimizer.scale_loss(keras.ops.ones((), "float32"))
    return [gradient / scale for gradient in gradients]


def jax_step(model: keras.Model, state: tuple, loss: Callable[[], Any]) -> tuple:
    """Return the state after one step of the model's optimizers on `loss()`.

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
    for group in model.optimizer_groups():
        is_main = group.optimizer is model.optimizer
        indices = _indices_of(group.weights, model.trainable_variables)
        # The state of another optimizer is among the weights that are not trained.
        states = (
            [] if is_main else _indices_of(group.optimizer.variables, model.non_trainable_variables)
        )
        updated, state = group.optimizer.stateless_apply(
            optimizer_variables if is_main else [non_trainable[i] for i in states],
            _unscaled([gradients[i] for i in indices], group, model),
            [trainable[i] for i in indices],
        )
        trainable = _replaced(trainable, indices, updated)
        if is_main:
            optimizer_variables = state
        else:
            non_trainable = _replaced(non_trainable, states, state)
    return trainable, non_trainable, optimizer_variables, metrics


def _indices_of(variables, among):
    by_identity = {id(variable): i for i, variable in enumerate(among)}
    return [by_identity[id(variable)] for variable in variables]


def _replaced(values, indices, new):
    values = list(values)
    for i, value in zip(indices, new, strict=True):
        values[i] = value
    return values


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
