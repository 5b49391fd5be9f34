"""Constructor arguments that all models share, declared once."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from typing import Any, TypedDict

import keras

from kerasocc.regularizers.base import Regularizer


class CommonOptions(TypedDict, total=False):
    """Arguments of every model; `OneClassModel` describes them."""

    preprocessing: keras.layers.Layer | None
    augmentation: keras.layers.Layer | None
    seed: int | None
    feature_names: Sequence[str] | None
    name: str | None


class ModelOptions(CommonOptions, total=False):
    """Arguments of every model whose weight decay has no name of its own."""

    weight_decay: float


class HypersphereOptions(ModelOptions, total=False):
    """Arguments of every model around a center; `HypersphereModel` describes them."""

    regularizer: Regularizer | None


def signature_with_options(constructor: Any, parent: Any) -> inspect.Signature | None:
    """The signature of a constructor with its `**options: Unpack[...]` spelled out.

    For `help` and `inspect.signature`; editors read the annotation themselves.

    Args:
        constructor: An `__init__`.
        parent: The `__init__` that it passes the options to, which has their defaults.

    Returns:
        None where the constructor has no options of a known type.
    """
    own = inspect.signature(constructor)
    catch_all = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
    names = _option_names(constructor, catch_all[0].name) if catch_all else None
    if names is None:
        return None
    inherited = inspect.signature(parent).parameters
    spelled_out = [p for name, p in inherited.items() if name in names]
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    return own.replace(parameters=[*kept, *spelled_out])


def _option_names(constructor: Any, parameter: str) -> set[str] | None:
    """The keys of the `TypedDict` that a catch-all parameter unpacks; None for another one."""
    try:
        annotation = typing.get_type_hints(constructor).get(parameter)
    except NameError:  # of names that only a type checker imports
        return None
    if typing.get_origin(annotation) is not typing.Unpack:
        return None
    return set(typing.get_type_hints(typing.get_args(annotation)[0]))
