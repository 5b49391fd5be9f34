"""Autoencoder with the reconstruction error as anomaly score."""

from __future__ import annotations

from typing import Unpack

import keras

from kerasocc.models.options import ModelOptions
from kerasocc.models.reconstruction import ReconstructionModel


@keras.saving.register_keras_serializable(package="kerasocc")
class Autoencoder(ReconstructionModel):
    """Autoencoder: objective and score are `||x - dec(enc(x))||^2`.

    It reads and reconstructs the preprocessed inputs. Deep SVDD is pretrained
    with it (`kerasocc.pretrain`); on its own it is the deep convolutional
    autoencoder (DCAE) that the paper compares with.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to codes `(batch, d)`.
        decoder: Keras model from codes to the shape of the inputs.
        **options: `preprocessing`, `weight_decay`, `seed` and `name`, see
            `ReconstructionModel`.

    Raises:
        ValueError: If the decoder's output has another shape than the input.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, decoder, **options)
        self.build_from_encoder()
