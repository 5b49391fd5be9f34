"""Inference passes: methods of a model, compiled once, run over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.storage.rows import chunks
from kerasocc.models.invariants import without_invariants
from kerasocc.models.tensors import as_tensor
from kerasocc.models.tracing import any_size, traced

ROWS_PER_SLICE = 2560
"""Most samples that a graph of TensorFlow cuts off for a round of its loop, a multiple of 64:
of more, a small network's activations leave the caches of the cores that share the work."""


class InferencePasses:
    """Methods of a model, compiled once per input dtype and shape, run on samples."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}

    def run(self, method: str, batches: Iterable[np.ndarray], rows: int | None = None) -> Any:
        """Apply `model.<method>` to all samples, as `parts` does.

        Returns:
            NumPy array (or tuple of arrays), the batches joined.
        """
        parts = self.parts(method, batches, rows)
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    def mean(self, method: str, batches: Iterable[np.ndarray], rows: int | None = None) -> Any:
        """Mean of `model.<method>` over all samples, holding the results of one call.

        Returns:
            NumPy array of the shape of a sample's result, float64.
        """
        total, count = 0.0, 0
        for part in self.parts(method, batches, rows):
            total, count = total + part.sum(axis=0, dtype="float64"), count + len(part)
            del part  # not to hold it beside the next
        return total / count

    def parts(
        self, method: str, batches: Iterable[np.ndarray], rows: int | None = None
    ) -> Iterator[Any]:
        """Apply `model.<method>` to samples, a call after the other.

        Args:
            method: Name of a method that maps a tensor `(batch, ...)` to a tensor
                or a tuple of tensors with the batch axis first.
            batches: Arrays of shape `(batch, ...)`.
            rows: Most samples that go through the model at once; None for whole batches.

        Yields:
            NumPy array (or tuple of arrays) of every call.
        """
        for x in batches:
            for part, size in self._cut(x, rows):
                yield keras.tree.map_structure(
                    keras.ops.convert_to_numpy, self._function(method, x, size)(part)
                )

    @staticmethod
    def _cut(x: np.ndarray, rows: int | None) -> Iterator[tuple[np.ndarray, int | None]]:
        """Parts of a batch for one call each, and how the call cuts them itself."""
        if rows is None:
            yield x, None
        elif keras.backend.backend() == "tensorflow":
            size = min(rows, ROWS_PER_SLICE)
            yield x, size if len(x) > size else None
        else:
            yield from ((part, None) for part in chunks(x, rows))

    def _function(self, method: str, x: np.ndarray, rows: int | None) -> Callable:
        key = (method, x.dtype.str, x.shape[1:], rows)
        if key not in self._compiled:
            compile_ = {
                "tensorflow": _compile_tensorflow,
                "jax": _compile_jax,
                "torch": _compile_torch,
            }[keras.backend.backend()]
            function = getattr(self._model, method)
            function = function if rows is None else _in_slices(function, rows)
            self._compiled[key] = compile_(self._model, function, x)
        return self._compiled[key]


def _in_slices(function: Callable, rows: int) -> Callable:
    """A function of a TensorFlow graph that goes through its inputs `rows` at a time.

    Calls from Python cost a small network more than its own computing.
    """
    import tensorflow as tf

    def sliced(inputs):
        one_slice, weights, outputs = without_invariants(function, inputs)
        count = -(-tf.shape(inputs)[0] // rows)
        arrays = keras.tree.map_structure(
            lambda output: tf.TensorArray(output.dtype, count, infer_shape=False), outputs
        )

        def body(number, arrays):
            values = one_slice(inputs[number * rows : (number + 1) * rows], *weights)
            return number + 1, keras.tree.map_structure(
                lambda array, value: array.write(number, value), arrays, values
            )

        # Two at a time: the operations of one are too small for several threads.
        _, arrays = tf.while_loop(
            lambda number, _: number < count, body, (0, arrays), parallel_iterations=2
        )
        return keras.tree.map_structure(lambda array: array.concat(), arrays)

    return sliced


def _compile_tensorflow(model, method, x):
    # One trace whatever the batch size: the last, smaller batch would cost another.
    compiled = traced(method, [any_size(x)])
    return lambda inputs: compiled(as_tensor(inputs))


def _compile_jax(model, method, x):
    import jax

    def pure(values, inputs):
        mapping = list(zip(model.variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return method(inputs)

    compiled = jax.jit(pure)
    return lambda inputs: compiled([v.value for v in model.variables], inputs)


def _compile_torch(model, method, x):
    import torch

    def without_gradients(inputs):
        with torch.no_grad():
            return method(keras.ops.convert_to_tensor(inputs))

    return without_gradients
