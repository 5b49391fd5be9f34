"""Another decision threshold for a complete run, without training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.experiments.reports.decisions import write_decisions
from kerasocc.experiments.runs.calibration import (
    calibrate,
    calibrate_on_normal_scores,
    may_hold_out_anomalies,
)
from kerasocc.experiments.runs.data import load_data
from kerasocc.experiments.runs.fingerprint import check_same_data
from kerasocc.experiments.runs.folder import now
from kerasocc.experiments.runs.trained import FoundModel, Trained
from kerasocc.files import write_json


def change_threshold(
    found: FoundModel,
    rate: float,
    source: str | os.PathLike | None = None,
    *,
    unreadable: str = "error",
    dialect: Dialect | None = None,
) -> dict[str, Any]:
    """Set the threshold of a run for another false positive rate.

    The model, `results.json`, `scores.csv`, the figures with the threshold and the report are
    replaced together. Former thresholds are kept in `results.json`, in `earlier_thresholds`.

    Args:
        found: A model with its run.
        rate: Wanted false positive rate on new normal samples, in [0, 1).
        source: Normal samples that the model was not trained on, see
            `datasets.readers.new_samples.read_new`; None for the scores that the model was
            calibrated on before, or the run's data where it has none.
        unreadable: See `datasets.readers.new_samples.read_new`.
        dialect: See `datasets.readers.new_samples.read_new`.

    Returns:
        What `results.json` holds now.

    Raises:
        ValueError: If another process is working on the run, or the samples do not fit.
        OSError: If a file cannot be read or written; nothing has been replaced then.
    """
    run = found.run
    with run.locked():
        run.remove_leftovers()
        try:
            with run.replaced() as folder:
                reading = dict(unreadable=unreadable, dialect=dialect)
                return _write_changed(found, folder, rate, source, **reading)
        finally:
            run.tidy()


def _write_changed(
    found: FoundModel,
    folder: Path,
    rate: float,
    source: str | os.PathLike | None,
    **reading: Any,
) -> dict[str, Any]:
    """Write the files that change with the threshold to a folder; returns the results."""
    run, trained = found.run, found.load()
    before = run.results
    if not isinstance(before.get("threshold"), (int, float)):
        raise ValueError(
            f"{str(run.results_file)!r} must hold the threshold, a number. "
            f"Received: {before.get('threshold')!r}"
        )
    calibration = _calibrated(trained, before["calibration"], rate, source, **reading)
    earlier = {"threshold": before["threshold"], **before["calibration"]}
    results = {
        **before,
        "threshold": trained.threshold,
        "calibration": {**calibration, "changed": now()},
        "earlier_thresholds": [*before.get("earlier_thresholds", []), earlier],
    }
    results = write_decisions(run.path, folder, results)
    trained.model.save(folder / run.model_file.name)
    write_json(folder / run.results_file.name, results)
    return results


def _calibrated(
    trained: Trained,
    before: dict[str, Any],
    rate: float,
    source: str | os.PathLike | None,
    **reading: Any,
) -> dict[str, Any]:
    """Set the threshold of the model; returns what `calibration.calibrate` does."""
    model = trained.model
    if source is not None:
        parts = read_new(source, trained.sample_format, **reading)
        scores = [model.score(part.x) for part in parts]
        if not scores:
            raise ValueError(f"{str(source)!r} must hold samples. Received: none")
        on = f"normal samples of {os.fspath(source)}"
        return calibrate_on_normal_scores(model, np.concatenate(scores), rate, on)
    if model.calibration is not None:
        scores = model.sorted_calibration_scores()
        return calibrate_on_normal_scores(model, scores, rate, before["on"])
    data = load_data(trained.config)
    check_same_data(trained.run.data_file, data, "name normal samples with `--data`")
    return calibrate(model, data, rate, hidden=may_hold_out_anomalies(trained.config))
