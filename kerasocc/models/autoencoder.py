"""Autoencoder with the reconstruction error as anomaly score."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.callbacks.base import StateCallback
from kerasocc.losses.reconstruction import squared_error
from kerasocc.models.base import OneClassModel


@keras.saving.register_keras_serializable(package="kerasocc")
class Autoencoder(OneClassModel):
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
            preprocessing=preprocessing,
            weight_decay=weight_decay,
            seed=seed,
            name=name,
        )
        if not isinstance(decoder, keras.layers.Layer):
            raise ValueError(f"`decoder` must be a Keras model. Received: {type(decoder).__name__}")
        self.decoder = decoder
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        code = self.encoder.compute_output_shape((None, *input_shape[1:]))
        if not self.decoder.built:
            self.decoder.build(code)
        output = tuple(self.decoder.compute_output_shape(code)[1:])
        if output != tuple(input_shape[1:]):
            raise ValueError(
                f"`decoder` must map codes of shape {tuple(code[1:])} to samples of shape "
                f"{tuple(input_shape[1:])}. Received: output shape {output}"
            )

    def represent(self, x: Any, training: bool = False) -> dict[str, Any]:
        prepared = self.prepare(x)
        code = self.encoder(prepared, training=training)
        return {"input": prepared, "output": self.decoder(code, training=training)}

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        return squared_error(representation["input"], representation["output"])

    def score_of(self, representation: dict[str, Any]) -> Any:
        return squared_error(representation["input"], representation["output"])

    def default_callbacks(self) -> list[StateCallback]:
        # A constant code is not its trivial solution, and codes of a wide layer
        # may differ by little; the reconstruction error tells all there is.
        return []

    def get_config(self) -> dict[str, Any]:
        decoder = keras.saving.serialize_keras_object(self.decoder)
        return {**super().get_config(), "decoder": decoder}
