"""From classes to a one-class problem: validation, contaminants and labelled anomalies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction
from kerasocc.datasets.pool import VALIDATION_FRACTION, Pool, stratified_split
from kerasocc.datasets.protocols.anomaly_drawing import count_for_fraction
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.sample_format import SampleFormat
from kerasocc.datasets.storage.rows import Rows


def one_class_split(
    name: str,
    train: Pool,
    test: Pool,
    *,
    normal_class: Any,
    make_preprocessing: Callable[[np.ndarray | Rows], Any],
    preprocessing_named: Callable[[str], Callable[[Any], Any]] | None = None,
    sample_format: SampleFormat,
    contamination: float,
    labelled: float,
    labelled_classes: int | Sequence[Any] | None,
    validation: float | None,
    seed: int,
    held_out: Pool | None = None,
    unlabelled: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> OneClassDataset:
    """Make a one-class problem of a training and a test part with classes.

    See `one_vs_rest` for the other arguments. Training samples, validation samples,
    contaminants and labelled anomalies do not overlap.

    Args:
        name: Name in reports.
        train: Training part.
        test: Test part.
        normal_class: The normal class.
        make_preprocessing: See `OneClassDataset`.
        preprocessing_named: See `OneClassDataset`.
        sample_format: See `OneClassDataset`.
        contamination: Fraction of hidden anomalies.
        labelled: Fraction of labelled anomalies.
        labelled_classes: Classes of the labelled anomalies, or how many to draw.
        validation: Fraction of the training part that is held out; None for the validation
            part, or `VALIDATION_FRACTION` where there is none.
        seed: Seed of all draws.
        held_out: The official validation part, or None.
        unlabelled: See `OneClassDataset`.
        notes: See `OneClassDataset`.
    """
    contamination = check_fraction("contamination", contamination, zero=True)
    labelled = check_fraction("labelled", labelled, zero=True)
    validation = _fraction_to_hold_out(name, validation, held_out)
    generator = np.random.default_rng(seed)
    _check_class("normal_class", normal_class, np.concatenate([train.classes, test.classes]))
    train, split_off = stratified_split(train, validation, generator)
    held_out = split_off if held_out is None else held_out
    normal = np.flatnonzero(train.classes == normal_class)
    if not len(normal):
        raise ValueError(
            "`normal_class` must have samples to train on when the test part and `validation` are "
            f"taken away. Received: none left, validation={validation}"
        )
    others = generator.permutation(np.flatnonzero(train.classes != normal_class))

    contaminants = _first("contamination", others, count_for_fraction(len(normal), contamination))
    others = others[len(contaminants) :]
    if labelled_classes is not None:
        chosen = _labelled_classes(labelled_classes, train.classes, normal_class, seed)
        others = others[np.isin(train.classes[others], chosen)]
    count = len(normal) + len(contaminants)
    anomalies = _first("labelled", others, count_for_fraction(count, labelled))

    rows = np.concatenate([normal, contaminants, anomalies])
    y_train = np.zeros(len(rows), dtype="int8")
    y_train[count:] = -1
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
        preprocessing_named=preprocessing_named,
        names_train=None if train.names is None else train.names[rows],
        names_test=test.names,
        unlabelled=unlabelled,
        notes=notes,
    )


def _fraction_to_hold_out(name: str, validation: float | None, held_out: Pool | None) -> float:
    if validation is not None:
        validation = check_fraction("validation", validation, zero=True)
    if held_out is None:
        return VALIDATION_FRACTION if validation is None else validation
    if validation:
        raise ValueError(
            f"`validation` must be left out: {name!r} has a validation part of its own. "
            f"Received: validation={validation}"
        )
    return 0.0


def _labelled_classes(
    given: int | Sequence[Any], classes: np.ndarray, normal_class: Any, seed: int
) -> list[Any]:
    """Return the classes of the labelled anomalies: the given ones, or as many drawn ones."""
    anomalous = np.unique(classes[classes != normal_class])
    if isinstance(given, int):
        if isinstance(given, bool) or not 1 <= given <= len(anomalous):
            raise ValueError(
                f"`labelled_classes` must be from 1 to the {len(anomalous)} anomalous classes, or "
                f"name them. Received: labelled_classes={given!r}"
            )
        # A separate generator: the other draws do not depend on the number of classes.
        return np.random.default_rng([seed, 6]).permutation(anomalous)[:given].tolist()
    for value in given:
        _check_class("labelled_classes", value, anomalous)
    return list(given)


def _first(name: str, rows: np.ndarray, count: int) -> np.ndarray:
    """Return the first `count` rows; an error names the argument that requests too many."""
    if count > len(rows):
        raise ValueError(
            f"`{name}` asks for {count} anomalies of the training part, which holds "
            f"{len(rows)} for it. Without labelled anomalies it must be 0; a method that needs "
            "anomalies takes `outliers` in their place"
        )
    return rows[:count]


def _check_class(name: str, value: Any, classes: np.ndarray) -> None:
    known = np.unique(classes).tolist()
    if value not in known:
        raise ValueError(f"`{name}` must be among the classes {known}. Received: {value!r}")
