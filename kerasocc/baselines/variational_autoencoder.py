"""Variational autoencoder (Kingma and Welling, ICLR 2014), M1 of the deep generative models."""

from __future__ import annotations

from typing import Any, Unpack

import keras
from keras import ops

from kerasocc.baselines.gaussian_noise import StandardNormal
from kerasocc.callbacks.base import StateCallback
from kerasocc.engine.keras_layers import build_layer, output_shape_of
from kerasocc.losses import deep_generative
from kerasocc.losses.latent_outlier_exposure import inverse
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions


@keras.saving.register_keras_serializable(package="kerasocc")
class VariationalAutoencoder(OneClassModel):
    """Variational autoencoder with Bernoulli outputs.

    The objective is `-log p(x|z) + KL(q(z|x) || N(0, 1))` for one `z` drawn from `q(z|x)`, a
    normal distribution. The score is `-log p(x|z)` at the mean of `q(z|x)`, which `embed` gives.

    Args:
        encoder: Keras model from inputs in [0, 1], shape `(batch, ...)`, to the means and then the
            logarithms of the variances of `q(z|x)`, shape `(batch, 2 k)`:
            `kerasocc.networks.dense_encoder`.
        decoder: Keras model from `z`, shape `(batch, k)`, to the shape of the inputs; it ends in
            a sigmoid: `kerasocc.networks.dense_decoder`.
        **options: `preprocessing` (to [0, 1]), `weight_decay`, `seed` and `name`, see
            `OneClassModel`.

    Raises:
        ValueError: If the shapes do not fit together.

    Reference:
        Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014.
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **options: Unpack[ModelOptions]):
        super().__init__(encoder, **options)
        if not isinstance(decoder, keras.layers.Layer):
            raise ValueError(f"`decoder` must be a Keras model. Received: {type(decoder).__name__}")
        self.decoder = decoder
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.latent = latent_size(self.embedding_size(input_shape))
        build_decoder(self.decoder, self.latent, self.prepared_shape(input_shape[1:]))
        self.noise = StandardNormal(self.latent, self.order_seed)
        self.noise.build(input_shape)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """Means of `q(z|x)` of inputs `(batch, ...)`, shape `(batch, k)`."""
        return super().embedding(x, training)[:, : self.latent]

    def represent(self, x: Any, training: bool = False) -> dict[str, Any]:
        x = self.prepare(x)
        mean, log_variance = ops.split(
            ops.cast(self.encoder(x, training=training), "float32"), 2, axis=-1
        )
        z = mean + ops.exp(log_variance / 2) * self.noise(mean) if training else mean
        return {
            "reconstruction": deep_generative.bernoulli_loss(x, self.decoder(z, training=training)),
            "divergence": deep_generative.kl_divergence(mean, log_variance),
        }

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        return representation["reconstruction"] + representation["divergence"]

    def score_of(self, representation: dict[str, Any]) -> Any:
        return representation["reconstruction"]

    def anomaly_loss_of(self, representation: dict[str, Any]) -> Any:
        return inverse(self.score_of(representation))

    def default_callbacks(self) -> list[StateCallback]:
        # Codes that say nothing are no trivial solution: the reconstruction would be bad.
        return []

    def get_config(self) -> dict[str, Any]:
        decoder = keras.saving.serialize_keras_object(self.decoder)
        return {**super().get_config(), "decoder": decoder}


def latent_size(codes: int) -> int:
    """`k` of an encoder that gives `2 k` numbers, means and logarithms of variances."""
    if codes % 2:
        raise ValueError(
            "`encoder` must give an even number of values: means, then as many logarithms of "
            f"variances. Received: {codes} values"
        )
    return codes // 2


def build_decoder(decoder: keras.layers.Layer, width: int, sample: tuple[int, ...]) -> None:
    """Build a decoder for codes of `width` numbers, and check the shape of what it makes.

    Args:
        decoder: The decoder.
        width: Numbers of a code.
        sample: Shape of a sample.
    """
    if not decoder.built:
        build_layer(decoder, (None, width))
    known = getattr(decoder, "input_shape", None)
    fits = not isinstance(known, tuple) or known[1:] == (width,)
    output = tuple(output_shape_of(decoder, (None, width))[1:]) if fits else known[1:]
    if not fits or output != tuple(sample):
        raise ValueError(
            f"`decoder` must map codes of shape {(width,)} to samples of shape {tuple(sample)}. "
            f"Received: {'output' if fits else 'input'} shape {output}"
        )
