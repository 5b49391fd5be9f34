"""An encoder of the user's, made by a function that the settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import keras

from kerasocc.experiments.runs.user_modules import import_user_module


def find_function(name: str) -> Callable[[tuple[int, ...]], keras.Model]:
    """The function of a name.

    Args:
        name: `"module:function"`; the module lies in the working directory or is installed.

    Raises:
        ValueError: If there is no such function.
    """
    module_name, colon, function_name = name.partition(":")
    if not (module_name and colon and function_name):
        raise ValueError(
            f"`encoder` must be a function, as in my_networks:backbone. Received: encoder={name!r}"
        )
    requirement = "`encoder` must name a module that can be imported"
    module = import_user_module(module_name, requirement, f"encoder={name!r}")
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ValueError(
            f"`encoder` must name a function of the module {module_name!r}. Received: "
            f"encoder={name!r}"
        )
    return function


def make_own_encoder(name: str, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    """The encoder that a function of the user's returns.

    Args:
        name: Of the function, which is called with `shape`.
        shape: Of one sample.
        weights: File of its weights (`.weights.h5`, or a `.keras` file of the same network), or
            None for those that it comes with.

    Raises:
        ValueError: If it returns no model for such samples, or the weights do not fit.
        FileNotFoundError: If there is no such file.
    """
    encoder = find_function(name)(shape)
    if not isinstance(encoder, keras.Model):
        raise ValueError(
            f"`encoder` must return a Keras model. Received: encoder={name!r}, which returns "
            f"{type(encoder).__name__}"
        )
    takes = _input_shape(encoder)
    if takes is not None and tuple(takes[1:]) != shape:
        raise ValueError(
            f"`encoder` must return a model for samples of shape {shape}. Received: "
            f"encoder={name!r}, whose model takes {tuple(takes[1:])}"
        )
    if not encoder.built:
        encoder.build((None, *shape))
    if weights is not None:
        _load(encoder, weights)
    return encoder


def _input_shape(encoder: keras.Model) -> Any:
    """Shape of the batches of a model that has one input and knows its shape, else None."""
    shape = getattr(encoder, "input_shape", None)
    is_one = isinstance(shape, tuple) and all(n is None or isinstance(n, int) for n in shape)
    return shape if is_one else None


def _load(encoder: keras.Model, weights: str) -> None:
    if not os.path.exists(weights):
        raise FileNotFoundError(f"There is no file of weights {weights!r}.")
    try:
        encoder.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"`weights` must be those of `encoder`. Received: weights={weights!r}, {reason}"
        ) from error
