"""The methods of kerasocc, trained as `kerasocc train` trains them."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection.problems import IMAGES, Problem
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.methods import METHODS
from kerasocc.experiments.settings.setting import definition_of

# They need what these problems do not have.
LEFT_OUT = {"deep-sad": "without labelled anomalies it is Deep SVDD"}


def variant_of(text: str) -> tuple[str, dict[str, Any]]:
    """A method with some settings changed, `NAME` or `NAME:setting=value,setting=value`.

    Args:
        text: Values as the command line takes them, `+` for a comma inside of one:
            `deep-svdd:steps=100,hidden=32+16`.

    Returns:
        The name of the method, and its settings that differ from the defaults.

    Raises:
        ValueError: For an unknown method or setting.
    """
    name, _, changes = text.partition(":")
    fields = TrainConfig.schema.fields
    settings: dict[str, Any] = {}
    for change in filter(None, changes.split(",")):
        setting, equals, value = change.partition("=")
        if not equals or setting not in fields:
            raise ValueError(
                f"`detectors` must change settings of `kerasocc train`, as in {name}:epochs=3. "
                f"Received: {text!r}"
            )
        kind = definition_of(fields[setting]).kind
        value = value.replace("+", ",")
        settings[setting] = value == "true" if kind.is_flag else kind.parse(value)
    if name not in METHODS:
        raise ValueError(f"`detectors` must name methods of {list(METHODS)}. Received: {text!r}")
    return name, settings


def make_config(text: str, problem: Problem, seed: int) -> TrainConfig:
    """All settings of a variant on a problem."""
    name, settings = variant_of(text)
    return TrainConfig.for_dataset(
        problem.source, method=name, normal_class=problem.normal_class, seed=seed, **settings
    )


def settings_of(config: TrainConfig, problem: Problem) -> dict[str, Any]:
    """All that the results of a variant depend on, without the place of the data."""
    return {**dataclasses.asdict(config), "dataset": problem.name}


def check_samples(config: TrainConfig, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` if the method cannot be trained on samples of a shape."""
    from kerasocc.experiments.runs.networks import check_network

    check_network(config, shape)


class OurDetector:
    """A method of kerasocc.

    Args:
        config: Its settings.
        problem: What it is trained on.
    """

    def __init__(self, config: TrainConfig, problem: Problem):
        self._config = config
        self._problem = problem
        self._model: Any = None

    def fit(self, x: np.ndarray) -> None:
        """Fit to normal samples of shape `(samples, ...)`."""
        from kerasocc.experiments.runs.runner import train_phases

        with tempfile.TemporaryDirectory() as folder:
            data = _as_dataset(self._config, self._problem, x)
            self._model = train_phases(self._config, Path(folder), data).model

    def score(self, x: np.ndarray) -> np.ndarray:
        """Scores of samples, shape `(samples,)`."""
        return self._model.score(x)

    def threshold(self, x: np.ndarray, rate: float) -> float:
        """The score that new normal samples exceed at a rate, from normal samples."""
        self._model.calibrate(x, fpr=rate)
        return float(np.asarray(self._model.threshold))


def _as_dataset(config: TrainConfig, problem: Problem, x: np.ndarray) -> Any:
    """The training samples as a run takes them; it sees no others."""
    from kerasocc.datasets.preprocessing import IMAGE_PREPROCESSINGS, TABLE_PREPROCESSINGS
    from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
    from kerasocc.datasets.sample_format import SampleFormat

    is_image = problem.kind == IMAGES
    recipes = IMAGE_PREPROCESSINGS if is_image else TABLE_PREPROCESSINGS
    usual = "contrast" if is_image else "min-max"
    none, unlabelled = x[:0], np.zeros(len(x), "int8")
    return OneClassDataset(
        name=problem.name,
        x_train=x,
        y_train=unlabelled,
        truth_train=unlabelled,
        x_val=none,
        y_val=np.zeros(0, "int8"),
        x_test=none,
        y_test=np.zeros(0, "int8"),
        sample_format=SampleFormat(kind="arrays", shape=tuple(x.shape[1:])),
        make_preprocessing=recipes[config.preprocessing or usual],
        preprocessing_named=recipes.__getitem__,
    )
