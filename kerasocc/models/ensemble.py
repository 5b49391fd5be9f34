"""`Ensemble`: the mean of the standardized scores of several models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.checks import check_choice, check_fraction
from kerasocc.engine.decisions import Detector
from kerasocc.engine.saving import restored
from kerasocc.engine.sources import Source, as_source
from kerasocc.models.base import OneClassModel
from kerasocc.models.members import (
    Folds,
    check_no_callbacks,
    checked_members,
    input_shapes,
    is_normal,
    part_for,
    share_weights,
    train_members,
    training_source,
)
from kerasocc.models.score_scales import SCALES
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class Ensemble(Detector):
    """Several models, of one or of several methods, as one.

    The score is the mean over the members of their scores, each standardized by the member's
    own scores of the training samples. `fit` trains the members and does that. Members that have
    been trained already, each in its own way, become an ensemble by `standardize`.

    It saves to one `.keras` file and exports as one scorer. It has no optimizer, no loss and no
    steps of its own: `compile` is passed on to the members, and the loss that `evaluate` reports
    is the mean score. `embed` gives the embeddings of all members side by side.

    Args:
        members: Models of this package, all for samples of one shape. With different seeds, or
            of different methods, they err differently. A preprocessing layer may be shared.
        standardization: Scale that the scores of the members are brought to:

            - `"log-median"`: the distance of the logarithm of a score from its median, in units
              of its spread; of the score itself for a member that has negative scores;
            - `"tail"`: minus the logarithm of the share of the reference scores that are as
              large;
            - `"rank"`: the share of the reference scores that are smaller.

            The last two do not tell apart scores beyond the largest reference score.
        name: Name of the model.

    Attributes:
        held_out_scores: After `fit(x, calibration="cross")` the score of every training sample
            by members that were trained without it, shape `(samples,)`, NaN for labelled
            anomalies; else None. Not part of the file.

    Raises:
        ValueError: For members that are no one-class models, or the same model twice, and for an
            unknown standardization.

    Example:
        >>> encoders = [kerasocc.networks.mlp([20, 64, 32], seed=seed) for seed in range(5)]
        >>> members = [kerasocc.DeepSVDD(e, seed=seed) for seed, e in enumerate(encoders)]
        >>> model = kerasocc.Ensemble([*members, kerasocc.NearestNeighbors(standardize=True)])
        >>> model.compile(keras.optimizers.Adam(1e-3))
        >>> model.fit(x_train, epochs=20)
        >>> model.calibrate(x_held_out, fpr=0.05)
        >>> model.is_anomaly(x_new), model.disagreement(x_new)
    """

    needs_initialization = True

    def __init__(
        self,
        members: Sequence[OneClassModel],
        *,
        standardization: str = "log-median",
        name: str | None = None,
    ):
        super().__init__(name=name, autocast=False)
        self.members = checked_members(members)
        self.standardization = check_choice("standardization", standardization, SCALES)
        self.scale = SCALES[standardization](len(self.members))
        self.threshold = add_state(self, "threshold", initial=math.inf)
        self.fitted = add_state(self, "fitted")
        self.held_out_scores: np.ndarray | None = None
        shapes = input_shapes(self.members)
        if shapes:
            self.build_by_call(shapes[0])

    # Inputs to scores.

    def build(self, input_shape: Any) -> None:
        for member in self.members:
            member.build_by_call((None, *input_shape[1:]))
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build_by_call(tuple(config["input_shape"]))

    def ensure_built(self, source: Source) -> None:
        """Build the members for the source's samples, or check that they fit them."""
        for member in self.members:
            member.ensure_built(source)
        self.build_by_call((None, *source.input_shape()))

    @property
    def views_per_sample(self) -> int:
        """The most inputs of an encoder that a member makes of a sample."""
        return max(member.views_per_sample for member in self.members)

    @property
    def uses_labels(self) -> bool:
        """Whether a member uses labels."""
        return any(member.uses_labels for member in self.members)

    def raw_scores(self, x: Any) -> Any:
        """The members' own scores of inputs `(batch, ...)`, shape `(batch, members)`."""
        return ops.stack([member(x) for member in self.members], axis=-1)

    def standardized_scores(self, x: Any) -> Any:
        """The standardized scores of inputs `(batch, ...)`, shape `(batch, members)`."""
        return self.scale(self.raw_scores(x))

    def call(self, x: Any, training: bool = False) -> Any:
        return ops.mean(self.standardized_scores(x), axis=-1)

    def embedding(self, x: Any, training: bool = False) -> Any:
        """The members' embeddings of inputs `(batch, ...)`, flattened, side by side."""
        parts = [ops.cast(member.embedding(x), "float32") for member in self.members]
        flat = [ops.reshape(part, (-1, math.prod(part.shape[1:]))) for part in parts]
        return ops.concatenate(flat, axis=-1)

    def loss_and_score(self, x: Any) -> tuple[Any, Any]:
        """The score of inputs `(batch, ...)`, which takes the place of a loss, and the score."""
        score = self(x)
        return score, score

    def weight_penalty(self) -> float:
        """None: there is no objective."""
        return 0.0

    def member_scores(
        self, x: Any, *, standardized: bool = True, batch_size: int | None = None
    ) -> np.ndarray:
        """Scores of every member, whose mean is the score of the ensemble.

        Args:
            x: Samples, shape `(samples, ...)`, or a dataset of batches.
            standardized: Whether the scores are brought to one scale; the members' own if not.
            batch_size: Samples per pass.

        Returns:
            Shape `(samples, members)`, float32.
        """
        method = "standardized_scores" if standardized else "raw_scores"
        return self.inference.map(method, self.scoring_source(x), batch_size=batch_size)

    def disagreement(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Standard deviation over the members of their `member_scores`, shape `(samples,)`."""
        return self.member_scores(x, batch_size=batch_size).std(axis=1)

    # Training.

    def compile(self, optimizer: Any = "adam", **options: Any) -> None:
        """Compile every member, each with an optimizer of its own.

        May be left out where every member has been compiled.

        Args:
            optimizer: Keras optimizer or its name, copied for every member.
            **options: Others of `compile` of a model of this package.
        """
        config = keras.optimizers.serialize(keras.optimizers.get(optimizer))
        for member in self.members:
            member.compile(optimizer=keras.optimizers.deserialize(config), **options)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        calibration: str | None = None,
        folds: int = 5,
        fpr: float = 0.05,
        **options: Any,
    ) -> keras.callbacks.History:
        """Train the members and standardize their scores.

        The members are trained one after the other, or by `train_together` if they share no
        weights.

        Args:
            x: Training samples, as for other models; not endless.
            y: Semi-supervised labels, shape `(samples,)`. Members that do not use labels are
                trained without the labelled anomalies.
            sample_weight: Factors of the samples' losses, shape `(samples,)`.
            calibration: `"cross"` trains every member without one fold of the samples. The scores
                of the samples that they were trained without set the members' scales and the
                threshold, so that all samples serve for both. Cross-conformal p-values, which
                compare each fold with its own members, would flag at most a share `2 * fpr` of
                new normal samples. The threshold is on the mean over all members, which varies
                less than that over those of a fold, and so flags rather fewer.
            folds: Number of folds, at most that of the members: member `i` is trained without
                the samples whose position leaves the remainder `i % folds`.
            fpr: With `calibration="cross"`: the false positive rate to set the threshold for.
            **options: Others of `fit` (`batch_size`, `epochs`, `verbose`, `shuffle`,
                `validation_data`, ...), for every member.

        Returns:
            A `History` with the members' values, `member_0_loss` and so on.

        Raises:
            ValueError: For data that cannot be trained on, and for callbacks, which belong to a
                single model: train the members on their own and call `standardize`.

        Reference:
            Vovk, Cross-conformal predictors, Ann. of Mathematics and Artificial Intelligence 2015.
        """
        check_no_callbacks(options)
        source = training_source(x, y, sample_weight, uses_labels=self.uses_labels)
        self.ensure_built(source)
        self.held_out_scores = None
        if calibration is not None:
            check_choice("calibration", calibration, ["cross"])
            return self._fit_cross(source, folds, check_fraction("fpr", fpr, zero=True), options)
        parts = [part_for(member, source) for member in self.members]
        history = train_members(self.members, parts, options)
        self._set_scales(
            [
                member.training_scores(part)[is_normal(part)]
                for member, part in zip(self.members, parts, strict=True)
            ]
        )
        return history

    def _fit_cross(
        self, source: Source, count: int, fpr: float, options: dict[str, Any]
    ) -> keras.callbacks.History:
        folds = Folds(count, self.members, source)
        history = folds.train(options)
        self._set_scales(folds.scores_of_members())
        self.held_out_scores = folds.held_out_scores(self.member_scores)
        self.calibrate_on_scores(self.held_out_scores[is_normal(source)], fpr=fpr)
        return history

    def standardize(self, x: Any) -> None:
        """Set the scales of trained members, and make the ensemble a fitted model.

        For members that were trained on their own; `fit` does it by the training samples. Call
        it again after a member has been trained further.

        Args:
            x: Normal samples, as for `score`; rather such that no member was trained on.
        """
        source = as_source(x)
        self.ensure_built(source)
        self._set_scales([member.score(source) for member in self.members])

    def _set_scales(self, references: list[np.ndarray]) -> None:
        self.scale.adapt(references)
        self.fitted.assign(1.0)
        self.invalidate_compiled()

    def reset(self) -> None:
        super().reset()
        for member in self.members:
            member.reset()
        self.held_out_scores = None

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        for member in self.members:
            if member.compiled and member.built:
                member.build_optimizer()
        super().load_weights(filepath, **kwargs)
        # The weights of a member may have been replaced by others.
        self.invalidate_compiled()

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        if share_weights(self.members):
            # Keras marks a layer as shared when it meets it again.
            for member in self.members:
                serialize(member)
        members = [serialize(member) for member in self.members]
        return {"members": members, "standardization": self.standardization, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**restored(config, custom_objects))
