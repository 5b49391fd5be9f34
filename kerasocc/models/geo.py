"""GEO, classification of geometric transformations (Golan and El-Yaniv, NeurIPS 2018)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.dirichlet import DirichletUpdate
from kerasocc.callbacks.view_order import ViewOrder
from kerasocc.checks import check_integer
from kerasocc.losses import dirichlet, geo
from kerasocc.models.base import OneClassModel
from kerasocc.models.options import ModelOptions
from kerasocc.networks import views
from kerasocc.state import add_state, set_initial_state

TRANSFORMATIONS = len(views.GEOMETRIC)


@keras.saving.register_keras_serializable(package="kerasocc")
class GEO(OneClassModel):
    """GEO: who knows normal images sees which of 72 transformations one went through.

    The transformations mirror an image or not, shift it by 0 and `shift` up and down, as much
    left and right, and turn it by 0, 90, 180 and 270 degrees, in this order. A linear layer on
    the embedding of a view gives the softmax `p` over them, which is trained with the
    cross-entropy. After the training, `callbacks.DirichletUpdate` fits a Dirichlet distribution
    with parameters `alpha_t` to the `p` of the training images for every transformation `t`. The
    score is `-sum_t sum_k (alpha_tk - 1) log p_k(t(x))`, less its mean over the training images.

    A step shows every image of its batch in one view: a batch of 128 images are 128 pairs of an
    image and a transformation. Which one changes from epoch to epoch, so that 72 epochs show
    every image in every view once: **three passes over all pairs, as in the paper, are
    `epochs=216`**. Fewer, or a number that is no multiple of 72, are fine as well. `evaluate`,
    validation losses and `train_on_batch` take the mean over all 72 views of an image.

    In the authors' code the pairs are shuffled over a whole pass, so that an image may come twice
    in a batch; ours come in 72 rounds of all images. Their score is divided by 72, keeps the mean
    of the training images, and has `log 0` where ours is clipped at `log 1e-37`; their fixed-point
    iteration ends after 1000 steps, where ours goes on by Newton's method. All else is alike:
    the transformations and their order, the padding (mirrored at the edge, `"symmetric"` in
    NumPy), the network (`networks.wide_resnet(depth=10, width=4, use_bias=True)`) with Adam at
    1e-3, the first estimate and the iteration for the Dirichlets.

    Scores take 72 passes through the encoder per image. Of a set of images no more than one
    batch of views is in memory at once.

    Args:
        encoder: Keras model from square images `(batch, n, n, c)` to embeddings
            `(batch, d)`. It may have biases.
        shift: Pixels that views are shifted by, from 1 to `n - 1`; None for a quarter of `n`.
        **options: `preprocessing`, `weight_decay` (over encoder and head), `seed` (also of the
            initial head) and `name`, see `OneClassModel`.

    Attributes:
        alpha: Parameters of the Dirichlets, shape `(72, 72)`; until the first fit they are 2 on
            the diagonal and 1 elsewhere, with which the score is `-sum_t log p_t(t(x))`.
        origin: Mean of `log p` over the training images, shape `(72, 72)`; until then 0.

    Raises:
        ValueError: For images that are not square, and a shift that does not fit them.

    Example:
        >>> encoder = kerasocc.networks.wide_resnet((32, 32, 3), depth=10, use_bias=True)
        >>> model = kerasocc.GEO(encoder, preprocessing=data.preprocessing)
        >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
        >>> model.fit(data.x_train, batch_size=128, epochs=216)

    Reference:
        Golan and El-Yaniv, Deep Anomaly Detection Using Geometric Transformations,
        NeurIPS 2018.
    """

    uses_outliers = True
    views_per_sample = TRANSFORMATIONS

    def __init__(
        self,
        encoder: keras.Model,
        *,
        shift: int | None = None,
        **options: Unpack[ModelOptions],
    ):
        super().__init__(encoder, **options)
        self.shift = None if shift is None else check_integer("shift", shift, minimum=1)
        # Float32 keeps small probabilities apart.
        self.head = keras.layers.Dense(
            TRANSFORMATIONS,
            kernel_initializer=keras.initializers.GlorotUniform(seed=self.order_seed),
            dtype="float32",
            name="head",
        )
        self.alpha = add_state(self, "alpha", (TRANSFORMATIONS, TRANSFORMATIONS))
        set_initial_state(self.alpha, 1.0 + np.eye(TRANSFORMATIONS, dtype="float32"))
        self.origin = add_state(self, "origin", (TRANSFORMATIONS, TRANSFORMATIONS))
        self.build_from_encoder()

    def build(self, input_shape: Any) -> None:
        side = views.checked_side(input_shape[1:], self.shift)
        shift = max(side // 4, 1) if self.shift is None else self.shift
        self._table = views.pixel_table(views.GEOMETRIC, side, shift, padding="symmetric")
        super().build(input_shape)
        self.head.build((None, self.embedding_size(input_shape)))

    def represent(self, x: Any, training: bool = False) -> Any:
        """Logits of the transformations for every view, shape `(batch, 72, 72)`, float32."""
        shown = views.all_views(self.prepare(x), self._table)
        logits = self._logits(ops.reshape(shown, (-1, *shown.shape[2:])), training)
        return ops.reshape(logits, (-1, TRANSFORMATIONS, TRANSFORMATIONS))

    def represent_batch(self, x: Any, targets: dict[str, Any], training: bool) -> Any:
        """As `represent`; in a step of `fit` those of one view, shape `(batch, 1, 72)`."""
        number = targets.get("view")
        if number is None:
            return self.represent(x, training)
        return self._logits(views.one_view(self.prepare(x), self._table, number), training)[:, None]

    def _logits(self, shown: Any, training: bool) -> Any:
        return self.head(self.encoder(shown, training=training))

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        run, seed = self.training_run, self.order_seed
        return {"view": lambda index: views_at(index, run.cached.get("epoch", 0), seed)}

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        number = targets.get("view")
        numbers = ops.arange(TRANSFORMATIONS)[None] if number is None else number[:, None]
        return geo.normal_loss(representation, numbers)

    def anomaly_loss_of(self, representation: Any) -> Any:
        """Per-example loss of samples taken for anomalies, shape `(batch,)`, float32."""
        return geo.anomaly_loss(representation)

    def score_of(self, representation: Any) -> Any:
        return geo.dirichlet_score(representation, self.alpha, self.origin)

    def softmax_moments(self, x: Any) -> Any:
        """`p` and `log p` of every view of inputs, shape `(batch, 2, 72, 72)`, float32."""
        log_p = geo.log_softmax(self.represent(x))
        return ops.stack([ops.exp(log_p), log_p], axis=1)

    def fit_dirichlets(self) -> None:
        """Fit the Dirichlets to the outputs on the training set, in a running `fit`."""
        mean_p, mean_log_p = self.training_run.map("softmax_moments", mean=True)
        self.alpha.assign(dirichlet.maximum_likelihood(mean_p, mean_log_p).astype("float32"))
        self.origin.assign(mean_log_p.astype("float32"))

    def default_callbacks(self) -> list[StateCallback]:
        # One embedding for all upright images is no collapse: the head tells views apart.
        return [ViewOrder(), DirichletUpdate()]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shift": self.shift}


def views_at(index: np.ndarray, epoch: int, seed: int) -> np.ndarray:
    """Which view of each sample an epoch shows: in 72 epochs every one, in a drawn order.

    Args:
        index: Positions of samples, shape `(batch,)`.
        epoch: Number of epochs trained before.
        seed: Of the orders.

    Returns:
        Numbers of views, shape `(batch,)`, int32.
    """
    round_, position = divmod(epoch, TRANSFORMATIONS)
    order = np.random.default_rng([seed, round_]).permutation(TRANSFORMATIONS)
    return order[(index + position) % TRANSFORMATIONS].astype("int32")
