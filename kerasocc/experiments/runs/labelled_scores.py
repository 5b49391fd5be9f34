"""Scores of labelled samples: the test part of a run's data, or a file."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.field_names import NO_LABEL
from kerasocc.datasets.protocols.given_parts import normal_and_anomalous
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.datasets.readers.text_numbers import typed_labels
from kerasocc.experiments.runs.data import load_data
from kerasocc.experiments.runs.fingerprint import check_same_data
from kerasocc.experiments.runs.trained import Trained


class LabelledScores(NamedTuple):
    """Scores of samples with their labels.

    Attributes:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Shape `(samples,)`.
        labelled: Whether the samples came with labels; without them all are taken for normal.
    """

    labels: np.ndarray
    scores: np.ndarray
    labelled: bool = True


def score_test_part(trained: Trained) -> LabelledScores:
    """Score the test part of the data that the model was trained on.

    Raises:
        ValueError: If the model does not belong to a run, or the data have changed since.
        OSError: If the data are not there any more.
    """
    if trained.config is None:
        raise ValueError(
            "`FILE` must be given: a model file alone does not say what it was trained on. "
            "Received: none"
        )
    data = load_data(trained.config)
    check_same_data(trained.run.data_file, data, "name a FILE to test on")
    scores = trained.model.score(data.x_test)
    return LabelledScores(data.y_test, scores, "test" not in data.unlabelled)


def score_labelled(
    trained: Trained,
    source: str | os.PathLike,
    *,
    label: str | None = None,
    normal_class: Any = None,
    unreadable: str = "error",
    dialect: Dialect | None = None,
) -> LabelledScores:
    """Score a file with labels.

    Args:
        trained: The model.
        source: A table with a label column, an `.npz` file, or a folder with a folder
            of images per class.
        label: Name of the label column; default that of the training, else one of the
            common names.
        normal_class: Label of normal samples; default that of the training, else 0.
        unreadable: See `datasets.readers.new_samples.read_new`.
        dialect: See `datasets.readers.new_samples.read_new`.

    Raises:
        ValueError: If the file does not hold such samples, or its labels do not say which
            are normal.
        FileNotFoundError: If there is no such file.
    """
    if label is None and trained.config is not None:
        label = trained.config.label
    if label == NO_LABEL:
        raise ValueError(
            f"`label` must name the labels of {str(source)!r} to evaluate with. Received: "
            f"label={label!r}"
        )
    parts = read_new(
        source,
        trained.sample_format,
        labelled=True,
        label=label,
        unreadable=unreadable,
        dialect=dialect,
    )
    scored = [(part.labels, trained.model.score(part.x)) for part in parts]
    found, scores = typed_labels(part[0] for part in scored), np.concatenate([s for _, s in scored])
    labels = normal_and_anomalous(found, trained.sample_format, normal_class)
    if labels is None:
        normal = trained.sample_format.normal_class if normal_class is None else normal_class
        raise ValueError(
            f"{str(source)!r} must label normal samples ({0 if normal is None else normal}) and "
            f"anomalies. Received: labels {np.unique(found.astype(str))[:10].tolist()}"
        )
    return LabelledScores(labels, scores)
