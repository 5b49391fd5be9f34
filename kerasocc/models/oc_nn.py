"""OC-NN, one-class neural network (Chalapathy et al., 2018)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc import distribution
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.quantile import QuantileUpdate
from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.storage.rows import chunks, rows_at_once
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.losses import oc_nn
from kerasocc.losses.quantile import global_quantile, quantile
from kerasocc.losses.weight_decay import squared_norm
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.state import add_state, set_initial_state


@keras.saving.register_keras_serializable(package="kerasocc")
class OCNN(OneClassModel):
    """One-class neural network: a hyperplane through a hidden layer on an encoder.

    The objective (eq. 3), in `w` and `V`, neither with a bias, is::

        1/2 ||w||^2 + 1/2 ||V||_F^2 + 1/nu * mean(max(0, r - <w, g(V phi(x))>)) - r

    `w`, `V` and the encoder are trained by backpropagation, `r` is kept at the
    `nu`-quantile of `<w, g(V phi(x))>` over the training set by `callbacks.QuantileUpdate`.
    The score is `r - <w, g(V phi(x))>`; above 0, the natural threshold, is anomalous. The
    reported loss is the whole objective.

    As far as we know the encoder of the paper is that of an autoencoder
    (`kerasocc.pretrain`) and trained on, which is the default here: the embeddings are then
    scaled to length 1, since longer ones, of anomalies as well, are the easiest way to push
    `<w, g(V phi)>` up; the callbacks are `QuantileUpdate()` and a `CollapseMonitor` of the
    unit-length embeddings. With a free encoder the minimum of the objective is collapse, so
    its value says nothing about detection: choose the number of epochs in advance or by a
    validation set. It helps to train `w` and `V` first with the encoder frozen (`start_from`),
    because random ones push it anywhere, and `QuantileUpdate(update="batch")`, because no
    sample is left beyond an `r` that stays behind for an epoch.

    `train_encoder=False` freezes the encoder, its BatchNorm then in inference mode, though its
    weights stay trainable for others. The embeddings keep their length with a sigmoid, and the
    default callback is `QuantileUpdate(update="joint")`, which minimises the objective.

    A hyperplane that separates normal samples from the origin says something where the origin
    is far from them. It is not on centred columns behind a network without biases, which a
    warning reports after the training. For tables take `networks.fourier_features` of
    standardised columns, and `QuantileUpdate(update="joint")`, also where these are trained.

    Only the sigmoid bounds the objective from below. With `"linear"` and `"relu"`
    it is homogeneous: `(t w, t V, t^2 r)` has `t^2` times the value. So it has no
    minimum as soon as one value is negative, and the embeddings are scaled to
    length 1 by default, with which no value is; the minimum then is `w = V = 0`,
    towards which the scores shrink while they keep their order. Train these for
    few epochs.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to embeddings `(batch, d)`.
        units: Width of the hidden layer.
        nu: Fraction of the training samples that lie beyond the hyperplane, in
            (0, 1].
        activation: `g`: `"sigmoid"`, `"linear"` or `"relu"`.
        train_encoder: Whether the encoder is trained too.
        normalize: Whether the embeddings are scaled to length 1; None for yes with
            `"linear"` and `"relu"` and with an encoder that is trained. Such a one
            needs `weight_decay` if they are not: without it `V -> 0` while the
            embeddings grow costs nothing and makes all scores equal.
        **options: `preprocessing`, `weight_decay` (of the trained encoder alone: `w` and `V`
            have their place in the objective), `seed` (also of the initial `w` and `V`) and
            `name`, see `OneClassModel`.

    Raises:
        ValueError: For `nu` outside of (0, 1], an unknown activation, or a
            `weight_decay` that nothing would use.

    Warns:
        UserWarning: If the objective is unbounded, and for an encoder that is
            trained without weight decay on embeddings of any length.

    Example:
        >>> autoencoder = kerasocc.pretrain(encoder, decoder, data.x_train, epochs=50)
        >>> head = kerasocc.OCNN(encoder, train_encoder=False, normalize=True)
        >>> head.compile(optimizer=keras.optimizers.Adam(1e-2))
        >>> head.fit(data.x_train, epochs=40)
        >>> model = kerasocc.OCNN(encoder)
        >>> model.start_from(head)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, epochs=20, callbacks=[QuantileUpdate(update="batch")])
        >>> model.is_anomaly(x_new)

    Reference:
        Chalapathy et al., Anomaly Detection using One-Class Neural Networks,
        arXiv 1802.06360, 2018.
    """

    needs_initialization = True
    named_state = (*OneClassModel.named_state, "r_rate")

    def __init__(
        self,
        encoder: keras.Model,
        *,
        units: int = 32,
        nu: float = 0.1,
        activation: str = "sigmoid",
        train_encoder: bool = True,
        normalize: bool | None = None,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.units = check_integer("units", units, minimum=1)
        self.nu = check_fraction("nu", nu, one=True)
        self.activation = check_choice("activation", activation, list(oc_nn.ACTIVATIONS))
        self.train_encoder = bool(train_encoder)
        needs_length = activation != "sigmoid" or self.train_encoder
        self.normalize = needs_length if normalize is None else bool(normalize)
        self._check_weight_decay()
        if self.is_unbounded:
            warnings.warn(
                f"With activation={activation!r} and normalize=False the objective of OC-NN has "
                "no lower bound: weights that are t times as large have t^2 times its value, "
                "which is negative for embeddings longer than 1. Leave `normalize` out.",
                stacklevel=2,
            )
        self.r = add_state(self, "r")
        self.r_from_batch = add_state(self, "r_from_batch")
        self.r_rate = add_state(self, "r_rate")
        set_initial_state(self.threshold, 0.0)
        self.build_from_encoder()

    def _check_weight_decay(self) -> None:
        if self.weight_decay and not self.train_encoder:
            raise ValueError(
                "`weight_decay` must be 0 with a frozen encoder: the norms of `w` and `V` are "
                "part of the objective and nothing else is trained. Received: "
                f"weight_decay={self.weight_decay}"
            )
        if self.train_encoder and not (self.weight_decay or self.normalize):
            warnings.warn(
                "OC-NN trains its encoder without `weight_decay`: embeddings that grow while V "
                "goes to 0 cost nothing and make all scores equal. Pass weight_decay=1e-6 or "
                "more.",
                stacklevel=3,
            )

    @property
    def is_unbounded(self) -> bool:
        """Whether the objective may have no lower bound."""
        return self.activation != "sigmoid" and not self.normalize

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        size = self.embedding_size(input_shape)
        self.hidden_kernel = self._add_kernel("V", (size, self.units), 0)
        self.output_kernel = self._add_kernel("w", (self.units,), 1)

    def _add_kernel(self, name: str, shape: tuple[int, ...], number: int) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=keras.initializers.GlorotUniform(seed=self.order_seed + number),
            dtype="float32",
            autocast=False,
        )

    def represent(self, x: Any, training: bool = False) -> Any:
        return self.project(self.embedding(x, training and self.train_encoder))

    def represent_batch(self, x: Any, targets: dict[str, Any], training: bool) -> Any:
        embedding = targets.get("embedding")
        return self.represent(x, training) if embedding is None else self.project(embedding)

    def project(self, embedding: Any) -> Any:
        """`<w, g(V phi)>` of embeddings `phi`, shape `(batch, d)`, as `(batch,)`."""
        if not self.train_encoder:
            embedding = ops.stop_gradient(embedding)
        if self.normalize:
            embedding = ops.normalize(ops.cast(embedding, "float32"), axis=-1, epsilon=1e-12)
        return oc_nn.projection(embedding, self.hidden_kernel, self.output_kernel, self.activation)

    def training_projections(self) -> np.ndarray:
        """`<w, g(V phi(x))>` of the training samples, shape `(samples,)`, during `fit`."""
        embeddings = self.training_run.cached.get("embeddings")
        if embeddings is None:
            return self.training_run.map("represent")
        return self.inference.run("project", chunks(embeddings, rows_at_once(embeddings.shape[1:])))

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        return oc_nn.hinge(representation, self.r, self.nu)

    def anomaly_loss_of(self, representation: Any) -> Any:
        return oc_nn.mirrored_hinge(representation, self.r)

    def score_of(self, representation: Any) -> Any:
        return self.r - representation

    def weight_penalty(self) -> Any:
        return squared_norm([self.hidden_kernel, self.output_kernel])

    def initialize(self) -> None:
        run = self.training_run
        # A dataset may give other samples at every pass, arrays are embedded once.
        if not self.train_encoder and run.source.has_random_access:
            run.cached["embeddings"] = run.map("embedding")
        if not self.is_fitted:
            projections = self.training_projections()
            self.r.assign(quantile(projections, self.nu, run.weights))

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        embeddings = self.training_run.cached.get("embeddings")
        return {} if embeddings is None else {"embedding": lambda index: embeddings[index]}

    def start_from(self, head: OCNN) -> None:
        """Take over `w`, `V` and `r`, to train the encoder of a model whose encoder was frozen.

        Args:
            head: A fitted model on the same encoder.

        Raises:
            ValueError: If it is not fitted, or of another width, activation or length.
        """
        alike = ("units", "activation", "normalize")
        own, other = ({name: getattr(m, name) for name in alike} for m in (self, head))
        if own != other or not head.is_fitted:
            raise ValueError(
                f"`head` must be a fitted OCNN with {own}. Received: "
                f"{'one' if head.is_fitted else 'one that is not fitted,'} with {other}"
            )
        if not self.built:
            self.build_by_call(head.encoder_input_shape)
        for name in ("hidden_kernel", "output_kernel", "r"):
            getattr(self, name).assign(getattr(head, name))
        self.fitted.assign(1.0)

    def derive_state(self, name: str) -> None:
        super().derive_state(name)
        if name == "fitted" and float(ops.convert_to_numpy(self.r)):
            self.fitted.assign(1.0)
        elif name == "r_rate":
            self.r_rate.assign(0.0)

    def update_state(self, representation: Any, sample_weight: Any = None) -> None:
        projections = ops.stop_gradient(representation)
        to_quantile = global_quantile(projections, self.nu, sample_weight, self.r) - self.r
        gathered = [projections] if sample_weight is None else [projections, sample_weight]
        slope = oc_nn.slope_in_r(*map(distribution.global_concat, gathered), r=self.r, nu=self.nu)
        # `QuantileUpdate` has one of the factors differ from 0, or none.
        self.r.assign(self.r + self.r_from_batch * to_quantile - self.r_rate * slope)

    def optimizer_groups(self) -> list[OptimizerGroup]:
        head = [self.hidden_kernel, self.output_kernel]
        return (
            super().optimizer_groups()
            if self.train_encoder
            else [OptimizerGroup(self.optimizer, head)]
        )

    def decayed_kernels(self) -> list[Any]:
        return [w for w in self.encoder.trainable_variables if len(w.shape) >= 2]

    def default_callbacks(self) -> list[StateCallback]:
        if self.train_encoder:
            return [QuantileUpdate(), *super().default_callbacks()]
        # The embeddings of a frozen encoder stay what they are.
        return [QuantileUpdate(update="joint")]

    def separated_embeddings(self, x: Any) -> np.ndarray:
        """`phi(x)` as the hyperplane separates it from the origin, shape `(samples, d)`."""
        embeddings = self.embed(x)
        return _unit_length(embeddings) if self.normalize else embeddings

    def embeddings_to_monitor(self, x: Any) -> np.ndarray:
        """Embeddings of length 1: longer ones are the easiest way to a lower objective."""
        return _unit_length(self.embed(x))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "nu": self.nu,
            "activation": self.activation,
            "train_encoder": self.train_encoder,
            "normalize": self.normalize,
        }


def _unit_length(embeddings: np.ndarray) -> np.ndarray:
    embeddings = embeddings.astype("float32")
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
