"""`OneClassModel`: what a method defines, and how inputs become scores."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseMonitor
from kerasocc.checks import check_integer, check_non_negative
from kerasocc.engine.augmentation import make_augmenter
from kerasocc.engine.encoder_model import EncoderModel, check_encoder
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.engine.sources import Source
from kerasocc.engine.tables import checked_names
from kerasocc.models.options import signature_with_options
from kerasocc.state import add_state


class OneClassModel(EncoderModel):
    """Base of all models: an encoder, an objective and an anomaly score.

    A subclass says what the objective works on (`represent`), what it costs per sample
    (`loss_of`) and how anomalous it is (`score_of`). How it trains, scores and is saved is common
    to all and stands in `kerasocc.engine`. A subclass with an `__init__` of its own calls
    `build_from_encoder` at its end. See the guide "Write your own method".

    `model(x)` and `model.predict(x)` give the anomaly score, shape `(batch,)`, float32; larger is
    more anomalous.

    Args:
        encoder: Keras model that maps a batch of inputs to embeddings, shape `(batch, d)`.
        preprocessing: Adapted layer (or None) that raw inputs pass first, in its `sample_dtype` or
            float32; it is saved inside the model. `datasets.TableFeatures` for text and dates.
        augmentation: Keras layer (or None) that changes raw samples at random in the steps of the
            training, and nowhere else: `keras.layers.RandomFlip`, or several in a
            `keras.Sequential`. It keeps the shape of the samples. It is saved inside the model.
        weight_decay: Factor of `1/2 * sum ||W||_F^2` over the trained kernels,
            added to the objective but not to the reported loss.
        seed: Seed of the order of the samples and of the augmentation. None draws one from Python's
            `random`, which `keras.utils.set_random_seed` seeds.
        feature_names: Names of the columns of a table: frames and dicts are brought into this
            order, arrays must have it. None has the first `fit` on a frame or a dict set them.
        name: Name of the model.
    """

    uses_labels = False
    """Whether `y` given to `fit` changes the objective."""
    uses_outliers = False
    """Whether `fit` takes auxiliary `outliers`: as samples with the label -1, or, in a model that
    does not use labels, by their `anomaly_loss_of`."""
    needs_anomalies = False
    """Whether the objective has a trivial solution without labelled anomalies or outliers."""
    views_per_sample = 1
    """How many inputs of the encoder are made of a sample."""
    needs_initialization = False
    """Whether `initialize` sets state that the score needs, so that an untrained model cannot
    score."""

    has_training_steps = True
    """Whether `fit` takes gradient steps."""
    without_augmentation = ""
    """Why samples cannot be augmented in the training; empty where they can."""

    def __init_subclass__(cls, **arguments: Any):
        super().__init_subclass__(**arguments)
        if "__init__" in vars(cls):
            signature = signature_with_options(cls.__init__, super(cls, cls).__init__)
            if signature is not None:
                cls.__init__.__signature__ = signature

    def __init__(
        self,
        encoder: keras.Model,
        *,
        preprocessing: keras.layers.Layer | None = None,
        augmentation: keras.layers.Layer | None = None,
        weight_decay: float = 0.0,
        seed: int | None = None,
        feature_names: Sequence[str] | None = None,
        name: str | None = None,
    ):
        # Without autocast raw inputs reach the preprocessing in full precision.
        super().__init__(name=name, autocast=False)
        check_encoder(encoder)
        if isinstance(encoder, OneClassModel):
            raise ValueError(
                "`encoder` must be a Keras model that embeds samples; pass the `encoder` of a "
                f"one-class model, not the model. Received: {type(encoder).__name__}"
            )
        if preprocessing is not None and not isinstance(preprocessing, keras.layers.Layer):
            raise ValueError(
                "`preprocessing` must be a Keras layer or None. Received: "
                f"preprocessing={preprocessing!r}"
            )
        self.encoder = encoder
        self.preprocessing = preprocessing
        self.feature_names = checked_names(feature_names, self.table_features)
        self.weight_decay = check_non_negative("weight_decay", weight_decay)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        self.order_seed = random.randrange(2**31) if seed is None else seed
        self.augmenter = make_augmenter(self, augmentation)
        self.threshold = add_state(self, "threshold", initial=math.inf)
        self.epochs_trained = add_state(self, "epochs_trained", dtype="int32")
        # What `LatentLabels` has the step flag: the share, the same as a ratio of integers, and
        # what the batches so far have left of it, in units of the denominator.
        self.flagged_share = add_state(self, "flagged_share")
        self.flagged_ratio = add_state(self, "flagged_ratio", (2,), dtype="int32")
        self.flagged_remainder = add_state(self, "flagged_remainder", dtype="int32")
        self.fitted = add_state(self, "fitted", initial=float(not self.needs_initialization))
        self.fitted_on = add_state(self, "fitted_on", (5,), dtype="int32")
        if type(self).__init__ is OneClassModel.__init__:
            self.build_from_encoder()

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
            targets: `{"label": (batch,), "index": (batch,)}`, and `sample_targets` for the
                batches of `fit`: `evaluate`, validation, latent labels and `train_on_batch`
                have none, so read them with `targets.get`.
        """
        raise NotImplementedError

    def score_of(self, representation: Any) -> Any:
        """Anomaly score, shape `(batch,)`, float32."""
        raise NotImplementedError

    def anomaly_loss_of(self, representation: Any) -> Any:
        """Per-example loss `L_a` of samples taken for anomalies, shape `(batch,)`, float32.

        For latent outlier exposure. Finite, and with finite gradients, for any
        representation.

        Args:
            representation: What `represent` returned.
        """
        raise NotImplementedError

    def loss_difference_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        """Per-example `L_n - L_a`, shape `(batch,)`, float32; a model may know it for less.

        Args:
            representation: What `represent` returned.
            targets: As `loss_of` takes them.
        """
        return self.loss_of(representation, targets) - self.anomaly_loss_of(representation)

    def sample_targets(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Per-sample targets that change between epochs, by name.

        Each is a function from positions in the training set, shape `(batch,)`, to
        values, shape `(batch, ...)`, always of one shape and dtype.
        """
        return {}

    def weight_penalty(self) -> Any:
        """Penalty on the weights that the objective has and the reported loss shows.

        Weight decay, which any model can have beside its objective, is no part of it.
        """
        return 0.0

    def decayed_kernels(self) -> list[Any]:
        """The weights that `weight_decay` applies to."""
        return [w for w in self.trainable_variables if len(w.shape) >= 2]

    def check_training_source(self, source: Source, steps: int | None) -> None:
        """Refuse training samples that the objective cannot be trained on.

        Args:
            source: The samples.
            steps: `steps_per_epoch`.

        Raises:
            ValueError: If they cannot be used.
        """

    def initialize(self) -> None:
        """Set the state that depends on the training data, before the first epoch.

        `self.training_run.map` reads them. A fit that goes on with a fitted model
        (`self.is_fitted`) should leave the state as it is.
        """

    def initialize_from_batch(self) -> None:
        """As `initialize`, for `train_on_batch` before any `fit`: no callbacks follow."""
        self.initialize()

    def kept_state(self) -> list[str]:
        """Names of what a further fit leaves as it is, whatever samples it has."""
        return ["threshold"] if self.has_set_threshold() else []

    def update_state(self, representation: Any, sample_weight: Any = None) -> None:
        """Update state, in the step, from a training batch and its weights, `(batch,)` or None."""

    def regularization(self, representation: Any, objective: Any) -> Any:
        """What is added to the objective of a training batch, apart from weight decay.

        Args:
            representation: What `represent` returned.
            objective: This replica's share of the objective, a scalar.

        Returns:
            This replica's share of the penalty, a scalar.
        """
        return 0.0

    def optimizer_groups(self) -> list[OptimizerGroup]:
        """Which optimizer trains which weights."""
        return [OptimizerGroup(self.optimizer, self.trainable_variables)]

    def default_callbacks(self) -> list[StateCallback]:
        """Callbacks attached to every fit unless the user passes others of their kind."""
        return [CollapseMonitor()]

    def embeddings_to_monitor(self, x: Any) -> np.ndarray:
        """Embeddings whose spread `CollapseMonitor` follows, shape `(samples, d)`."""
        return self.embed(x)

    @property
    def can_leave_collapse(self) -> bool:
        """Whether the objective may lead a network away that maps all samples to one point."""
        return True

    @property
    def has_anomaly_loss(self) -> bool:
        """Whether the model defines `anomaly_loss_of`."""
        return type(self).anomaly_loss_of is not OneClassModel.anomaly_loss_of

    def training_scores(self, x: Any, y: Any = None) -> np.ndarray:
        """Scores of the samples that the model was fitted on, for statistics of them.

        Args:
            x: These samples; a model may need them all, and in the same order.
            y: The labels that `fit` was given, for an `Ensemble` with a member that uses them.

        Returns:
            Shape `(samples,)`, float32.
        """
        return self.score(x)

    # Inputs to scores.

    def call(self, x: Any, training: bool = False) -> Any:
        return self.score_of(self.represent(x, training))

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "preprocessing": serialize(self.preprocessing),
            "augmentation": serialize(self.augmentation),
            "weight_decay": self.weight_decay,
            "seed": self.seed,
            "feature_names": self.feature_names and list(self.feature_names),
            "name": self.name,
        }
