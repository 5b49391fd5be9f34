"""A run: pretraining, training, threshold, test, report."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

import kerasocc
from kerasocc.callbacks import CollapseError
from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports import members
from kerasocc.experiments.reports.by_class import by_class
from kerasocc.experiments.reports.decomposition import auc_of_noise, decompose
from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.latent_labels import write_latent_labels
from kerasocc.experiments.reports.localization import localization
from kerasocc.experiments.reports.report import write_report
from kerasocc.experiments.reports.samples import indices_to_show
from kerasocc.experiments.reports.scored_samples import ScoredSamples
from kerasocc.experiments.runs.calibration import (
    calibrate,
    has_hidden_anomalies,
    may_hold_out_anomalies,
)
from kerasocc.experiments.runs.data import sample_counts
from kerasocc.experiments.runs.ensemble_training import TrainedEnsemble, train_ensemble
from kerasocc.experiments.runs.explainer import Explainer, write_reference
from kerasocc.experiments.runs.fingerprint import check_same_data, write_fingerprint
from kerasocc.experiments.runs.folder import FAILED, INTERRUPTED, RUNNING, RunFolder, now
from kerasocc.experiments.runs.model_training import TrainedModel, train_model
from kerasocc.experiments.runs.tensorboard import write_results
from kerasocc.experiments.runs.workers import ALONE, Workers


def train(
    config: TrainConfig,
    run: RunFolder,
    data: OneClassDataset,
    *,
    progress: bool = False,
    workers: Workers = ALONE,
    log_dir: Path | None = None,
) -> dict[str, Any]:
    """Do a run, or the rest of an interrupted one.

    Args:
        config: The settings, those in the folder.
        run: Its folder.
        data: What `load_data` returned.
        progress: Whether to draw a bar per phase.
        workers: What trains it. Others than the chief have folders of their own.
        log_dir: Folder for TensorBoard, None for none.

    Returns:
        What `results.json` holds.

    Raises:
        ValueError: If another process is working on the run, or the data of the run have
            changed since it began.
        CollapseError: If the training ended in hypersphere collapse.
        FloatingPointError: If a loss became NaN or infinite.
    """
    with run.locked(), _same_data(run, data, config.outliers), _recorded_status(run):
        run.remove_leftovers()
        workers.share(run.path, (run.data_file.name, run.backup.name))
        if not workers.is_chief:
            then = "give every worker those of the chief"
            check_same_data(run.data_file, data, then, config.outliers)
        shown = dict(progress=progress, workers=workers, log_dir=log_dir)
        trained = train_phases(config, run.backup, data, **shown)
        results = {**_finish(config, run, data, trained), **workers.description}
        if log_dir is not None:
            write_results(log_dir, config, results)
        run.complete(results)
        workers.wait()
    return run.results


@contextlib.contextmanager
def _same_data(run: RunFolder, data: OneClassDataset, outliers: str | None) -> Iterator[None]:
    if run.data_file.exists():
        check_same_data(run.data_file, data, "start another run", outliers)
    else:
        write_fingerprint(run.data_file, data, outliers)
    yield


@contextlib.contextmanager
def _recorded_status(run: RunFolder) -> Iterator[None]:
    run.set_status(RUNNING)
    try:
        yield
    except (CollapseError, FloatingPointError) as error:
        run.set_status(FAILED, error=str(error), finished=now())
        raise
    except BaseException:
        # A full disk must not hide what went wrong.
        with contextlib.suppress(OSError):
            run.set_status(INTERRUPTED)
        raise


def train_phases(
    config: TrainConfig,
    backup: Path,
    data: OneClassDataset,
    *,
    progress: bool = False,
    workers: Workers = ALONE,
    log_dir: Path | None = None,
) -> TrainedModel | TrainedEnsemble:
    """Train what a run trains: a model in its phases, or an ensemble of several.

    Args:
        config: The settings.
        backup: Folder of what an interrupted run needs; it exists.
        data: What `load_data` returned.
        progress: Whether to draw a bar per phase.
        workers: What trains it.
        log_dir: Folder for TensorBoard, None for none.
    """
    shown = dict(progress=progress, log_dir=log_dir)
    if config.definition.members is None:
        return train_model(config, backup, data, **shown)
    return train_ensemble(config, backup, data, workers=workers, **shown)


def _finish(
    config: TrainConfig,
    run: RunFolder,
    data: OneClassDataset,
    trained: TrainedModel | TrainedEnsemble,
) -> dict[str, Any]:
    histories, model, latent = trained.histories, trained.model, trained.latent
    hidden = may_hold_out_anomalies(config)
    calibration = calibrate(model, data, config.threshold_rate, hidden=hidden)
    begun = time.monotonic()
    scores = model.score(data.x_test)
    scoring = time.monotonic() - begun
    labels = data.y_test
    is_labelled = "test" not in data.unlabelled
    tested = ScoredSamples(
        scores,
        labels if is_labelled else None,
        data.names_test,
        data.ids_test,
        data.classes_test,
    )
    threshold = float(keras.ops.convert_to_numpy(model.threshold))
    results = {
        "run": run.name,
        "method": config.definition.title,
        **_of_members(trained, data),
        **evaluate(labels, scores, threshold, labelled=is_labelled),
        "classes": by_class(tested, threshold),
        "auc_of_noise": auc_of_noise(model, data),
        "latent_labels": latent and write_latent_labels(run.path, latent.mode, latent.labels, data),
        "calibration": calibration,
        "seconds": {**trained.seconds, "scoring": scoring},
        "samples": sample_counts(data),
        "unlabelled_parts": list(data.unlabelled),
        "hidden_anomalies": has_hidden_anomalies(config),
        "notes": list(data.notes),
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "versions": _versions(),
        "finished": now(),
    }
    model.save(run.model_file)
    data.sample_format.write(run.sample_format_file)
    write_reference(run.reference_file, model, data.x_train)
    explainer = Explainer(model, run.reference_file)
    results["localization"] = localization(
        explainer.contributions,
        Path(config.dataset),
        data.x_test,
        data.names_test,
        model.explanation_methods[0],
    )
    maps, remarks = explainer.of_some(data.x_test, indices_to_show(tested, threshold))
    write_report(
        run.path,
        results,
        data.x_test,
        tested,
        histories,
        config=config,
        decomposition=decompose(model, data),
        maps=maps,
        remarks=remarks,
    )
    return results


def _of_members(trained: TrainedModel | TrainedEnsemble, data: OneClassDataset) -> dict[str, Any]:
    """What the results hold of the members of an ensemble; nothing of a single model."""
    if not isinstance(trained, TrainedEnsemble):
        return {}
    known = [
        {"title": member.title, "kind": member.kind, "seconds": member.seconds}
        for member in trained.members
    ]
    found = members.describe(known, trained.model, data.x_test, data.y_test)
    return {"members": found, "left_out": trained.left_out}


def _versions() -> dict[str, str | None]:
    used = ("keras", "tensorflow", "numpy", "scikit-learn")
    modules = {name: sys.modules.get(name.replace("scikit-learn", "sklearn")) for name in used}
    versions = {name: getattr(module, "__version__", None) for name, module in modules.items()}
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "kerasocc": kerasocc.__version__,
        **versions,
    }
