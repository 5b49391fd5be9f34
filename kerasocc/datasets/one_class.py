"""A data set cut for one-class experiments, and the cutting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction
from kerasocc.datasets.contamination import count_for
from kerasocc.datasets.sample_format import SampleFormat
from kerasocc.rows import Rows

TEST_FRACTION = 0.4
"""Of sources that have no test part of their own."""


@dataclass(frozen=True)
class OneClassDataset:
    """Training, validation and test samples of a one-class problem.

    Attributes:
        name: What it is called in reports.
        x_train: Raw training samples, shape `(samples, ...)`: an array, or `Rows`
            where they are too many for the memory; so `x_val` and `x_test`.
        y_train: Semi-supervised labels: +1 labelled normal, -1 labelled anomaly,
            0 unlabelled.
        truth_train: The hidden truth of the training samples: 0 normal, 1 anomaly.
        x_val, y_val: Validation samples and labels (0 normal, 1 anomaly); empty
            unless asked for.
        x_test, y_test: Test samples and labels (0 normal, 1 anomaly).
        sample_format: How new samples must look to be scored by a model of these.
    """

    name: str
    x_train: np.ndarray | Rows
    y_train: np.ndarray
    truth_train: np.ndarray
    x_val: np.ndarray | Rows
    y_val: np.ndarray
    x_test: np.ndarray | Rows
    y_test: np.ndarray
    sample_format: SampleFormat
    make_preprocessing: Callable[[np.ndarray | Rows], Any]

    @cached_property
    def preprocessing(self) -> Any:
        """Layer for the models, adapted on the normal and unlabelled training samples."""
        return self.make_preprocessing(self.x_train[self.y_train >= 0])

    def transductive(self) -> OneClassDataset:
        """The same problem with the unlabelled training samples as the test samples.

        How well hidden anomalies are found among the samples that were trained on is
        another question than the inductive one, and its figures do not compare with
        those of the test part.
        """
        unlabelled = self.y_train == 0
        return replace(
            self,
            name=f"{self.name}-transductive",
            x_test=self.x_train[unlabelled],
            y_test=self.truth_train[unlabelled],
        )


@dataclass(frozen=True)
class Pool:
    """Samples with their classes, before they are cut.

    Attributes:
        x: Shape `(samples, ...)`.
        classes: Shape `(samples,)`.
    """

    x: np.ndarray | Rows
    classes: np.ndarray

    def take(self, rows: np.ndarray) -> Pool:
        """The given rows."""
        return Pool(self.x[rows], self.classes[rows])


def split(pool: Pool, fraction: float, generator: np.random.Generator) -> tuple[Pool, Pool]:
    """Cut a pool in two, every class in the same proportion.

    Args:
        pool: The samples.
        fraction: Of the second part.
        generator: Draws which samples go there.

    Returns:
        First and second part, their rows in the order of the pool.
    """
    second = np.zeros(len(pool.classes), dtype=bool)
    for value in np.unique(pool.classes):
        rows = np.flatnonzero(pool.classes == value)
        count = round(fraction * len(rows))
        second[generator.permutation(rows)[:count]] = True
    return pool.take(~second), pool.take(second)


def cut(
    name: str,
    train: Pool,
    test: Pool,
    *,
    normal_class: Any,
    make_preprocessing: Callable[[np.ndarray | Rows], Any],
    sample_format: SampleFormat,
    contamination: float,
    labelled: float,
    labelled_classes: int | Sequence[Any] | None,
    validation: float,
    seed: int,
) -> OneClassDataset:
    """Make a one-class problem of a labelled training and test part.

    See `one_vs_rest` for the arguments. No sample of the training part is in two
    of training, validation, contaminants and labelled anomalies.
    """
    contamination = check_fraction("contamination", contamination, zero=True)
    labelled = check_fraction("labelled", labelled, zero=True)
    validation = check_fraction("validation", validation, zero=True)
    generator = np.random.default_rng(seed)
    _check_class("normal_class", normal_class, np.concatenate([train.classes, test.classes]))
    train, held_out = split(train, validation, generator)
    normal = np.flatnonzero(train.classes == normal_class)
    if not len(normal):
        raise ValueError(
            "`normal_class` must have samples to train on when the test part and `validation` are "
            f"taken away. Received: none left, validation={validation}"
        )
    others = generator.permutation(np.flatnonzero(train.classes != normal_class))

    contaminants = _draw("contamination", others, count_for(len(normal), contamination))
    others = others[len(contaminants) :]
    if labelled_classes is not None:
        chosen = _labelled_classes(labelled_classes, train.classes, normal_class, seed)
        others = others[np.isin(train.classes[others], chosen)]
    unlabelled = len(normal) + len(contaminants)
    anomalies = _draw("labelled", others, count_for(unlabelled, labelled))

    rows = np.concatenate([normal, contaminants, anomalies])
    y_train = np.zeros(len(rows), dtype="int8")
    y_train[unlabelled:] = -1
    return OneClassDataset(
        name=name,
        x_train=train.x[rows],
        y_train=y_train,
        truth_train=(train.classes[rows] != normal_class).astype("int8"),
        x_val=held_out.x,
        y_val=(held_out.classes != normal_class).astype("int8"),
        x_test=test.x,
        y_test=(test.classes != normal_class).astype("int8"),
        sample_format=sample_format,
        make_preprocessing=make_preprocessing,
    )


def _labelled_classes(
    wanted: int | Sequence[Any], classes: np.ndarray, normal_class: Any, seed: int
) -> list[Any]:
    """The classes that labelled anomalies come from: those given, or so many drawn ones."""
    anomalous = np.unique(classes[classes != normal_class])
    if isinstance(wanted, int):
        if isinstance(wanted, bool) or not 1 <= wanted <= len(anomalous):
            raise ValueError(
                f"`labelled_classes` must be from 1 to the {len(anomalous)} anomalous classes, or "
                f"name them. Received: labelled_classes={wanted!r}"
            )
        # A generator of its own: the other draws do not depend on the number of classes.
        return np.random.default_rng([seed, 6]).permutation(anomalous)[:wanted].tolist()
    for value in wanted:
        _check_class("labelled_classes", value, anomalous)
    return list(wanted)


def _draw(name: str, rows: np.ndarray, count: int) -> np.ndarray:
    if count > len(rows):
        raise ValueError(
            f"`{name}` asks for {count} anomalies of the training part, which holds "
            f"{len(rows)} for it"
        )
    return rows[:count]


def _check_class(name: str, value: Any, classes: np.ndarray) -> None:
    known = np.unique(classes).tolist()
    if value not in known:
        raise ValueError(f"`{name}` must be among the classes {known}. Received: {value!r}")
