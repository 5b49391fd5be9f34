"""`OneClassModel`: Keras's `fit`, `evaluate` and `predict` for one-class objectives."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc import distribution
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseMonitor
from kerasocc.checks import check_integer, check_non_negative
from kerasocc.losses.weight_decay import squared_norm
from kerasocc.models import feeding, steps
from kerasocc.models.compiling import Compiling
from kerasocc.models.exposure import OutlierExposure
from kerasocc.models.fitting import Fitting
from kerasocc.models.graph_epochs import GraphSteps
from kerasocc.models.jax_epochs import JaxSteps
from kerasocc.models.meeting import claim
from kerasocc.models.passes import InferencePasses
from kerasocc.models.saving import Saving
from kerasocc.models.scoring import Scoring
from kerasocc.state import add_state


class OneClassModel(Compiling, Fitting, OutlierExposure, Scoring, Saving, keras.Model):
    """Base of all models: an encoder, an objective and an anomaly score.

    A subclass says what the objective works on (`represent`), what it costs per
    sample (`loss_of`) and how anomalous it is (`score_of`). Training, scoring
    and saving are common to all and stand in files of their own.

    `model(x)` and `model.predict(x)` give the anomaly score, shape `(batch,)`,
    float32; larger is more anomalous.

    Args:
        encoder: Keras model that maps a batch of inputs to embeddings,
            shape `(batch, d)`.
        preprocessing: Adapted layer (or None) that raw inputs pass first; it is
            saved inside the model. It computes in float32.
        weight_decay: Factor of `1/2 * sum ||W||_F^2` over the trained kernels,
            added to the objective but not to the reported loss.
        seed: Seed of the order of the samples. None draws one from Python's
            `random`, which `keras.utils.set_random_seed` seeds.
        name: Name of the model.
    """

    uses_labels = False
    """Whether `y` given to `fit` changes the objective."""
    views_per_sample = 1
    """How many inputs of the encoder are made of a sample."""

    def __init__(
        self,
        encoder: keras.Model,
        *,
        preprocessing: keras.layers.Layer | None = None,
        weight_decay: float = 0.0,
        seed: int | None = None,
        name: str | None = None,
    ):
        # Without autocast raw inputs reach the preprocessing in full precision.
        super().__init__(name=name, autocast=False)
        if not isinstance(encoder, keras.layers.Layer):
            raise ValueError(f"`encoder` must be a Keras model. Received: {type(encoder).__name__}")
        if isinstance(encoder, OneClassModel):
            raise ValueError(
                "`encoder` must be a Keras model that embeds samples; pass the `encoder` of a "
                f"one-class model, not the model. Received: {type(encoder).__name__}"
            )
        self.encoder = encoder
        self.preprocessing = preprocessing
        self.weight_decay = check_non_negative("weight_decay", weight_decay)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.threshold = add_state(self, "threshold", initial=math.inf)
        self.epochs_trained = add_state(self, "epochs_trained", dtype="int32")
        # What `LatentLabels` has the step flag.
        self.flagged_share = add_state(self, "flagged_share")
        self._order_seed = random.randrange(2**31) if seed is None else seed
        self._passes = InferencePasses(self)
        self._loop = (JaxSteps if keras.backend.backend() == "jax" else GraphSteps)(self)
        self._training_data = None
        self._feed = None
        self._chunk_is_ours = True

    # What a subclass defines.

    def represent(self, x: Any, training: bool = False) -> Any:
        """Map inputs `(batch, ...)` to what objective and score are computed from."""
        return self.embedding(x, training)

    def represent_batch(self, x: Any, targets: dict[str, Any], training: bool) -> Any:
        """As `represent`, for a batch of `fit` or `train_on_batch`, whose targets are known."""
        return self.represent(x, training)

    def loss_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        """Per-example loss, shape `(batch,)`, float32.

        Args:
            representation: What `represent` returned.
            targets: `{"label": (batch,), "index": (batch,)}` and `sample_targets`.
        """
        raise NotImplementedError

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Targets of training samples that change between epochs, by name.

        Each is a function from positions in the training set, shape `(batch,)`, to
        values, shape `(batch, ...)`, float32, of the shape of a sample.
        """
        return {}

    def weight_penalty(self) -> Any:
        """Penalty on the weights that the objective has and the reported loss shows.

        Weight decay, which any model can have beside its objective, is no part of it.
        """
        return 0.0

    def score_of(self, representation: Any) -> Any:
        """Anomaly score, shape `(batch,)`, float32."""
        raise NotImplementedError

    def initialize(self) -> None:
        """Set the state that depends on the training data, before the first epoch.

        `over_training_data` reads them.
        """

    def update_state(self, representation: Any) -> None:
        """Update state from a training batch whose loss has been taken, inside the step."""

    def regularization(self, representation: Any, objective: Any) -> Any:
        """What is added to the objective of a training batch, apart from weight decay.

        Args:
            representation: What `represent` returned.
            objective: This replica's share of the objective, a scalar.

        Returns:
            This replica's share of the penalty, a scalar.
        """
        return 0.0

    def optimizer_groups(self) -> list[steps.OptimizerGroup]:
        """Which optimizer trains which weights."""
        return [steps.OptimizerGroup(self.optimizer, self.trainable_variables)]

    def default_callbacks(self) -> list[StateCallback]:
        """Callbacks attached to every fit unless the user passes others of their kind."""
        return [CollapseMonitor()]

    def has_state(self) -> Any:
        """Whether the state that the score needs has been set: True, or a boolean tensor."""
        return True

    @property
    def is_fitted(self) -> bool:
        """Whether the model can score."""
        return self.built and bool(keras.ops.convert_to_numpy(self.has_state()))

    # Inputs to scores.

    def build(self, input_shape: Any) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def embedding_size(self, input_shape: Any) -> int:
        """Number of dimensions `d` that a flat encoder embeds inputs of a shape in.

        Raises:
            ValueError: If its embeddings are not flat.
        """
        embedding = self.encoder.compute_output_shape((None, *input_shape[1:]))
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

    def build_by_call(self, input_shape: tuple[int | None, ...]) -> None:
        """Build through a symbolic call: Keras exports models only that were called."""
        if not self.built:
            claim(self.variables)
            self(keras.Input(batch_shape=input_shape))

    def prepare(self, x: Any) -> Any:
        """Convert inputs `(batch, ...)` to float32 and apply the preprocessing."""
        x = keras.ops.cast(x, "float32")
        return x if self.preprocessing is None else self.preprocessing(x)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """Embed a tensor of inputs, shape `(batch, ...)`, as `(batch, d)`."""
        return self.encoder(self.prepare(x), training=training)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.score_of(self.represent(x, training))

    def loss_and_score(self, x: Any) -> tuple[Any, Any]:
        """Per-example objective of unlabelled inputs and their score, in inference mode."""
        representation = self.represent(x)
        objective = self.loss_of(representation, feeding.as_targets(None, x))
        return objective, self.score_of(representation)

    # Keras's training protocol.

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:
        """Share of this replica in the objective over the global batch.

        Args:
            x: Inputs, shape `(batch, ...)`.
            y: Targets as `loss_of` takes them.
            y_pred: What `represent` returned.
            sample_weight: Shape `(batch,)`, or None.
            training: Whether latent labels count, and to add weight decay and the layers'
                own losses.

        Returns:
            Scalar, float32.
        """
        losses = self.loss_of(y_pred, y)
        if training:
            losses = self._exposed(losses, y_pred, y)
        if sample_weight is not None:
            losses = losses * keras.ops.cast(keras.ops.reshape(sample_weight, (-1,)), losses.dtype)
        weights = self.weight_penalty()
        self.loss_tracker.update_state(losses + weights)
        total = distribution.global_mean_share(losses) + distribution.replicated_share(weights)
        if training:
            extra = sum(keras.ops.cast(loss, "float32") for loss in self.losses)
            if self.weight_decay:
                extra = extra + self.weight_decay * squared_norm(self._kernels())
            penalty = self.regularization(y_pred, total)
            total = total + distribution.replicated_share(extra) + penalty
        return total

    def train_step(self, *args: Any) -> Any:
        backend = keras.backend.backend()
        if backend == "jax":
            state, data = args
            state = steps.jax_step(self, state, lambda: self._batch_loss(data, training=True))
            return steps.jax_logs(self, state[-1]), state
        step = steps.tensorflow_step if backend == "tensorflow" else steps.torch_step
        step(self, lambda: self._batch_loss(args[0], training=True))
        return self.get_metrics_result()

    def test_step(self, *args: Any) -> Any:
        def loss():
            return self._batch_loss(args[-1], training=False)

        if keras.backend.backend() == "jax":
            state = steps.jax_evaluation(self, args[0], loss)
            return steps.jax_logs(self, state[-1]), state
        loss()
        return self.get_metrics_result()

    def _batch_loss(self, data: Any, training: bool) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        targets = feeding.as_targets(y, x)
        representation = self.represent_batch(x, targets, training)
        loss = self.compute_loss(x, targets, representation, sample_weight, training)
        if training:
            self.update_state(representation)
        return loss

    def _kernels(self) -> list[Any]:
        return [w for w in self.trainable_variables if len(w.shape) >= 2]
