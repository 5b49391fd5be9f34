"""Inference passes: methods of a model, compiled once, run over batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

_LINES = itertools.count(1)


class InferencePasses:
    """Methods of a model, compiled once per input dtype and shape, run on batches."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}

    def run(self, method: str, batches: Iterable[np.ndarray]) -> Any:
        """Apply `model.<method>` to every batch.

        Args:
            method: Name of a method that maps a tensor `(batch, ...)` to a tensor
                or a tuple of tensors with the batch axis first.
            batches: Arrays of shape `(batch, ...)`.

        Returns:
            NumPy array (or tuple of arrays), the batches joined.
        """
        outputs = []
        for x in batches:
            result = self._function(method, x)(x)
            outputs.append(keras.tree.map_structure(keras.ops.convert_to_numpy, result))
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)

    def _function(self, method: str, x: np.ndarray) -> Callable:
        key = (method, x.dtype.str, x.shape[1:])
        if key not in self._compiled:
            compile_ = {
                "tensorflow": _compile_tensorflow,
                "jax": _compile_jax,
                "torch": _compile_torch,
            }[keras.backend.backend()]
            self._compiled[key] = compile_(self._model, getattr(self._model, method), x)
        return self._compiled[key]


def _compile_tensorflow(model, method, x):
    import tensorflow as tf

    # One trace whatever the batch size: the last, smaller batch would cost another.
    signature = [tf.TensorSpec((None, *x.shape[1:]), x.dtype)]

    def function(inputs):
        return method(inputs)

    # TensorFlow counts the traces of a function by its file, its line and its address,
    # which a function of a deleted model may have had: another line for every one, or it
    # warns of a retracing that there is not.
    function.__code__ = function.__code__.replace(co_firstlineno=next(_LINES))
    return tf.function(function, input_signature=signature, autograph=False)


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
