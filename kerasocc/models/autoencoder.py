"""Autoencoder with the reconstruction error as anomaly score."""

from __future__ import annotations

import keras

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
        preprocessing: See `OneClassModel`. A decoder that ends in a sigmoid needs
            one that scales to [0, 1].
        weight_decay: See `OneClassModel`; over encoder and decoder.
        seed: See `OneClassModel`.
        name: Name of the model.

    Raises:
        ValueError: If the decoder's output has another shape than the input.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        preprocessing: keras.layers.Layer | None = None,
        weight_decay: float = 0.0,
        seed: int | None = None,
        name: str | None = None,
    ):
        super().__init__(
            encoder,
            decoder,
            preprocessing=preprocessing,
            weight_decay=weight_decay,
            seed=seed,
            name=name,
        )
        self.build_from_encoder()
