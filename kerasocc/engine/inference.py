"""Inference: methods of a model, compiled once, applied to all samples of a source."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_integer
from kerasocc.datasets.storage.rows import chunks
from kerasocc.engine.direct_calls import direct_call
from kerasocc.engine.jax_devices import mesh_of_model, on_devices, place
from kerasocc.engine.loop_invariants import hoist_loop_invariants
from kerasocc.engine.replicas import share_of
from kerasocc.engine.sample_checks import ALL_ZERO, Batch
from kerasocc.engine.shared_inference import compile_shared
from kerasocc.engine.sources import Source
from kerasocc.engine.structure import Structure
from kerasocc.engine.tensors import any_batch_size, as_tensor, compiled_for

ROWS_PER_SLICE = 2560
"""Most samples in a round of the loop of a TensorFlow graph, a multiple of 64: the activations
of more leave the caches of the cores that share the work."""

FEW_ROWS = 32
"""Most samples whose operations take less time than to hand them to other threads."""


class InferenceRunner:
    """Applies methods of a model to samples; each is compiled once per input dtype and shape.

    All are compiled anew after a change of the model's layers.

    Args:
        model: The model; its `views_per_sample` says how many inputs of the encoder it makes
            of a sample.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}
        self._structure = Structure(model)
        self._share = share_of(model)

    def invalidate(self) -> None:
        """Compile anew when a method is next applied: the model has changed."""
        self._compiled = {}

    def map(
        self,
        method: str,
        source: Source,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        verbose: int = 0,
        collected: list | None = None,
        mean: bool = False,
    ) -> Any:
        """Apply a method to every sample of a source, in stored order.

        Args:
            method: Name of a method from a tensor `(batch, ...)` to a tensor
                `(batch, ...)` or a tuple of them.
            source: The samples.
            batch_size: Samples that go through the model at once; default 8000, fewer if
                they, or the views that the model makes of them, are large.
            steps: Number of batches to stop after.
            verbose: 1 shows a progress bar.
            collected: Is extended by the labels and weights of the batches,
                `(y, sample_weight)`.
            mean: Whether to return the mean over the samples, by their weights if they have
                any, float64, for which the results are not held.

        Returns:
            NumPy array (or tuple of arrays), samples first.
        """
        size = batch_size
        if size is None:
            size = max(1, source.rows_at_once // self._model.views_per_sample)
        check_integer("batch_size", size, minimum=1)
        # A dataset keeps its batches, and a number of steps counts those of this size.
        read = size if steps is not None else max(size, source.rows_read_at_once)
        batches = source.batches(read, steps)
        if verbose:
            batches = _with_progress(batches, source, size)
        if mean:
            return self.mean(method, _collecting(batches, collected), rows=size)
        inputs = (x for x, _, _ in _collecting(batches, collected))
        return self.run(method, inputs, rows=size)

    def run(self, method: str, batches: Iterable[np.ndarray], rows: int | None = None) -> Any:
        """Apply `model.<method>` to all samples, as `parts` does.

        Returns:
            NumPy array (or tuple of arrays), the batches joined.
        """
        parts = list(self.parts(method, batches, rows))
        if len(parts) == 1:
            return parts[0]
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    def mean(self, method: str, batches: Iterable[Batch], rows: int | None = None) -> Any:
        """Weighted mean of `model.<method>` over all samples, holding the results of one call.

        Args:
            method: As for `parts`.
            batches: `(x, y, sample_weight)`.
            rows: As for `parts`.

        Returns:
            NumPy array of the shape of a sample's result, float64.

        Raises:
            ValueError: If all weights are 0.
        """
        total, count = 0.0, 0.0
        for x, _, weight in batches:
            start = 0
            for part in self.parts(method, [x], rows):
                stop = start + len(part)
                if weight is None:
                    total, count = total + part.sum(axis=0, dtype="float64"), count + len(part)
                else:
                    factors = weight[start:stop].astype("float64")
                    total, count = total + np.tensordot(factors, part, 1), count + factors.sum()
                start = stop
                del part  # not to hold it beside the next
        if not count:
            raise ValueError(ALL_ZERO)
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
        if self._structure.has_changed():
            self.invalidate()
        for x in batches:
            for part, size in self._cut(x, rows):
                known = len(self._compiled)
                outputs = self._function(method, x, size)(part)
                if len(self._compiled) > known:
                    # A layer may have changed its own attributes when it was traced.
                    self._structure.note()
                yield _to_numpy(outputs)

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
                "tensorflow": _compile_tensorflow if self._share.is_single else compile_shared,
                "jax": _compile_jax,
                "torch": _compile_torch,
            }[keras.backend.backend()]
            function = getattr(self._model, method)
            function = function if rows is None else _in_slices(function, rows)
            self._compiled[key] = compile_(self._model, function, x)
        return self._compiled[key]


def _to_numpy(outputs: Any) -> Any:
    if isinstance(outputs, (tuple, list, dict)):
        return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)
    return keras.ops.convert_to_numpy(outputs)


def _in_slices(function: Callable, rows: int) -> Callable:
    """A function of a TensorFlow graph that goes through its inputs `rows` at a time.

    Calls from Python cost a small network more than its own computing.
    """
    import tensorflow as tf

    def sliced(inputs):
        one_slice, weights, outputs = hoist_loop_invariants(function, inputs)
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
        # The arrays do not know the shapes of their entries; replicas exchange known ones.
        return keras.tree.map_structure(
            lambda array, output: tf.ensure_shape(array.concat(), (None, *output.shape[1:])),
            arrays,
            outputs,
        )

    return sliced


def _compile_tensorflow(model, method, x):
    # One trace whatever the batch size: the last, smaller batch would cost another.
    call = direct_call(compiled_for(method, [any_batch_size(x)]))
    return lambda inputs: call(as_tensor(inputs), in_one_thread=len(inputs) <= FEW_ROWS)


def _compile_jax(model, method, x):
    import jax

    def pure(values, inputs):
        mapping = list(zip(model.variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return method(inputs)

    mesh = mesh_of_model(model)
    compiled = jax.jit(on_devices(pure, mesh))
    return lambda inputs: compiled([v.value for v in model.variables], place(inputs, mesh))


def _compile_torch(model, method, x):
    import torch

    def without_gradients(inputs):
        with torch.no_grad():
            return method(keras.ops.convert_to_tensor(inputs))

    return without_gradients


def _collecting(batches: Iterator[Batch], collected: list | None) -> Iterator[Batch]:
    for x, y, sample_weight in batches:
        if collected is not None:
            collected.append((y, sample_weight))
        yield x, y, sample_weight


def _with_progress(batches: Iterator[Batch], source: Source, size: int) -> Iterator[Batch]:
    total = None if source.num_samples is None else -(-source.num_samples // size)
    bar = keras.utils.Progbar(total, unit_name="batch")
    for batch in batches:
        yield batch
        bar.add(1 if total is None else -(-len(batch[0]) // size))
    if total is None:
        sys.stdout.write("\n")
