"""The members of an ensemble: their checks, their training, the samples that each is given."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_integer
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


def input_shapes(members: list[OneClassModel]) -> list[tuple[int | None, ...]]:
    """Shapes of the batches that the members take, of those that know it."""
    return [m.encoder_input_shape for m in members if m.encoder_input_shape is not None]


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
        functools.partial(member.fit, part, **options)
        for member, part in zip(members, parts, strict=True)
    ]
    weights = [id(weight) for member in members for weight in member.variables]
    can_train_together = len(set(weights)) == len(weights)
    histories = (
        train_together(trainings) if can_train_together else [train() for train in trainings]
    )
    merged = keras.callbacks.History()
    merged.epoch = max((history.epoch for history in histories), key=len)
    merged.history = {
        f"member_{number}_{name}": values
        for number, history in enumerate(histories)
        for name, values in history.history.items()
    }
    return merged


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
    """Which samples and which members belong to which fold.

    Member `i` is trained without the samples whose position leaves the remainder `i % count`.

    Args:
        count: Number of folds.
        members: Number of members, no fewer.
        source: All training samples, arrays.

    Raises:
        ValueError: If a fold would have no member, or the samples cannot be read by position.
    """

    def __init__(self, count: int, members: int, source: Source):
        self.count = check_integer("folds", count, minimum=2)
        if not source.has_random_access:
            raise ValueError('`calibration="cross"` needs arrays. Received: a dataset')
        if count > members:
            raise ValueError(
                "`folds` must be at most the number of members: the held-out score of a sample is "
                "that of the members that are trained without its fold. Received: "
                f"folds={count}, {members} members"
            )
        self.of_members = np.arange(members) % count
        self._of_samples = np.arange(source.num_samples) % count
        self._is_normal = is_normal(source)

    def training_rows(self, fold: int) -> np.ndarray:
        """Positions of the samples that the members of a fold are trained on."""
        return np.flatnonzero(self._of_samples != fold)

    def held_out_rows(self, fold: int) -> np.ndarray:
        """Positions of the other samples, without labelled anomalies."""
        return np.flatnonzero((self._of_samples == fold) & self._is_normal)
