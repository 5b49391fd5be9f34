"""The networks of a detector: the user's, or by the shape of a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasocc.defaults.training import usual_hidden
from kerasocc.estimators.keras_state import KerasFile
from kerasocc.networks import lenet, lenet_decoder, mlp, mlp_decoder
from kerasocc.networks.lenet import lenet_for

Network = keras.Model | Callable[[tuple[int, ...]], keras.Model]
"""A Keras model, of which a copy is trained, or a function from the shape of a sample to one."""


def own_network(name: str, given: Network, shape: tuple[int, ...]) -> keras.Model:
    """The network that an argument asks for, new at every call.

    Args:
        name: Of the argument, for the error.
        given: Its value.
        shape: Of a sample.
    """
    if isinstance(given, keras.Model):
        return KerasFile.of(given).model()
    made = given(shape) if callable(given) else given
    if not isinstance(made, keras.Model):
        raise ValueError(
            f"`{name}` must be a Keras model, or a function from the shape of a sample to one. "
            f"Received: {name}={given!r}"
            f"{f', which returned {made!r}' if callable(given) else ''}"
        )
    return made


def default_encoder(
    shape: tuple[int, ...],
    hidden: Any,
    *,
    seed: int,
    use_bias: bool = False,
    batch_norm: bool = True,
) -> keras.Model:
    """An MLP for rows of a table, a LeNet for images.

    Args:
        shape: Of a sample.
        hidden: Widths of the MLP, the code last; None for the usual ones.
        seed: Of the initial weights.
        use_bias: Whether layers have biases.
        batch_norm: Whether an MLP has BatchNorm.
    """
    if len(shape) == 1:
        widths = _widths(shape, hidden)
        return mlp(widths, use_bias=use_bias, use_batch_norm=batch_norm, seed=seed)
    return lenet(_lenet_shape(shape, hidden), use_bias=use_bias, seed=seed)


def default_decoder(
    shape: tuple[int, ...],
    hidden: Any,
    *,
    bounded: bool,
    seed: int,
    use_bias: bool = False,
    batch_norm: bool = True,
) -> keras.Model:
    """The mirror of `default_encoder`.

    Args:
        shape: Of a sample.
        hidden: As there.
        bounded: Whether the columns of a table are in [0, 1], so that a sigmoid reaches them.
        seed: Of the initial weights.
        use_bias: As there.
        batch_norm: As there.
    """
    if len(shape) == 1:
        return mlp_decoder(
            _widths(shape, hidden),
            activation="sigmoid" if bounded else None,
            use_bias=use_bias,
            use_batch_norm=batch_norm,
            seed=seed,
        )
    return lenet_decoder(_lenet_shape(shape, hidden), use_bias=use_bias, seed=seed)


def _widths(shape: tuple[int, ...], hidden: Any) -> list[int]:
    return [*shape, *(usual_hidden(shape[0]) if hidden is None else hidden)]


def _lenet_shape(shape: tuple[int, ...], hidden: Any) -> Any:
    if hidden is not None:
        raise ValueError(
            f"`hidden` must be left out: the samples are images. Received: hidden={hidden!r}"
        )
    found = lenet_for(shape)
    if found is None:
        raise ValueError(
            "`X` must hold rows of a table, or images whose height and width are multiples of 8 "
            "from 16 on (or 28 x 28 or 8 x 8 with one channel), unless an `encoder` is given. "
            f"Received: samples of shape {shape}"
        )
    return found
