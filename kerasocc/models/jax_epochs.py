"""Epochs over arrays as loops inside of one JAX program.

Keras calls the compiled step from Python, which costs a small network several times its own
computing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.models.batches import as_batch
from kerasocc.models.epoch_parts import Part, PartsFeed
from kerasocc.models.joint_steps import DueSteps, Samples
from kerasocc.models.meeting import current_meeting


def loops_are_fast(model: keras.Model) -> bool:
    """Whether JAX runs a step of the model in a loop as fast as it does alone.

    On a CPU convolutions take several times as long there.
    """
    import jax

    convolves = any(len(weight.shape) > 3 for weight in model.weights)
    return not (convolves and jax.default_backend() == "cpu")


class JaxSteps:
    """The compiled training loop of a model."""

    def __init__(self, model: keras.Model):
        self._model = model
        self.forget()

    def forget(self) -> None:
        """Compile anew: the step is another one."""
        self._compiled: Callable | None = None
        self._programs: dict[tuple, str] = {}

    def run(self, state: tuple, feed: PartsFeed, count: int) -> tuple[dict[str, Any], tuple]:
        """Take up to `count` steps on the epoch that the feed has begun.

        Args:
            state: As Keras's JAX trainer passes it; its memory is used anew.
            feed: The samples.
            count: Number of steps.

        Returns:
            The logs of the last step, and the state after it.
        """
        if self._compiled is None:
            self._compiled = self._compile()
        logs: dict[str, Any] = {}
        most = min(count, feed.most_steps)
        stop = min(feed.next_step + count, feed.num_batches)
        while feed.next_step < stop:
            part = feed.part(stop - feed.next_step)
            for batches, steps in _of_few_shapes(part, feed.batch_size, most):
                logs, state = self._take(state, batches, steps)
        return logs, state

    def _take(self, state: tuple, batches: Samples, count: int) -> tuple[dict[str, Any], tuple]:
        meeting = current_meeting()
        if meeting is None:
            return self._compiled(state, batches, count)
        program = self._program(state, batches, count)
        return meeting.ask(DueSteps(program, self._compiled, state, batches, count))

    def _program(self, state: tuple, batches: Samples, count: int) -> str:
        """Digest of the compiled function as a text, which holds all that is no argument."""
        shapes = tuple((name, a.dtype.str, a.shape) for name, a in batches.items())
        if shapes not in self._programs:
            text = self._compiled.lower(state, batches, count).as_text()
            self._programs[shapes] = hashlib.sha256(text.encode()).hexdigest()
        return self._programs[shapes]

    def _compile(self) -> Callable:
        import jax

        def batch(batches, number):
            samples = {name: values[number] for name, values in batches.items()}
            return as_batch(samples, jax.numpy.zeros_like)

        def steps(state, batches, count):
            def step(number, logs_and_state):
                return self._model.train_step(logs_and_state[1], batch(batches, number))

            logs, _ = jax.eval_shape(self._model.train_step, state, batch(batches, 0))
            nothing = jax.tree.map(lambda log: jax.numpy.zeros(log.shape, log.dtype), logs)
            return jax.lax.fori_loop(0, count, step, (nothing, state))

        return jax.jit(steps, donate_argnums=0)


def _of_few_shapes(part: Part, batch_size: int, most: int) -> Iterator[tuple[Samples, int]]:
    """Batches `(most, batch_size, ...)`, what is missing filled up, and a smaller last one.

    A program is compiled for every shape.

    Yields:
        The batches, and how many of them there are.
    """
    full = len(part.samples["index"]) // batch_size
    if full:
        rows = full * batch_size
        yield {name: _stacked(a[:rows], batch_size, most) for name, a in part.samples.items()}, full
    if full < part.steps:
        yield {name: a[full * batch_size :][None] for name, a in part.samples.items()}, 1


def _stacked(values: np.ndarray, batch_size: int, most: int) -> np.ndarray:
    batches = values.reshape(-1, batch_size, *values.shape[1:])
    missing = most - len(batches)
    if not missing:
        return batches
    return np.concatenate([batches, np.zeros((missing, *batches.shape[1:]), batches.dtype)])
