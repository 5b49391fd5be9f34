"""The loop over the steps of an epoch of arrays, inside of one JAX program.

Keras calls the compiled step from Python, which costs a small network several times its own
computing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.engine.batches import as_batch
from kerasocc.engine.jax_devices import mesh_of, on_devices, place
from kerasocc.engine.lockstep import current_barrier
from kerasocc.engine.segments import Segment, SegmentedProvider
from kerasocc.engine.vmapped_steps import Batches, PendingSteps


def loops_are_fast(model: keras.Model) -> bool:
    """Whether JAX runs a step of the model in a loop as fast as it does alone.

    On a CPU convolutions take several times as long there.
    """
    import jax

    convolves = any(len(weight.shape) > 3 for weight in model.weights)
    return not (convolves and jax.default_backend() == "cpu")


class JaxLoop:
    """The compiled training loop of a model."""

    def __init__(self, model: keras.Model):
        self._model = model
        self.invalidate()

    def invalidate(self) -> None:
        """Compile anew when the loop next runs: the step has changed."""
        self._compiled: Callable | None = None
        self._digests: dict[tuple, str] = {}

    def run(
        self, state: tuple, provider: SegmentedProvider, count: int
    ) -> tuple[dict[str, Any], tuple]:
        """Take up to `count` steps of the current epoch of the provider.

        Args:
            state: As Keras's JAX trainer passes it; its memory is used anew.
            provider: The samples.
            count: Number of steps.

        Returns:
            The logs of the last step, and the state after it.
        """
        if self._compiled is None:
            self._mesh = mesh_of(state[1])
            self._compiled = self._compile()
        logs: dict[str, Any] = {}
        most = min(count, provider.most_steps)
        stop = min(provider.next_step + count, provider.num_batches)
        while provider.next_step < stop:
            segment = provider.next_segment(stop - provider.next_step)
            for batches, steps in pad_to_fixed_shapes(segment, provider.batch_size, most):
                logs, state = self._take(state, batches, steps)
        return logs, state

    def _take(self, state: tuple, batches: Batches, count: int) -> tuple[dict[str, Any], tuple]:
        batches = {name: place(values, self._mesh, axis=1) for name, values in batches.items()}
        barrier = current_barrier()
        if barrier is None:
            return self._compiled(state, batches, count)
        digest = self._digest(state, batches, count)
        return barrier.submit(PendingSteps(digest, self._compiled, state, batches, count))

    def _digest(self, state: tuple, batches: Batches, count: int) -> str:
        """Digest of the program text, which holds everything that is not an argument."""
        shapes = tuple((name, a.dtype.str, a.shape) for name, a in batches.items())
        if shapes not in self._digests:
            text = self._compiled.lower(state, batches, count).as_text()
            self._digests[shapes] = hashlib.sha256(text.encode()).hexdigest()
        return self._digests[shapes]

    def _compile(self) -> Callable:
        import jax

        def batch(batches, number):
            samples = {name: values[number] for name, values in batches.items()}
            return as_batch(samples, jax.numpy.zeros_like)

        train_step = on_devices(self._model.train_step, self._mesh)

        def steps(state, batches, count):
            def step(number, logs_and_state):
                return train_step(logs_and_state[1], batch(batches, number))

            logs, _ = jax.eval_shape(train_step, state, batch(batches, 0))
            no_logs = jax.tree.map(lambda log: jax.numpy.zeros(log.shape, log.dtype), logs)
            return jax.lax.fori_loop(0, count, step, (no_logs, state))

        return jax.jit(steps, donate_argnums=0)


def pad_to_fixed_shapes(
    segment: Segment, batch_size: int, most: int
) -> Iterator[tuple[Batches, int]]:
    """Batches `(most, batch_size, ...)`, missing ones padded with 0, and a smaller last one.

    A program is compiled for every shape.

    Yields:
        The batches, and how many of them there are.
    """
    full = len(segment.samples["index"]) // batch_size
    if full:
        rows = full * batch_size
        yield (
            {name: _stacked(a[:rows], batch_size, most) for name, a in segment.samples.items()},
            full,
        )
    if full < segment.steps:
        yield {name: a[full * batch_size :][None] for name, a in segment.samples.items()}, 1


def _stacked(values: np.ndarray, batch_size: int, most: int) -> np.ndarray:
    batches = values.reshape(-1, batch_size, *values.shape[1:])
    missing = most - len(batches)
    if not missing:
        return batches
    return np.concatenate([batches, np.zeros((missing, *batches.shape[1:]), batches.dtype)])
