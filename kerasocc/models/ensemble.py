"""`Ensemble`: the mean of the standardized scores of several models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.checks import check_choice, check_fraction
from kerasocc.engine.explaining import Explainable
from kerasocc.engine.sources import Source
from kerasocc.engine.tables import checked_names, names_in
from kerasocc.models.base import OneClassModel
from kerasocc.models.members import (
    Folds,
    check_no_callbacks,
    check_training_source,
    checked_members,
    common_names,
    input_shapes,
    is_normal,
    part_for,
    scores_of,
    serialized_members,
    train_members,
    training_scores,
)
from kerasocc.models.score_scales import SCALES
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class Ensemble(Explainable):
    """Several models, of one or of several methods, as one.

    The score is the mean over the members of their scores, each standardized by the member's
    own scores of the training samples. `fit` trains the members and does that. Members that have
    been trained already, each in its own way, become an ensemble by `standardize`.

    It saves to one `.keras` file and exports as one scorer. `compile` is passed on to the members,
    the loss of `evaluate` is the mean score, and `embed` gives all embeddings side by side.

    Args:
        members: Models of this package, all for samples of one shape. With different seeds, or
            of different methods, they err differently. A preprocessing layer may be shared.
        standardization: Scale that the scores of the members are brought to:

            - `"log-median"`: the distance of the logarithm of a score from its median, in units
              of its spread; of the score itself for a member that has negative scores;
            - `"tail"`: minus the logarithm of the share of reference scores that are as large;
            - `"rank"`: the share of the reference scores that are smaller.

            The last two do not tell apart scores beyond the largest reference.
        feature_names: As in `OneClassModel`; default those of the members.
        name: Name of the model.

    Attributes:
        held_out_scores: After `fit(x, calibration="cross")` the score of every training sample by
            members trained without it, shape `(samples,)`, NaN for labelled anomalies; else None.

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
        feature_names: Sequence[str] | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name, autocast=False)
        self.members = checked_members(members)
        self.feature_names = checked_names(feature_names) or common_names(self.members)
        self.standardization = check_choice("standardization", standardization, SCALES)
        self.scale = SCALES[standardization](len(self.members))
        self.threshold = add_state(self, "threshold", initial=math.inf)
        self.fitted = add_state(self, "fitted")
        self.held_out_scores: np.ndarray | None = None
        if self.encoder_input_shape is not None:
            self.build_by_call(self.encoder_input_shape)

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
    def encoder_input_shape(self) -> tuple[int | None, ...] | None:
        """Shape of the batches that the members take; None until one knows it."""
        return next(iter(input_shapes(self.members)), None)

    @property
    def table_features(self) -> Any:
        """That of the members, which `checked_members` found to be the same."""
        return next((m.table_features for m in self.members if m.table_features), None)

    uses_labels = property(lambda self: any(member.uses_labels for member in self.members))
    views_per_sample = property(lambda self: max(m.views_per_sample for m in self.members))
    score_metrics = property(lambda self: self.members[0].score_metrics)
    sample_dtype = property(lambda self: max(member.sample_dtype for member in self.members))

    def raw_scores(self, x: Any) -> Any:
        """The members' own scores of inputs `(batch, ...)`, shape `(batch, members)`."""
        return ops.stack([member(x) for member in self.members], axis=-1)

    def standardized_scores(self, x: Any) -> Any:
        """The same, standardized."""
        return self.scale(self.raw_scores(x))

    def call(self, x: Any, training: bool = False) -> Any:
        return ops.mean(self.standardized_scores(x), axis=-1)

    def embedding(self, x: Any, training: bool = False) -> Any:
        parts = [ops.cast(member.embedding(x), "float32") for member in self.members]
        flat = [ops.reshape(part, (-1, math.prod(part.shape[1:]))) for part in parts]
        return ops.concatenate(flat, axis=-1)

    def loss_and_score(self, x: Any) -> tuple[Any, Any]:
        """The score of inputs `(batch, ...)`, which takes the place of a loss, and the score."""
        score = self(x)
        return score, score

    def weight_penalty(self) -> float:
        return 0.0  # there is no objective

    def member_scores(
        self, x: Any, *, standardized: bool = True, batch_size: int | None = None
    ) -> np.ndarray:
        """Scores of every member, whose mean is the score of the ensemble.

        Args:
            x: Samples, as for `score`.
            standardized: Whether they are brought to one scale.
            batch_size: Samples per pass.

        Returns:
            Shape `(samples, members)`, float32.
        """
        method = "standardized_scores" if standardized else "raw_scores"
        return self.inference.map(method, self.scoring_source(x), batch_size=batch_size)

    def disagreement(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Standard deviation over the members of their `member_scores`, shape `(samples,)`."""
        return self.member_scores(x, batch_size=batch_size).std(axis=1)

    def training_scores(self, x: Any, y: Any = None) -> np.ndarray:
        """As `score`, of the samples of the last `fit`, see `OneClassModel.training_scores`.

        Not after `fit(x, calibration="cross")`, which has `held_out_scores`.
        """
        source = self.source_of(x, y)
        raw = [training_scores(member, source) for member in self.members]
        return ops.convert_to_numpy(ops.mean(self.scale(np.stack(raw, axis=-1)), axis=-1))

    # Training.

    def compile(self, optimizer: Any = "adam", **options: Any) -> None:
        """Compile every member, each with an optimizer of its own.

        May be left out where every member has been compiled.

        Args:
            optimizer: Keras optimizer or its name, copied for every member.
            **options: Others of `compile`.
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

        The members are trained by `train_together` if they share no weights.

        Args:
            x: Training samples, as for other models; not endless.
            y: Semi-supervised labels. Members that do not use labels are trained without the
                labelled anomalies.
            sample_weight: Factors of the losses, shape `(samples,)`.
            calibration: `"cross"` trains every member without one fold of the samples. The scores
                of the samples that they were trained without set the members' scales and the
                threshold, so that all samples serve for both. Cross-conformal p-values, which
                compare each fold with its own members, would flag at most a share `2 * fpr` of
                new normal samples; the mean over all members varies less, and flags rather fewer.
            folds: Number of folds, at most that of the members: member `i` is trained without
                the samples whose position leaves the remainder `i % folds`.
            fpr: With `calibration="cross"`: the false positive rate to set the threshold for.
            **options: Others of `fit`, for every member.

        Returns:
            A `History` with the members' values, `member_0_loss` and so on.

        Reference:
            Vovk, Cross-conformal predictors, Ann. of Mathematics and Artificial Intelligence 2015.
        """
        check_no_callbacks(options)
        source = self.source_of(x, y, sample_weight)
        check_training_source(source, uses_labels=self.uses_labels)
        self.ensure_built(source)
        if not self.is_fitted:
            self.feature_names = self.feature_names or names_in(x)
        self.held_out_scores = None
        if calibration is not None:
            check_choice("calibration", calibration, ["cross"])
            return self._fit_cross(source, folds, check_fraction("fpr", fpr, zero=True), options)
        parts = [part_for(member, source) for member in self.members]
        history = train_members(self.members, parts, options)
        self._set_scales(scores_of(self.members, parts, trained_on=True))
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

    def standardize(self, x: Any, *, trained_on: bool = False) -> None:
        """Set the scales of trained members, and make the ensemble a fitted model.

        For members that were trained on their own, and again after one has been trained further.

        Args:
            x: Normal samples.
            trained_on: Whether they are those of the last `fit` of all members, in its order: a
                sample that `NearestNeighbors` stores is then not its own neighbour.
        """
        source = self.source_of(x)
        self.ensure_built(source)
        self._set_scales(scores_of(self.members, [source] * len(self.members), trained_on))

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
        return {
            "members": serialized_members(self.members),
            "standardization": self.standardization,
            "feature_names": self.feature_names and list(self.feature_names),
            "name": self.name,
        }
