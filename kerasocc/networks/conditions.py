"""Conditions on the encoder under which Deep SVDD has no trivial solution."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import keras

BOUNDED_ACTIVATIONS = {
    "hard_sigmoid",
    "hard_tanh",
    "relu6",
    "sigmoid",
    "softmax",
    "softsign",
    "sparse_sigmoid",
    "tanh",
}
"""Activations with a bound at which a saturated unit has a constant value that is not zero."""


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

    A bias or a BatchNorm offset alone can learn the center (proposition 2); a unit with a
    bounded activation can saturate and act as a bias (proposition 3); a trainable
    BatchNorm scale can shrink the embeddings to 0.

    Args:
        encoder: The network; nested models are searched too.

    Returns:
        One description `"<layer name> (<reason>)"` per layer and violation.
    """
    violations = []
    for layer in leaf_layers(encoder):
        if not layer.trainable:
            continue
        if getattr(layer, "use_bias", False):
            violations.append(f"{layer.name} (bias)")
        if isinstance(layer, keras.layers.BatchNormalization) and (layer.center or layer.scale):
            violations.append(f"{layer.name} (trainable affine)")
        activation = getattr(layer, "activation", None)
        name = getattr(activation, "__name__", "")
        if isinstance(layer, keras.layers.Softmax):
            name = "softmax"
        if isinstance(layer, keras.layers.ReLU) and layer.max_value is not None:
            name = "relu6"
        if name in BOUNDED_ACTIVATIONS:
            violations.append(f"{layer.name} (bounded activation {name})")
    return violations


def warn_of_trivial_solutions(encoder: keras.Model) -> None:
    """Warn if the encoder has a trivial solution, and name the layers that allow it."""
    violations = trivial_solutions(encoder)
    if violations:
        warnings.warn(
            "The encoder can map every input to the center (hypersphere collapse, Ruff et "
            f"al. 2018, section 3.4) because of: {', '.join(violations)}. Use `use_bias=False`, "
            "`BatchNormalization(center=False, scale=False)` and unbounded activations, or "
            "monitor the training with `CollapseMonitor`.",
            stacklevel=4,
        )
