"""Conditions on the encoder under which Deep SVDD has no trivial solution."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import keras
import numpy as np

from kerasocc.engine.keras_contract import own_variables
from kerasocc.engine.keras_layers import all_layers

BOUNDED_ACTIVATIONS = {
    "celu",
    "elu",
    "hard_sigmoid",
    "hard_tanh",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softsign",
    "sparse_sigmoid",
    "sparsemax",
    "tanh",
}
"""Activations with a bound at which a saturated unit has a constant value that is not zero."""
SHIFTED_ACTIVATIONS = {
    "exponential",
    "log_sigmoid",
    "log_softmax",
    "softplus",
    "sparse_plus",
    "squareplus",
}
"""Activations without such a bound that are not zero at zero, as a unit without weights is."""
NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
)
MOST_NAMED = 5
"""How many layers a warning names."""


def leaf_layers(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a (nested) model that are not models themselves."""
    children = getattr(layer, "layers", None)
    if children:
        for child in children:
            yield from leaf_layers(child)
    else:
        yield layer


def trivial_solutions(encoder: keras.Model) -> list[str]:
    """Describe the layers that violate the conditions of section 3.4 of Deep SVDD.

    A bias or an offset of a normalization alone can learn the center (proposition 2), and so can
    a constant that is added behind trained weights; a unit with a bounded activation can saturate
    and act as a bias (proposition 3); a trainable scale of a normalization can shrink the
    embeddings to 0.

    Args:
        encoder: The network; nested models, wrapped layers and cells are searched too.

    Returns:
        One description `"<layer name> (<reason>)"` per layer and violation.
    """
    violations, is_trained = [], False
    for layer in _computing_layers(encoder):
        if isinstance(layer, keras.layers.Rescaling) and is_trained and np.any(layer.offset):
            violations.append(f"{layer.name} (offset)")
        if not layer.trainable:
            continue
        is_trained = is_trained or any(weight.trainable for weight in own_variables(layer))
        reasons = (_bias(layer), _affine(layer), _activation(layer))
        violations += [f"{layer.name} ({reason})" for reason in reasons if reason]
    return violations


def _computing_layers(encoder: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """The layers that do more than pass samples to others."""
    attention = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
    layers = all_layers(encoder)
    # The weights of an attention add up to 1, but multiply what may be 0.
    skipped = {
        id(part)
        for layer in layers
        if isinstance(layer, attention)
        for part in all_layers(layer)
        if isinstance(part, keras.layers.Softmax)
    }
    for layer in layers:
        if id(layer) not in skipped and (len(all_layers(layer)) == 1 or own_variables(layer)):
            yield layer


def _bias(layer: keras.layers.Layer) -> str | None:
    # `EinsumDense` has no `use_bias`.
    has_bias = getattr(layer, "use_bias", False) or getattr(layer, "bias_axes", None)
    return "bias" if has_bias else None


def _affine(layer: keras.layers.Layer) -> str | None:
    is_affine = isinstance(layer, NORMALIZATIONS) and (layer.center or layer.scale)
    return "trainable affine" if is_affine else None


def _activation(layer: keras.layers.Layer) -> str | None:
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    if isinstance(layer, keras.layers.Softmax):
        name = "softmax"
    if isinstance(layer, keras.layers.ELU):
        name = "elu"
    if isinstance(layer, keras.layers.ReLU) and layer.max_value is not None:
        name = "relu6"
    if name in BOUNDED_ACTIVATIONS:
        return f"bounded activation {name}"
    return f"activation {name}, not 0 at 0" if name in SHIFTED_ACTIVATIONS else None


def warn_of_trivial_solutions(encoder: keras.Model) -> None:
    """Warn if the encoder has a trivial solution, and name some layers that allow it."""
    violations = trivial_solutions(encoder)
    if violations:
        more = len(violations) - MOST_NAMED
        warnings.warn(
            "The encoder can map every input to the center (hypersphere collapse, Ruff et "
            f"al. 2018, section 3.4) because of: {', '.join(violations[:MOST_NAMED])}"
            f"{f' and {more} more' if more > 0 else ''}. Use `use_bias=False`, "
            "`BatchNormalization(center=False, scale=False)` and unbounded activations, or "
            "monitor the training with `CollapseMonitor`.",
            stacklevel=4,
        )
