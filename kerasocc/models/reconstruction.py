"""`ReconstructionModel`: encoder, decoder and the reconstruction error as anomaly score."""

from __future__ import annotations

from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.engine.keras_layers import build_layer, output_shape_of
from kerasocc.losses.latent_outlier_exposure import inverse
from kerasocc.losses.reconstruction import squared_error
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions


class ReconstructionModel(OneClassModel):
    """Base of the models that score by `||x - dec(enc(x))||^2`.

    It works on the preprocessed inputs. A subclass calls `build_from_encoder` at the
    end of its `__init__`.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to codes `(batch, d)`.
        decoder: Keras model from codes to the shape of the inputs.
        **options: `preprocessing` (one that scales to [0, 1] for a decoder that ends in a
            sigmoid), `weight_decay` (over encoder and decoder), `seed` and `name`, see
            `OneClassModel`.

    Raises:
        ValueError: If the decoder's output has another shape than the input.
    """

    own_explanation = "reconstruction"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        if not isinstance(decoder, keras.layers.Layer):
            raise ValueError(f"`decoder` must be a Keras model. Received: {type(decoder).__name__}")
        self.decoder = decoder

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        code = self.encoder_output_shape(input_shape)
        if not self.decoder.built:
            build_layer(self.decoder, code)
        output = tuple(output_shape_of(self.decoder, code)[1:])
        if output != tuple(input_shape[1:]):
            raise ValueError(
                f"`decoder` must map codes of shape {tuple(code[1:])} to samples of shape "
                f"{tuple(input_shape[1:])}. Received: output shape {output}"
            )

    def autoencode(self, prepared: Any, training: bool = False) -> Any:
        """Reconstruct a tensor of prepared inputs, shape `(batch, ...)`."""
        return self.decoder(self.encoder(prepared, training=training), training=training)

    def represent(self, x: Any, training: bool = False) -> dict[str, Any]:
        prepared = self.prepare(x)
        return {"input": prepared, "output": self.autoencode(prepared, training)}

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        return squared_error(representation["input"], representation["output"])

    def score_of(self, representation: dict[str, Any]) -> Any:
        return squared_error(representation["input"], representation["output"])

    def anomaly_loss_of(self, representation: dict[str, Any]) -> Any:
        return inverse(self.score_of(representation))

    def contributions(self, x: Any) -> Any:
        """The squared error of every feature of inputs `(batch, ...)`, the same shape, float32."""
        representation = self.represent(x)
        return ops.square(
            ops.cast(representation["input"], "float32")
            - ops.cast(representation["output"], "float32")
        )

    def reconstruction(self, x: Any) -> Any:
        """Reconstruct a tensor of inputs `(batch, ...)`, in float32 and inference mode."""
        return ops.cast(self.represent(x)["output"], "float32")

    def reconstruct(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Reconstructions `dec(enc(x))`, in inference mode.

        Args:
            x: Array of shape `(samples, ...)` or a dataset of batches.
            batch_size: Samples per pass; the result does not depend on it.

        Returns:
            Array of shape `(samples, ...)`, float32, in the space of the preprocessed
            inputs.
        """
        source = self.source_of(x)
        self.ensure_built(source)
        return self.inference.map("reconstruction", source, batch_size=batch_size)

    def default_callbacks(self) -> list[StateCallback]:
        # A constant code is not its trivial solution, and codes of a wide layer
        # may differ by little; the reconstruction error tells all there is.
        return []

    def get_config(self) -> dict[str, Any]:
        decoder = keras.saving.serialize_keras_object(self.decoder)
        return {**super().get_config(), "decoder": decoder}
