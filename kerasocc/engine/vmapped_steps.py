"""Steps of several models in one JAX program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

Batches = dict[str, np.ndarray]
"""Batches `(steps, batch, ...)`, their arrays by name."""


class PendingSteps(NamedTuple):
    """Steps of a model that wait for those of other models.

    Attributes:
        digest: Equal for equal programs.
        take: The compiled function `(state, batches, count) -> (logs, state)`.
        state: Of the model, as Keras's JAX trainer passes it.
        batches: Samples of the steps.
        count: Number of steps.
    """

    digest: str
    take: Callable
    state: tuple
    batches: Batches
    count: int


class VmappedSteps:
    """Steps of several models in one program, where their programs are equal."""

    def __init__(self):
        self._compiled: dict[tuple[str, int], Callable] = {}

    def __call__(self, pending: Sequence[PendingSteps]) -> list[tuple[dict[str, Any], tuple]]:
        """Logs and state of every model after its steps."""
        groups: dict[tuple, list[int]] = defaultdict(list)
        for i, steps in enumerate(pending):
            groups[steps.digest, steps.count].append(i)
        results = {}
        for indices in groups.values():
            results |= zip(indices, self._take([pending[i] for i in indices]), strict=True)
        return [results[i] for i in range(len(pending))]

    def _take(self, group: list[PendingSteps]) -> list[tuple[dict[str, Any], tuple]]:
        digest, take, state, batches, count = group[0]
        if len(group) == 1:
            return [take(state, batches, count)]
        # When some of the models are done, there is a program for more of them already.
        sizes = [n for known, n in self._compiled if known == digest and n >= len(group)]
        size = min(sizes, default=len(group))
        if not sizes:
            self._compiled[digest, size] = _vmapped(take)
        padded = group + group[:1] * (size - len(group))
        states, batches = zip(*((steps.state, steps.batches) for steps in padded), strict=True)
        return self._compiled[digest, size](states, batches, count)[: len(group)]


def _vmapped(take: Callable) -> Callable:
    """A function of many states and their batches, compiled from that of one."""
    import jax

    def stacked(trees):
        return jax.tree.map(lambda *values: jax.numpy.stack(values), *trees)

    def take_all(states, batches, count):
        results = jax.vmap(take, in_axes=(0, 0, None))(stacked(states), stacked(batches), count)
        return [jax.tree.map(itemgetter(i), results) for i in range(len(states))]

    return jax.jit(take_all)
