"""Constructor arguments that all models share, declared once."""

from __future__ import annotations

import inspect
import typing
from typing import Any, TypedDict

import keras

from kerasocc.regularizers.base import Regularizer


class CommonOptions(TypedDict, total=False):
    """Arguments of every model; `OneClassModel` describes them."""

    preprocessing: keras.layers.Layer | None
    seed: int | None
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
        None where the constructor has no such options.
    """
    own = inspect.signature(constructor)
    catch_all = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
    if not catch_all:
        return None
    annotation = typing.get_type_hints(constructor).get(catch_all[0].name)
    names = typing.get_type_hints(typing.get_args(annotation)[0]) if annotation else {}
    inherited = inspect.signature(parent).parameters
    spelled_out = [p for name, p in inherited.items() if name in names]
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    return own.replace(parameters=[*kept, *spelled_out])
