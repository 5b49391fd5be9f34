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
from kerasocc.experiments.runs.length import training_epochs
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
        trained = train_phases(config, run.backup, data, progress=progress)
        run.complete(_finish(config, run, data, *trained))
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


def train_phases(
    config: TrainConfig, backup: Path, data: OneClassDataset, *, progress: bool = False
) -> tuple[dict[str, History], OneClassModel, LatentLabels | None]:
    """Train the model of a run, after the phases before it.

    Args:
        config: The settings.
        backup: Folder of what an interrupted run needs; it exists.
        data: What `load_data` returned.
        progress: Whether to draw a bar per phase.

    Returns:
        The histories by the name of the phase, the trained model, and its latent labels if
        it has any.
    """
    encoder, decoder = make_networks(config, tuple(data.x_train.shape[1:]), len(data.x_train))
    untrained = snapshot(encoder)
    histories = {}

    def fit(phase: Phase, *callbacks: keras.callbacks.Callback) -> None:
        bar = EpochBar(phase.name.capitalize(), phase.epochs) if progress else None
        try:
            histories[phase.name] = run_phase(
                phase, data, backup, [*callbacks, *([bar] if bar else [])]
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
            _phase(
                config,
                "pretraining",
                autoencoder,
                config.pretrain_epochs,
                prefix="pretrain_",
            ),
            # Records the spread that the training starts from.
            CollapseMonitor(action="log"),
        )
        check_changed(encoder, untrained)
    callbacks = make_callbacks(config, backup)
    model = make_model(config, encoder, decoder, data.preprocessing)
    head = make_head(config, encoder, data.preprocessing)
    if head is not None:
        fit(_head_phase(config, head), *make_callbacks(config, backup))
        model.start_from(head)
    latent = make_latent_labels(config, data.truth_train)
    own = [latent] if latent else []
    epochs = training_epochs(config, len(data.x_train))
    fit(_phase(config, "training", model, epochs, keep=config.keep), *callbacks, *own)
    return histories, model, latent


def _phase(
    config: TrainConfig,
    name: str,
    model: OneClassModel,
    epochs: int,
    *,
    prefix: str = "",
    keep: str = "last",
) -> Phase:
    """A phase with the settings whose names begin with `prefix`."""
    return Phase(
        name,
        model,
        epochs=epochs,
        batch_size=config.batch_size,
        learning_rate=getattr(config, f"{prefix}learning_rate"),
        optimizer=config.optimizer,
        drop_at=getattr(config, f"{prefix}drop_at"),
        keep_best=keep == "best",
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
        **evaluate(
            labels,
            scores,
            float(keras.ops.convert_to_numpy(model.threshold)),
            labelled="test" not in data.unlabelled,
        ),
        "auc_of_noise": auc_of_noise(model, data),
        "latent_labels": latent and write_latent_labels(run.path, latent.mode, latent.labels, data),
        "calibration": calibration,
        "seconds": {
            **{name: sum(history["seconds"]) for name, history in histories.items()},
            "scoring": scoring,
        },
        "samples": sample_counts(data),
        "unlabelled_parts": list(data.unlabelled),
        "notes": list(data.notes),
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "versions": _versions(),
    }
    model.save(run.model_file)
    data.sample_format.write(run.sample_format_file)
    parts = decompose(model, data)
    write_report(
        run.path,
        results,
        data.x_test,
        labels,
        scores,
        histories,
        parts,
        data.names_test,
        data.ids_test,
    )
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
