"""The members of an ensemble: their checks, their training, the samples that each is given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_integer
from kerasocc.engine.labels import check_training_labels
from kerasocc.engine.sources import Source
from kerasocc.engine.train_together import train_together
from kerasocc.models.base import OneClassModel


def checked_members(members: Any) -> list[OneClassModel]:
    """The members, if they can form an ensemble.

    Raises:
        ValueError: Unless they are different one-class models for samples of one shape.
    """
    members = list(members) if isinstance(members, (list, tuple)) else [members]
    wrong = [type(member).__name__ for member in members if not isinstance(member, OneClassModel)]
    if wrong or not members:
        raise ValueError(
            "`members` must be a list of one-class models of kerasocc. Received: "
            f"{wrong or 'an empty list'}"
        )
    if len({id(member) for member in members}) < len(members):
        raise ValueError("`members` must be different models. Received: one of them twice")
    shapes = [shape[1:] for shape in input_shapes(members)]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError(
            "`members` must be models for samples of one shape. Received: models for samples of "
            f"the shapes {shapes}"
        )
    return members


def common_names(members: list[OneClassModel]) -> tuple[str, ...] | None:
    """Names of the columns that the members were fitted on, None if no member has any.

    Raises:
        ValueError: If the members were fitted on different columns, or orders of them, or make
            other features of them.
    """
    features = [m.table_features.columns for m in members if m.table_features is not None]
    if any(columns != features[0] for columns in features):
        raise ValueError(
            "`members` must share one `TableFeatures`, or have adapted it on the same rows. "
            "Received: members that make different features of the columns"
        )
    names = list(dict.fromkeys(m.feature_names for m in members if m.feature_names is not None))
    if len(names) > 1:
        raise ValueError(
            "`members` must be fitted on the same columns in the same order. Received: "
            f"{list(names[0])[:10]} and {list(names[1])[:10]}"
        )
    return names[0] if names else None


def input_shapes(members: list[OneClassModel]) -> list[tuple[int | None, ...]]:
    """Shapes of the batches that the members take, of those that know it."""
    return [m.encoder_input_shape for m in members if m.encoder_input_shape is not None]


def check_no_callbacks(options: dict[str, Any]) -> None:
    """Raise `ValueError` if the arguments of `fit` hold callbacks."""
    if options.get("callbacks"):
        raise ValueError(
            "`callbacks` must be left out: a callback belongs to one model. Call `fit` of the "
            "members with callbacks of their own, then `standardize`."
        )


def check_training_source(source: Source, *, uses_labels: bool) -> None:
    """Raise `ValueError` for training samples that not all members can be trained on.

    Args:
        source: The samples, with their labels if they have any.
        uses_labels: Whether a member uses labels.

    Raises:
        ValueError: If they are endless, or labelled anomalies that no member uses.
    """
    if source.endless:
        raise ValueError(
            "`x` must come to an end: the scores of all its samples set the scales of the "
            "members. Received: an endless dataset"
        )
    if source.has_random_access and source.y is not None:
        check_training_labels(source.y, uses_labels=uses_labels)


def scores_of(
    members: list[OneClassModel], parts: list[Source], trained_on: bool
) -> list[np.ndarray]:
    """The scores of every member for the normal samples of its part.

    Args:
        members: Trained models.
        parts: Samples of each.
        trained_on: Whether these are the samples of its last `fit`.
    """
    return [
        (member.training_scores if trained_on else member.score)(part)[is_normal(part)]
        for member, part in zip(members, parts, strict=True)
    ]


def training_scores(member: OneClassModel, source: Source) -> np.ndarray:
    """Scores of all training samples of an ensemble by a member, shape `(samples,)`, float32.

    Args:
        member: A trained model. Labelled anomalies that it was not given are new to it.
        source: What the last `fit` of the ensemble was given.
    """
    part = part_for(member, source)
    scores = member.training_scores(part)
    if part is source:
        return scores
    normal = is_normal(source)
    found = np.empty(source.num_samples, scores.dtype)
    found[normal] = scores
    found[~normal] = member.score(source.take(np.flatnonzero(~normal)))
    return found


def share_weights(members: list[OneClassModel]) -> bool:
    """Whether a weight, one of the preprocessing for instance, belongs to several members."""
    weights = [id(weight) for member in members for weight in member.variables]
    return len(set(weights)) < len(weights)


def serialized_members(members: list[OneClassModel]) -> list[dict[str, Any]]:
    """The members as a configuration holds them, what they share once."""
    serialize = keras.saving.serialize_keras_object
    if share_weights(members):
        # Keras marks a layer as shared when it meets it again.
        for member in members:
            serialize(member)
    return [serialize(member) for member in members]


def train_members(
    members: list[OneClassModel], parts: list[Source], options: dict[str, Any]
) -> keras.callbacks.History:
    """Train every member on its part of the samples.

    Args:
        members: Compiled models.
        parts: Training samples of each.
        options: For the `fit` of each.

    Returns:
        A `History` with the members' values, `member_0_loss` and so on.
    """
    trainings = [
        functools.partial(member.fit, part, **_options_of(member, members, options))
        for member, part in zip(members, parts, strict=True)
    ]
    one_by_one = share_weights(members)
    histories = [train() for train in trainings] if one_by_one else train_together(trainings)
    merged = keras.callbacks.History()
    merged.epoch = max((history.epoch for history in histories), key=len)
    merged.history = {
        f"member_{number}_{name}": values
        for number, history in enumerate(histories)
        for name, values in history.history.items()
    }
    return merged


def _options_of(
    member: OneClassModel, members: list[OneClassModel], options: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of `fit` for a member: outliers are for those that use them, if any does."""
    if member.uses_outliers or not any(other.uses_outliers for other in members):
        return options
    return {name: value for name, value in options.items() if name != "outliers"}


def part_for(member: OneClassModel, source: Source, rows: np.ndarray | None = None) -> Source:
    """What a member is trained on: the samples that it can use.

    Args:
        member: Is given labelled anomalies only if it uses labels.
        source: All training samples.
        rows: Positions of those that it may be given; None for all.
    """
    if not source.has_random_access:
        return source
    rows = np.arange(source.num_samples) if rows is None else rows
    if not member.uses_labels:
        rows = rows[is_normal(source)[rows]]
    return source if len(rows) == source.num_samples else source.take(rows)


def is_normal(source: Source) -> Any:
    """Which samples are no labelled anomalies, as an index: shape `(samples,)`, or all."""
    if not source.has_random_access:
        return slice(None)
    labels = source.y
    return np.full(source.num_samples, True) if labels is None else labels != -1


class Folds:
    """Members that are trained without a fold of the samples each.

    Member `i` is trained without the samples whose position leaves the remainder `i % count`.

    Args:
        count: Number of folds.
        members: Compiled models, no fewer.
        source: All training samples, arrays.

    Raises:
        ValueError: If a fold would have no member, or the samples cannot be read by position.
    """

    def __init__(self, count: int, members: list[OneClassModel], source: Source):
        check_integer("folds", count, minimum=2)
        if not source.has_random_access:
            raise ValueError('`calibration="cross"` needs arrays. Received: a dataset')
        if count > len(members):
            raise ValueError(
                "`folds` must be at most the number of members: the held-out score of a sample is "
                "that of the members that are trained without its fold. Received: "
                f"folds={count}, {len(members)} members"
            )
        self._members, self._source = members, source
        self._of_members = np.arange(len(members)) % count
        of_samples = np.arange(source.num_samples) % count
        self._others = [np.flatnonzero(of_samples != fold) for fold in range(count)]
        normal = is_normal(source)
        self._rows = [np.flatnonzero((of_samples == fold) & normal) for fold in range(count)]
        self._held_out = [source.take(rows) for rows in self._rows]

    def train(self, options: dict[str, Any]) -> keras.callbacks.History:
        """Train the members, as `train_members` does."""
        folds = zip(self._members, self._of_members, strict=True)
        parts = [part_for(member, self._source, self._others[fold]) for member, fold in folds]
        return train_members(self._members, parts, options)

    def scores_of_members(self) -> list[np.ndarray]:
        """Every member's own scores of the normal samples that it was trained without."""
        folds = zip(self._members, self._of_members, strict=True)
        return [member.score(self._held_out[fold]) for member, fold in folds]

    def held_out_scores(self, member_scores: Callable[[Source], np.ndarray]) -> np.ndarray:
        """Mean scores by the members that were trained without a sample.

        Args:
            member_scores: From samples to standardized scores, shape `(samples, members)`.

        Returns:
            Shape `(samples,)`, float32, NaN for labelled anomalies.
        """
        found = np.full(self._source.num_samples, np.nan, "float32")
        for fold, rows in enumerate(self._rows):
            scores = member_scores(self._held_out[fold])
            found[rows] = scores[:, self._of_members == fold].mean(axis=1)
        return found
