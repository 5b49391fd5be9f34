"""Fully connected encoders and decoders for tabular data."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerasocc.checks import check_integer
from kerasocc.networks.layer_factory import LayerFactory, decoder_seed, sequential


def mlp(widths: Sequence[int], *, use_bias: bool = False, seed: int | None = None) -> keras.Model:
    """Fully connected encoder: blocks of dense, BatchNorm and leaky ReLU, then a linear layer.

    Args:
        widths: `[features, hidden, ..., code]`, at least two numbers.
        use_bias: Whether layers have biases and BatchNorm has trainable parameters,
            which Deep SVDD forbids without an anti-collapse regularizer.
        seed: Seed of the initial weights.

    Returns:
        Model from rows `(batch, features)` to codes `(batch, code)`.

    Raises:
        ValueError: If `widths` are not at least two positive integers.

    Reference:
        Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, section 4.3.
    """
    features, *hidden, code = _check_widths(widths)
    make = LayerFactory(use_bias=use_bias, seed=seed)
    return sequential((features,), [*_hidden_layers(hidden, make), make.dense(code)], "mlp")


def mlp_decoder(
    widths: Sequence[int],
    *,
    activation: str | None = "sigmoid",
    use_bias: bool = False,
    seed: int | None = None,
) -> keras.Model:
    """Decoder for `mlp(widths)`, with the same widths in reverse.

    Args:
        widths: The widths of the encoder, `[features, hidden, ..., code]`.
        activation: Activation of the output; with a sigmoid, inputs must be in [0, 1].
        use_bias: As for `mlp`.
        seed: Seed of the initial weights; the seed of the encoder can be used again.

    Returns:
        Model from codes `(batch, code)` to rows `(batch, features)`.

    Raises:
        ValueError: If `widths` are not at least two positive integers.
    """
    features, *hidden, code = _check_widths(widths)
    make = LayerFactory(use_bias=use_bias, seed=decoder_seed(seed))
    output = [make.dense(features), layers.Activation(activation)]
    return sequential((code,), [*_hidden_layers(hidden[::-1], make), *output], "mlp_decoder")


def _hidden_layers(widths: Sequence[int], make: LayerFactory) -> list[layers.Layer]:
    return [layer for width in widths for layer in (make.dense(width), make.norm(), make.leaky())]


def _check_widths(widths: Sequence[int]) -> list[int]:
    widths = list(widths)
    if len(widths) < 2:
        raise ValueError(
            "`widths` must hold at least the number of features and the code dimension. "
            f"Received: widths={widths}"
        )
    return [check_integer("widths", width, minimum=1) for width in widths]
