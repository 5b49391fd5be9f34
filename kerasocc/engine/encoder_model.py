"""`EncoderModel`: what is done with the encoder of a model, and with what samples pass before."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.engine.explaining import inputs_are_prepared
from kerasocc.engine.keras_contract import num_replicas
from kerasocc.engine.keras_layers import all_layers, build_layer, output_shape_of
from kerasocc.engine.sample_checks import check_sample_shape
from kerasocc.engine.sources import Source
from kerasocc.engine.trainer import Trainer


def check_encoder(encoder: Any) -> None:
    """Raise `ValueError` unless it is a Keras model of one input tensor."""
    if not isinstance(encoder, keras.layers.Layer):
        raise ValueError(f"`encoder` must be a Keras model. Received: {type(encoder).__name__}")
    inputs = getattr(encoder, "inputs", None) or []
    in_dict = isinstance(getattr(encoder, "input", None), dict)
    if len(inputs) > 1 or in_dict:
        raise ValueError(
            "`encoder` must take one input tensor; concatenate several columns to one array "
            f"and split it in the encoder. Received: {encoder.name!r} with {len(inputs)} "
            f"inputs{' in a dict' if in_dict else ''}"
        )


class EncoderModel(Trainer):
    """How a model with an encoder is built, and how its encoder embeds samples.

    Assumes the attributes `encoder`, `preprocessing` and `augmenter`.
    """

    _input_shape: tuple[int | None, ...] | None = None

    def build(self, input_shape: Any) -> None:
        preprocessing = self.preprocessing
        if preprocessing is not None and not preprocessing.built:
            # Outside of a graph: a layer may keep tensors that it makes here.
            build_layer(preprocessing, input_shape)
        if self.augmenter is not None:
            self.augmenter.build(input_shape)
        if not self.encoder.built:
            build_layer(self.encoder, (None, *self.prepared_shape(input_shape[1:])))
        self._input_shape = tuple(input_shape)
        self.built = True

    def encoder_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Shape of what the encoder makes of samples of a shape, batch first.

        Raises:
            ValueError: If it is no single tensor.
        """
        found = output_shape_of(self.encoder, (None, *self.prepared_shape(input_shape[1:])))
        if not isinstance(found, tuple) or any(isinstance(size, tuple) for size in found):
            raise ValueError(
                "`encoder` must map to a single tensor of embeddings. Received: outputs of the "
                f"shapes {found}"
            )
        return found

    def embedding_size(self, input_shape: Any) -> int:
        """Number of dimensions `d` that a flat encoder embeds inputs of a shape in.

        Raises:
            ValueError: If its embeddings are not flat.
        """
        embedding = self.encoder_output_shape(input_shape)
        if len(embedding) != 2:
            raise ValueError(
                "`encoder` must map to embeddings of shape (batch, d); end it with "
                f"`Flatten` or a pooling layer. Received: output shape {embedding}"
            )
        return embedding[1]

    def build_from_encoder(self) -> None:
        """Create the weights now if the encoder already knows its input."""
        shape = self.encoder_input_shape
        if shape is not None:
            self.build_by_call(shape)

    @property
    def encoder_input_shape(self) -> tuple[int | None, ...] | None:
        """Shape of the batches that the encoder takes, None before it is known."""
        shape = getattr(self.encoder, "input_shape", None) if self.encoder.built else None
        return shape if isinstance(shape, tuple) else None

    def ensure_built(self, source: Source) -> None:
        """Build the model for the source's samples, or check that they fit it.

        Raises:
            ValueError: If the samples have another shape than the encoder takes.
        """
        self.check_adapted()
        shape = source.input_shape()
        # An encoder that is a subclass of `Model` does not tell.
        expected = self.encoder_input_shape or self._input_shape
        if expected is not None:
            expected = expected[1:]
            if shape != expected:
                check_sample_shape(shape, expected, self.prepared_shape(shape))
        self.build_by_call((None, *shape))

    def prepared_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape of a sample of a given shape after the preprocessing."""
        if self.preprocessing is None:
            return tuple(shape)
        samples = keras.KerasTensor((None, *shape), dtype="float32")
        return tuple(self.preprocessing.compute_output_spec(samples).shape[1:])

    def prepare(self, x: Any) -> Any:
        """Convert inputs `(batch, ...)` to float32 and apply the preprocessing."""
        return x if inputs_are_prepared.get() else self.preprocessed(x)

    def preprocessed(self, x: Any) -> Any:
        """As `prepare`, for inputs that have not been prepared yet."""
        if self.sample_dtype == "float32":
            x = keras.ops.cast(x, "float32")
        return x if self.preprocessing is None else self.preprocessing(x)

    @property
    def augmentation(self) -> keras.layers.Layer | None:
        """The layer that changes samples in the steps of the training, or None."""
        return None if self.augmenter is None else self.augmenter.layer

    def embedding(self, x: Any, training: bool = False) -> Any:
        """Embed a tensor of inputs, shape `(batch, ...)`, as `(batch, d)`."""
        return self.encoder(self.prepare(x), training=training)

    def batch_norms(self) -> list[keras.layers.Layer]:
        """The layers of the encoder that score with moving statistics of the training."""
        norms = keras.layers.BatchNormalization
        layers = [e for e in all_layers(self.encoder) if isinstance(e, norms)]
        return [layer for layer in layers if layer.trainable]

    def embeddings_in_training_mode(self, x: np.ndarray) -> np.ndarray | None:
        """Embeddings of samples by the statistics of their batch, shape `(samples, d)`.

        Args:
            x: Samples; nothing of the model changes by them.

        Returns:
            None where they would be the same as in inference mode, or under replicas.
        """
        if not self.batch_norms() or num_replicas(self) > 1:
            return None
        weights = self.encoder.non_trainable_variables
        before = [keras.ops.convert_to_numpy(weight) for weight in weights]
        embeddings = keras.ops.convert_to_numpy(self.embedding(x, training=True))
        for weight, value in zip(weights, before, strict=True):
            weight.assign(value)
        return embeddings
