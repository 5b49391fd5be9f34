"""Fully connected encoders and decoders for tabular data."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerasocc.checks import check_integer
from kerasocc.networks.layer_factory import LayerFactory, decoder_seed, sequential


def mlp(
    widths: Sequence[int],
    *,
    use_bias: bool = False,
    use_batch_norm: bool = True,
    seed: int | None = None,
) -> keras.Model:
    """Fully connected encoder: blocks of dense, BatchNorm and leaky ReLU, then a linear layer.

    Args:
        widths: `[features, hidden, ..., code]`, at least two numbers.
        use_bias: Whether layers have biases and BatchNorm has trainable parameters,
            which Deep SVDD forbids without an anti-collapse regularizer.
        use_batch_norm: Whether there are layers of BatchNorm. Without them the initial weights
            are Glorot's.
        seed: Seed of the initial weights.

    Returns:
        Model from rows `(batch, features)` to codes `(batch, code)`.

    Raises:
        ValueError: If `widths` are not at least two positive integers.

    Reference:
        Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, section 4.3.
    """
    features, *hidden, code = _check_widths(widths)
    make = _layer_factory(use_bias, use_batch_norm, seed)
    blocks = _blocks(hidden, make, use_batch_norm)
    return sequential((features,), [*blocks, make.dense(code)], "mlp")


def mlp_decoder(
    widths: Sequence[int],
    *,
    activation: str | None = "sigmoid",
    use_bias: bool = False,
    use_batch_norm: bool = True,
    seed: int | None = None,
) -> keras.Model:
    """Decoder for `mlp(widths)`, with the same widths in reverse.

    Args:
        widths: The widths of the encoder, `[features, hidden, ..., code]`.
        activation: Activation of the output; with a sigmoid, inputs must be in [0, 1].
        use_bias: As for `mlp`.
        use_batch_norm: As for `mlp`.
        seed: Seed of the initial weights; the seed of the encoder can be used again.

    Returns:
        Model from codes `(batch, code)` to rows `(batch, features)`.

    Raises:
        ValueError: If `widths` are not at least two positive integers.
    """
    features, *hidden, code = _check_widths(widths)
    make = _layer_factory(use_bias, use_batch_norm, decoder_seed(seed))
    output = [make.dense(features), layers.Activation(activation)]
    blocks = _blocks(hidden[::-1], make, use_batch_norm)
    return sequential((code,), [*blocks, *output], "mlp_decoder")


def _layer_factory(use_bias: bool, use_batch_norm: bool, seed: int | None) -> LayerFactory:
    # Without BatchNorm nothing brings the outputs of small weights back to scale.
    initializer = "torch" if use_batch_norm else "glorot"
    return LayerFactory(use_bias=use_bias, initializer=initializer, seed=seed)


def _blocks(widths: Sequence[int], make: LayerFactory, use_batch_norm: bool) -> list[layers.Layer]:
    blocks: list[layers.Layer] = []
    for width in widths:
        norm = [make.norm()] if use_batch_norm else []
        blocks += [make.dense(width), *norm, make.leaky()]
    return blocks


def _check_widths(widths: Sequence[int]) -> list[int]:
    widths = list(widths)
    if len(widths) < 2:
        raise ValueError(
            "`widths` must hold at least the number of features and the code dimension. "
            f"Received: widths={widths}"
        )
    return [check_integer("widths", width, minimum=1) for width in widths]
