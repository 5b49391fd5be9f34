"""SS-DGM, semi-supervised deep generative model (Kingma et al., NIPS 2014): M1 and M2, stacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.baselines.gaussian_noise import StandardNormal
from kerasocc.baselines.variational_autoencoder import build_decoder, latent_size
from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_integer, check_non_negative
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.losses import deep_generative
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks.dense import gaussian_layers
from kerasocc.networks.layer_factory import sequential
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class SSDGM(OneClassModel):
    """Semi-supervised deep generative model, M1 and M2 stacked, with two classes.

    M1 is the frozen encoder of a `VariationalAutoencoder`, `q(z_1|x)`. M2 explains samples by
    their class `y` and a code `z_2`: `q(y|z_1)` is a classifier with one hidden layer,
    `q(z_2|z_1, y)` a recognition network, and `p(x|z_2, y)` the decoder. The objective is
    the mean over the `m` labelled samples of `L(x, y) - alpha n/m log q(y|x)`, plus the mean over
    the `n` unlabelled ones of `U(x)` (see `losses.deep_generative`), with one draw of `z_1` and of
    `z_2`. The score is the logit of `q(y=1|x)` at the mean of `z_1`.

    Args:
        encoder: That of a fitted `VariationalAutoencoder`; it is not trained.
        decoder: Keras model from `z_2` and two numbers that say the class, shape
            `(batch, latent + 2)`, to the shape of the inputs; it ends in a sigmoid:
            `kerasocc.networks.dense_decoder(shape, latent + 2)`.
        latent: Numbers of `z_2`.
        hidden: Widths of the hidden layers of the recognition network; the first is that of the
            classifier's.
        alpha: Weight of the classification.
        **options: `preprocessing` (to [0, 1]), `weight_decay` (of M2), `seed` (also of the networks
            that are made here) and `name`, see `OneClassModel`.

    Raises:
        ValueError: If the shapes do not fit together.

    Example:
        >>> first = kerasocc.baselines.VariationalAutoencoder(
        ...     kerasocc.networks.dense_encoder((28, 28, 1), 64),
        ...     kerasocc.networks.dense_decoder((28, 28, 1), 32),
        ...     preprocessing=unit,
        ... )
        >>> first.compile(keras.optimizers.Adam(1e-3))
        >>> first.fit(data.x_train, epochs=100, batch_size=128)
        >>> decoder = kerasocc.networks.dense_decoder((28, 28, 1), 34)
        >>> model = kerasocc.baselines.SSDGM(first.encoder, decoder, latent=32, preprocessing=unit)
        >>> model.compile(keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, data.y_train, epochs=100, batch_size=128)

    Reference:
        Kingma et al., Semi-Supervised Learning with Deep Generative Models, NIPS 2014; as the
        baseline of Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020.
    """

    uses_labels = True
    uses_outliers = True
    needs_anomalies = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        latent: int = 32,
        hidden: Sequence[int] = (128, 64),
        alpha: float = 0.1,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        if not isinstance(decoder, keras.layers.Layer):
            raise ValueError(f"`decoder` must be a Keras model. Received: {type(decoder).__name__}")
        self.decoder = decoder
        self.latent = check_integer("latent", latent, minimum=1)
        self.hidden = tuple(check_integer("hidden", width, minimum=1) for width in hidden)
        if not self.hidden:
            raise ValueError(f"`hidden` must hold at least one width. Received: hidden={hidden!r}")
        self.alpha = check_non_negative("alpha", alpha)
        self.labelled_share = add_state(self, "labelled_share")
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.code = latent_size(self.embedding_size(input_shape))
        build_decoder(self.decoder, self.latent + 2, self.prepared_shape(input_shape[1:]))
        seed = self.order_seed
        recognition = gaussian_layers([*self.hidden, 2 * self.latent], seed)
        self.recognition = sequential((self.code + 2,), recognition, "recognition")
        classifier = gaussian_layers([self.hidden[0], 1], seed + 500_000_000)
        self.classifier = sequential((self.code,), classifier, "classifier")
        self.noise = StandardNormal(self.code + self.latent, seed)
        self.noise.build(input_shape)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """Means of `q(z_1|x)` of inputs `(batch, ...)`, shape `(batch, k)`."""
        return super().embedding(x)[:, : self.code]

    def represent(self, x: Any, training: bool = False) -> dict[str, Any]:
        x = self.prepare(x)
        codes = ops.cast(self.encoder(x, training=False), "float32")
        if training:
            # It is frozen; explanations go through it.
            codes = ops.stop_gradient(codes)
        mean, log_variance = ops.split(codes, 2, axis=-1)
        first, noise = mean, None
        if training:
            draws = self.noise(mean)
            noise = draws[:, self.code :]
            first = mean + ops.exp(log_variance / 2) * draws[:, : self.code]
        logit = self.classifier(mean, training=training)
        costs = [self._cost(x, first, noise, y, training) for y in (0, 1)]
        return {
            "costs": ops.stack(costs, axis=-1),
            "logit": ops.cast(ops.squeeze(logit, axis=-1), "float32"),
        }

    def _cost(self, x: Any, first: Any, noise: Any, y: int, training: bool) -> Any:
        """`-log p(x|z_2, y) + KL` for all samples of a batch in class `y`, shape `(batch,)`."""
        one_hot = ops.tile(ops.one_hot(ops.full((1,), y, "int32"), 2), (ops.shape(first)[0], 1))
        codes = self.recognition(ops.concatenate([first, one_hot], axis=-1), training=training)
        mean, log_variance = ops.split(ops.cast(codes, "float32"), 2, axis=-1)
        z = mean if noise is None else mean + ops.exp(log_variance / 2) * noise
        output = self.decoder(ops.concatenate([z, one_hot], axis=-1), training=training)
        divergence = deep_generative.kl_divergence(mean, log_variance)
        return deep_generative.bernoulli_loss(x, output) + divergence

    def loss_of(self, representation: dict[str, Any], targets: dict[str, Any]) -> Any:
        return deep_generative.semi_supervised(
            representation["costs"],
            representation["logit"],
            targets["label"],
            alpha=self.alpha,
            labelled_share=self.labelled_share,
        )

    def score_of(self, representation: dict[str, Any]) -> Any:
        return representation["logit"]

    def initialize(self) -> None:
        run = self.training_run
        source = run.source
        batches = source.batches(source.rows_at_once, run.bound)
        labels = [np.zeros(len(x)) if y is None else y for x, y, _ in batches]
        share = float(np.mean(np.concatenate(labels) != 0))
        if run.has_outliers:
            outliers = run.drawn_from.fraction
            share = outliers + (1 - outliers) * share
        self.labelled_share.assign(share)

    def initialize_from_batch(self) -> None:
        """Nothing: the loss of batches before any `fit` is the plain mean."""

    def optimizer_groups(self) -> list[OptimizerGroup]:
        return [OptimizerGroup(self.optimizer, self._trained())]

    def _trained(self) -> list[Any]:
        parts = (self.decoder, self.recognition, self.classifier)
        return [weight for part in parts for weight in part.trainable_variables]

    def decayed_kernels(self) -> list[Any]:
        return [weight for weight in self._trained() if len(weight.shape) >= 2]

    def default_callbacks(self) -> list[StateCallback]:
        # The codes of the frozen encoder stay what they are.
        return []

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "latent": self.latent,
            "hidden": list(self.hidden),
            "alpha": self.alpha,
        }
