"""A trained model, found by the name of its run or by its file."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.folder import COMPLETE, RunFolder

if TYPE_CHECKING:
    from kerasocc.datasets.dialect import Dialect
    from kerasocc.datasets.sample_format import SampleFormat
    from kerasocc.models.base import OneClassModel


@dataclass(frozen=True)
class Trained:
    """A loaded model with what its run knows of the data.

    Attributes:
        model: The model.
        sample_format: How new samples must look.
        config: The settings of the run, None for a model file alone.
        run: Its folder, None for a model file alone.
    """

    model: OneClassModel
    sample_format: SampleFormat
    config: TrainConfig | None
    run: RunFolder | None = None

    def explainer(self, method: str | None = None, **options: Any) -> Any:
        """The `Explainer` of the model, with the typical row of its run if there is one.

        Args:
            method: As `model.explain` takes it.
            **options: Others of the `Explainer`.
        """
        from kerasocc.experiments.runs.explainer import Explainer

        reference = None if self.run is None else self.run.reference_file
        return Explainer(self.model, reference, method, **options)

    @property
    def threshold(self) -> float | None:
        """Score above which a sample is an anomaly; None without a threshold."""
        import numpy as np
        from keras import ops

        threshold = float(ops.convert_to_numpy(self.model.threshold))
        return threshold if np.isfinite(threshold) else None


@dataclass(frozen=True)
class FoundModel:
    """The files of a trained model.

    Attributes:
        model_file: The `.keras` file.
        run: The folder of its run, None for a model file alone.
    """

    model_file: Path
    run: RunFolder | None

    def __post_init__(self):
        if self.run is not None:
            self.run.finish_replacement()

    def check_columns(
        self,
        source: str | os.PathLike,
        *,
        labelled: bool = False,
        label: str | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """Look for a file to score and its columns, before Keras is imported.

        Args:
            source: The file.
            labelled: Whether a label column is needed.
            label: Its name; default that of the training.
            dialect: How a text file is written where that differs from the training data.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If a column is missing.
        """
        from kerasocc.datasets.readers.new_samples import check_columns
        from kerasocc.datasets.readers.standard_input import STANDARD_INPUT
        from kerasocc.datasets.sample_format import SampleFormat

        if self.run is not None and source != STANDARD_INPUT:
            label = label or TrainConfig.read(self.run.config_file).label
            sample_format = SampleFormat.read(self.run.sample_format_file)
            names = dict(labelled=labelled, label=label)
            check_columns(source, sample_format, **names, dialect=dialect)

    def load(self) -> Trained:
        """Load the model; imports Keras.

        Raises:
            ValueError: If a file is broken, or the model does not say what it takes.
        """
        from kerasocc.datasets.sample_format import ARRAYS, IMAGES, TABLE, SampleFormat

        model = _loaded(self.model_file)
        shape = model.encoder_input_shape
        if self.run is not None:
            sample_format = SampleFormat.read(self.run.sample_format_file)
            if not _fits(sample_format, model):
                raise ValueError(
                    f"{self.run.sample_format_file} must fit to the model, which takes samples of "
                    f"shape {shape and shape[1:]}. Received: {sample_format}"
                )
            config = TrainConfig.read(self.run.config_file)
            return Trained(model, sample_format, config, self.run)
        if shape is None or None in shape[1:]:
            raise ValueError(
                f"{str(self.model_file)!r} does not have a fixed shape of its samples. Received: "
                f"input shape {shape}"
            )
        kind = {1: TABLE, 3: IMAGES}.get(len(shape) - 1, ARRAYS)
        features = model.table_features
        sample_format = SampleFormat(
            kind=kind,
            shape=tuple(shape[1:]),
            columns=model.feature_names,
            fill=features and features.fills,
            is_raw=features is not None and not features.is_numeric,
            as_text=() if features is None else features.text_columns,
        )
        return Trained(model, sample_format, None)


def _loaded(model_file: Path) -> OneClassModel:
    try:
        return kerasocc.load_model(model_file)
    except (TypeError, ValueError) as error:
        cause = str(error.__cause__ or error)
        absent = re.search(r"Could not locate (class|function) '(\w+)'", cause)
        if absent is None:
            raise
        raise ValueError(
            f"{str(model_file)!r} holds a {absent[1]} of its author, {absent[2]!r}: name the "
            "module that defines and registers it with `--import`. Received: none that does"
        ) from error


def _fits(sample_format: SampleFormat, model: OneClassModel) -> bool:
    shape = model.encoder_input_shape
    if sample_format.is_raw:
        return model.table_features is not None and sample_format.columns == model.feature_names
    if shape is None or sample_format.shape != tuple(shape[1:]):
        return False
    per_column = [v for v in (sample_format.columns, sample_format.fill) if v is not None]
    return all(isinstance(v, tuple) and len(v) == shape[1] for v in per_column)


def find_trained(
    out: str | os.PathLike, name: str | None, model_file: str | os.PathLike | None
) -> FoundModel:
    """Find the model to use.

    Args:
        out: The folder of all runs.
        name: Name of a run; None takes the one that was finished last.
        model_file: A `.keras` file instead of a run.

    Raises:
        FileNotFoundError: If there is no such run or file.
        ValueError: If both are given, or the run is not complete.
    """
    if model_file is not None:
        if name is not None:
            raise ValueError(
                "`--run` and `--model` exclude each other. Received: "
                f"--run {name} --model {model_file}"
            )
        return _found_by_file(Path(model_file))
    if name is None:
        run = _finished_last(Path(out))
    else:
        run = RunFolder(Path(out) / name)
        if not run.results_file.exists():
            raise FileNotFoundError(f"There is no run {str(run.path)!r}.")
        if run.results["status"] != COMPLETE:
            raise ValueError(
                f"The run {str(run.path)!r} must be complete. Received: {run.results['status']}"
            )
    return FoundModel(run.model_file, run)


def _found_by_file(path: Path) -> FoundModel:
    if not path.exists():
        raise FileNotFoundError(f"There is no model file {str(path)!r}.")
    run = RunFolder(path.parent)
    belongs = path.name == run.model_file.name and run.sample_format_file.exists()
    return FoundModel(path, run if belongs and run.config_file.exists() else None)


def _finished_last(out: Path) -> RunFolder:
    runs = [RunFolder(file.parent) for file in out.glob("[!.]*/results.json")]
    complete = [run for run in runs if _is_complete(run)]
    if not complete:
        raise FileNotFoundError(
            f"There is no finished run in {str(out)!r}. Train one with `kerasocc train`, or name a "
            "model file with `--model`."
        )
    return max(complete, key=_finished)


def _finished(run: RunFolder) -> tuple[datetime.datetime, float]:
    """When a run was finished, in whole seconds, and when `results.json` was written."""
    finished = datetime.datetime.fromisoformat(run.results["finished"])
    return finished, run.results_file.stat().st_mtime


def _is_complete(run: RunFolder) -> bool:
    try:
        return run.results["status"] == COMPLETE and run.model_file.exists()
    except ValueError:  # the file is broken
        return False
