"""A run: pretraining, training, threshold, test, report."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

import kerasocc
from kerasocc.callbacks.collapse import CollapseError, CollapseMonitor
from kerasocc.callbacks.latent_labels import LatentLabels
from kerasocc.datasets import OneClassDataset, altered, load
from kerasocc.experiments.architectures import make_networks
from kerasocc.experiments.calibration import calibrate
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config_checks import TITLES
from kerasocc.experiments.decomposition import auc_of_noise, decompose
from kerasocc.experiments.evaluation import evaluate
from kerasocc.experiments.folder import FAILED, INTERRUPTED, RUNNING, RunFolder, now
from kerasocc.experiments.latent_figures import write_latent_labels
from kerasocc.experiments.methods import (
    make_callbacks,
    make_head,
    make_latent_labels,
    make_model,
)
from kerasocc.experiments.phases import History, Phase, run_phase
from kerasocc.experiments.progress import EpochBar
from kerasocc.experiments.report import write_report
from kerasocc.models.autoencoder import Autoencoder
from kerasocc.models.base import OneClassModel
from kerasocc.pretraining import check_changed, snapshot


def load_data(config: TrainConfig) -> OneClassDataset:
    """The data of a run.

    Raises:
        ValueError: If the data set does not have what the settings ask for, or not
            both classes to test on.
        OSError: If it cannot be read or downloaded.
    """
    common = dict(
        image_size=config.image_size,
        unreadable=config.unreadable,
        labelled=config.labelled,
        validation=config.validation,
        test=config.test,
        seed=config.seed,
    )
    if config.altered is not None:
        data = altered(
            config.dataset,
            kind=config.altered,
            amount=config.amount,
            labelled_kind=config.labelled_altered,
            labelled_amount=config.labelled_amount,
            preprocessing=config.preprocessing or "contrast",
            **common,
        )
    else:
        data = load(
            config.dataset,
            normal_class=config.normal_class,
            label=config.label,
            missing=config.missing,
            preprocessing=config.preprocessing,
            contamination=config.contamination,
            labelled_classes=config.labelled_classes,
            **common,
        )
    if config.transductive:
        data = data.transductive()
    _check_both_classes("dataset", "to test on", data.y_test)
    if config.keep == "best":
        _check_both_classes("validation", "to choose the best epoch by", data.y_val)
    return data


def _check_both_classes(name: str, purpose: str, labels: np.ndarray) -> None:
    normal = int(np.sum(labels == 0))
    if not 0 < normal < len(labels):
        raise ValueError(
            f"`{name}` must leave normal samples and anomalies {purpose}. Received: {normal} "
            f"normal ones among {len(labels)}"
        )


def describe(data: OneClassDataset) -> str:
    """What will be trained on, in a line."""
    parts = [
        f"{name} {len(x)}"
        for name, x in (("train", data.x_train), ("validate", data.x_val), ("test", data.x_test))
    ]
    shape = "x".join(map(str, data.sample_format.shape))
    resized = " (resized)" if data.sample_format.resized else ""
    return f"{data.name}. Samples of shape {shape}{resized}: {', '.join(parts)}"


def train(
    config: TrainConfig, run: RunFolder, data: OneClassDataset, *, progress: bool = False
) -> dict[str, Any]:
    """Do a run, or what an earlier process has left of it.

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
    with run.locked(), _status_kept(run):
        run.remove_leftovers()
        run.complete(_finish(config, run, data, *_train_phases(config, run, data, progress)))
    return run.results


@contextlib.contextmanager
def _status_kept(run: RunFolder) -> Iterator[None]:
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
        autoencoder = Autoencoder(
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
    if config.head_epochs:
        head = make_head(config, encoder, data.preprocessing)
        fit(_head_phase(config, head), *make_callbacks(config, run.backup))
        model.start_from(head)
    latent = make_latent_labels(config, data.truth_train)
    own = [latent] if latent else []
    fit(_phase(config, "training", model, keep=config.keep), *callbacks, *own)
    return histories, model, latent


def _phase(
    config: TrainConfig, name: str, model: OneClassModel, prefix: str = "", keep: str = "last"
) -> Phase:
    """A phase with the settings whose names begin with `prefix`."""
    return Phase(
        name,
        model,
        epochs=getattr(config, f"{prefix}epochs"),
        batch_size=config.batch_size,
        learning_rate=getattr(config, f"{prefix}learning_rate"),
        optimizer=config.optimizer,
        drop_at=getattr(config, f"{prefix}drop_at"),
        keep_best=keep == "best",
        keeps_files=config.method == "robust-autoencoder",
    )


def _head_phase(config: TrainConfig, head: OneClassModel) -> Phase:
    return Phase(
        "head",
        head,
        epochs=config.head_epochs,
        batch_size=config.batch_size,
        learning_rate=10 * config.learning_rate,
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
        "method": TITLES[config.method],
        **evaluate(labels, scores, float(keras.ops.convert_to_numpy(model.threshold))),
        "auc_of_noise": auc_of_noise(model, data),
        "latent_labels": latent and write_latent_labels(run, latent.mode, latent.labels, data),
        "calibration": calibration,
        "seconds": {
            **{name: sum(history["seconds"]) for name, history in histories.items()},
            "scoring": scoring,
        },
        "samples": _sample_counts(data),
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "versions": _versions(),
    }
    model.save(run.model_file)
    data.sample_format.write(run.sample_format_file)
    parts = decompose(model, data)
    write_report(run, results, data.x_test, labels, scores, histories, parts)
    return results


def _sample_counts(data: OneClassDataset) -> dict[str, dict[str, int]]:
    unlabelled = data.truth_train[data.y_train == 0]
    parts = {"training": unlabelled, "validation": data.y_val, "test": data.y_test}
    counts = {
        name: {"normal": int(np.sum(labels == 0)), "anomalous": int(np.sum(labels == 1))}
        for name, labels in parts.items()
    }
    counts["training"]["labelled"] = int(np.sum(data.y_train == -1))
    return counts


def _versions() -> dict[str, str | None]:
    used = ("keras", "tensorflow", "numpy", "scikit-learn")
    modules = {name: sys.modules.get(name.replace("scikit-learn", "sklearn")) for name in used}
    versions = {name: getattr(module, "__version__", None) for name, module in modules.items()}
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "kerasocc": kerasocc.__version__,
        **versions,
    }
