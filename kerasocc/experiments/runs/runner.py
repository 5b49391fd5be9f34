"""A run: pretraining, training, threshold, test, report."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import keras

import kerasocc
from kerasocc.callbacks import CollapseError, CollapseMonitor, LatentLabels
from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports.decomposition import auc_of_noise, decompose
from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.latent_labels import write_latent_labels
from kerasocc.experiments.reports.report import write_report
from kerasocc.experiments.runs.building import (
    make_callbacks,
    make_head,
    make_latent_labels,
    make_model,
)
from kerasocc.experiments.runs.calibration import calibrate
from kerasocc.experiments.runs.data import sample_counts
from kerasocc.experiments.runs.epoch_bar import EpochBar
from kerasocc.experiments.runs.folder import FAILED, INTERRUPTED, RUNNING, RunFolder, now
from kerasocc.experiments.runs.networks import make_networks
from kerasocc.experiments.runs.phases import History, Phase, run_phase
from kerasocc.models.base import OneClassModel
from kerasocc.pretraining import check_changed, snapshot


def train(
    config: TrainConfig, run: RunFolder, data: OneClassDataset, *, progress: bool = False
) -> dict[str, Any]:
    """Do a run, or the rest of an interrupted one.

    Args:
        config: The settings, those in the folder.
        run: Its folder.
        data: What `load_data` returned.
        progress: Whether to draw a bar per phase.

    Returns:
        What `results.json` holds.

    Raises:
        ValueError: If another process is working on the run.
        CollapseError: If the training ended in hypersphere collapse.
        FloatingPointError: If a loss became NaN or infinite.
    """
    with run.locked(), _recorded_status(run):
        run.remove_leftovers()
        run.complete(_finish(config, run, data, *_train_phases(config, run, data, progress)))
    return run.results


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


def _train_phases(
    config: TrainConfig, run: RunFolder, data: OneClassDataset, progress: bool
) -> tuple[dict[str, History], OneClassModel, LatentLabels | None]:
    encoder, decoder = make_networks(config, tuple(data.x_train.shape[1:]))
    untrained = snapshot(encoder)
    histories = {}

    def fit(phase: Phase, *callbacks: keras.callbacks.Callback) -> None:
        bar = EpochBar(phase.name.capitalize(), phase.epochs) if progress else None
        try:
            histories[phase.name] = run_phase(
                phase, data, run.backup, [*callbacks, *([bar] if bar else [])]
            )
        finally:
            if bar:
                bar.close()

    if config.pretrain_epochs:
        autoencoder = kerasocc.Autoencoder(
            encoder,
            decoder,
            preprocessing=data.preprocessing,
            weight_decay=config.pretrain_weight_decay,
            seed=config.seed,
        )
        fit(
            _phase(config, "pretraining", autoencoder, prefix="pretrain_"),
            # Records the spread that the training starts from.
            CollapseMonitor(action="log"),
        )
        check_changed(encoder, untrained)
    callbacks = make_callbacks(config, run.backup)
    model = make_model(config, encoder, decoder, data.preprocessing)
    head = make_head(config, encoder, data.preprocessing)
    if head is not None:
        fit(_head_phase(config, head), *make_callbacks(config, run.backup))
        model.start_from(head)
    latent = make_latent_labels(config, data.truth_train)
    own = [latent] if latent else []
    phase = _phase(config, "training", model)
    phase = phase._replace(keep_best=config.keep == "best", steps_per_epoch=config.steps_per_epoch)
    fit(phase, *callbacks, *own)
    return histories, model, latent


def _phase(config: TrainConfig, name: str, model: OneClassModel, prefix: str = "") -> Phase:
    """A phase with the settings whose names begin with `prefix`."""
    return Phase(
        name,
        model,
        epochs=getattr(config, f"{prefix}epochs"),
        batch_size=config.batch_size,
        learning_rate=getattr(config, f"{prefix}learning_rate"),
        optimizer=config.optimizer,
        drop_at=getattr(config, f"{prefix}drop_at"),
        keeps_files=config.definition.keeps_files,
    )


def _head_phase(config: TrainConfig, model: OneClassModel) -> Phase:
    head = config.definition.head(config)
    return Phase(
        "head",
        model,
        epochs=head.epochs,
        batch_size=config.batch_size,
        learning_rate=head.learning_rate,
        optimizer=config.optimizer,
    )


def _finish(
    config: TrainConfig,
    run: RunFolder,
    data: OneClassDataset,
    histories: dict[str, History],
    model: OneClassModel,
    latent: LatentLabels | None,
) -> dict[str, Any]:
    calibration = calibrate(model, data, config.threshold_rate)
    begun = time.monotonic()
    scores = model.score(data.x_test)
    scoring = time.monotonic() - begun
    labels = data.y_test
    results = {
        "run": run.name,
        "method": config.definition.title,
        **evaluate(labels, scores, float(keras.ops.convert_to_numpy(model.threshold))),
        "auc_of_noise": auc_of_noise(model, data),
        "latent_labels": latent and write_latent_labels(run.path, latent.mode, latent.labels, data),
        "calibration": calibration,
        "seconds": {
            **{name: sum(history["seconds"]) for name, history in histories.items()},
            "scoring": scoring,
        },
        "samples": sample_counts(data),
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "versions": _versions(),
    }
    model.save(run.model_file)
    data.sample_format.write(run.sample_format_file)
    parts = decompose(model, data)
    write_report(run.path, results, data.x_test, labels, scores, histories, parts)
    return results


def _versions() -> dict[str, str | None]:
    used = ("keras", "tensorflow", "numpy", "scikit-learn")
    modules = {name: sys.modules.get(name.replace("scikit-learn", "sklearn")) for name in used}
    versions = {name: getattr(module, "__version__", None) for name, module in modules.items()}
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "kerasocc": kerasocc.__version__,
        **versions,
    }
