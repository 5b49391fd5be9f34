"""A batch of training samples: its arrays by name, and as Keras takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasocc.models.feed import LookUps


def by_name(
    x: Any, label: Any, weight: Any, index: np.ndarray, look_ups: LookUps
) -> dict[str, Any]:
    """Samples, what is known of them and what is looked up for them.

    Args:
        x: Samples, shape `(samples, ...)`.
        label: Labels, or None. It is copied, as the weights are: TensorFlow may compute in
            place on what it is given.
        weight: Weights, or None.
        index: Positions in the training set, shape `(samples,)`, int32.
        look_ups: Functions of them.

    Returns:
        `x`, `index`, and `label` and `weight` if there are any, shape `(samples,)`, float32;
        beside them the values of the look-ups.
    """
    samples = {"x": x, "index": index}
    for name, column in (("label", label), ("weight", weight)):
        if column is not None:
            samples[name] = np.array(column, "float32").reshape(-1)
    return samples | {name: look_up(index) for name, look_up in look_ups.items()}


def as_batch(samples: dict[str, Any], zeros_like: Callable[[Any, str], Any]) -> tuple[Any, ...]:
    """The samples of a step as `(x, targets)` or `(x, targets, weight)`.

    Args:
        samples: Arrays or tensors `(batch, ...)`, named as by `by_name`.
        zeros_like: That of the library which they belong to; unlabelled is 0.
    """
    targets = dict(samples)
    x, weight = targets.pop("x"), targets.pop("weight", None)
    if "label" not in targets:
        targets["label"] = zeros_like(targets["index"], "float32")
    return (x, targets) if weight is None else (x, targets, weight)
