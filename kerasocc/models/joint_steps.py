"""Steps on several models in one JAX program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

Samples = dict[str, np.ndarray]
"""Batches `(steps, batch, ...)`, their arrays by name."""


class DueSteps(NamedTuple):
    """Steps that are due on a model."""

    program: str
    """What tells the compiled function from others."""
    take: Callable
    """The compiled function, of what follows."""
    state: tuple
    batches: Samples
    count: int


class JointSteps:
    """Steps on several models in one program, where their programs are the same."""

    def __init__(self):
        self._compiled: dict[tuple[str, int], Callable] = {}

    def __call__(self, epochs: Sequence[DueSteps]) -> list[tuple[dict[str, Any], tuple]]:
        """Logs and state of every model after its steps."""
        alike: dict[tuple, list[int]] = defaultdict(list)
        for place, epoch in enumerate(epochs):
            alike[epoch.program, epoch.count].append(place)
        results = {}
        for places in alike.values():
            found = self._take([epochs[place] for place in places])
            results |= zip(places, found, strict=True)
        return [results[place] for place in range(len(epochs))]

    def _take(self, epochs: list[DueSteps]) -> list[tuple[dict[str, Any], tuple]]:
        program, take, state, batches, count = epochs[0]
        if len(epochs) == 1:
            return [take(state, batches, count)]
        # When some of the models are done, there is a program for more of them already.
        sizes = [n for known, n in self._compiled if known == program and n >= len(epochs)]
        size = min(sizes, default=len(epochs))
        if not sizes:
            self._compiled[program, size] = _joint(take)
        filled = epochs + epochs[:1] * (size - len(epochs))
        states, batches = zip(*((epoch.state, epoch.batches) for epoch in filled), strict=True)
        return self._compiled[program, size](states, batches, count)[: len(epochs)]


def _joint(take: Callable) -> Callable:
    """A function of many states and their batches, compiled from that of one."""
    import jax

    def stacked(trees):
        return jax.tree.map(lambda *values: jax.numpy.stack(values), *trees)

    def of_all(states, batches, count):
        results = jax.vmap(take, in_axes=(0, 0, None))(stacked(states), stacked(batches), count)
        return [jax.tree.map(itemgetter(place), results) for place in range(len(states))]

    return jax.jit(of_all)
