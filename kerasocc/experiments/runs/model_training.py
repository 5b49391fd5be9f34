"""The training of the model of a run: pretraining, a phase with a frozen encoder, training."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras

import kerasocc
from kerasocc.callbacks import CollapseMonitor, LatentLabels
from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.augmentation import make_augmentation
from kerasocc.experiments.runs.building import (
    make_callbacks,
    make_head,
    make_latent_labels,
    make_model,
)
from kerasocc.experiments.runs.epoch_bar import EpochBar
from kerasocc.experiments.runs.length import training_epochs
from kerasocc.experiments.runs.networks import make_networks
from kerasocc.experiments.runs.outliers import load_outliers
from kerasocc.experiments.runs.phases import History, Phase, run_phase
from kerasocc.experiments.runs.tensorboard import summaries
from kerasocc.models.base import OneClassModel
from kerasocc.pretraining import check_changed, snapshot


class TrainedModel(NamedTuple):
    """What the training of a model has brought.

    Attributes:
        histories: Values per epoch, by the name of the phase.
        model: Trained.
        latent: Its latent labels, or None.
    """

    histories: dict[str, History]
    model: OneClassModel
    latent: LatentLabels | None

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of every phase."""
        return {name: sum(history["seconds"]) for name, history in self.histories.items()}


def train_model(
    config: TrainConfig,
    backup: Path,
    data: OneClassDataset,
    *,
    progress: bool = False,
    title: str | None = None,
    log_dir: Path | None = None,
) -> TrainedModel:
    """Train the model of a run, after the phases before it.

    Args:
        config: The settings.
        backup: Folder of what an interrupted run needs; it exists.
        data: What `load_data` returned.
        progress: Whether to draw a bar per phase.
        title: Text before the bars; None for the names of the phases.
        log_dir: Folder for TensorBoard, None for none.
    """
    encoder, decoder = make_networks(config, tuple(data.x_train.shape[1:]), len(data.x_train))
    untrained = snapshot(encoder)
    fit = _Fits(backup, data, progress, title, log_dir)
    if config.pretrain_epochs:
        fit(*_pretraining(config, encoder, decoder, data))
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
    phase = _phase(config, "training", model, epochs, keep=config.keep)
    outliers = load_outliers(config, data.sample_format)
    if outliers is not None:
        phase = phase._replace(outliers=outliers, outlier_fraction=config.outlier_fraction)
    fit(phase, *callbacks, *own)
    return TrainedModel(fit.histories, model, latent)


def pretrain_model(
    config: TrainConfig, backup: Path, data: OneClassDataset, *, progress: bool = False
) -> tuple[OneClassModel, History]:
    """The autoencoder of the pretraining alone, as `train_model` trains it, and its history.

    Args:
        config: See `train_model`.
        backup: See `train_model`; a later `train_model` with it does not train it again.
        data: See `train_model`.
        progress: See `train_model`.
    """
    encoder, decoder = make_networks(config, tuple(data.x_train.shape[1:]), len(data.x_train))
    fit = _Fits(backup, data, progress, None, None)
    phase, monitor = _pretraining(config, encoder, decoder, data)
    fit(phase, monitor)
    return phase.model, fit.histories[phase.name]


class _Fits:
    """Runs phases, and keeps what they log."""

    def __init__(
        self,
        backup: Path,
        data: OneClassDataset,
        progress: bool,
        title: str | None,
        log_dir: Path | None,
    ):
        self.histories: dict[str, History] = {}
        self._backup = backup
        self._data = data
        self._progress = progress
        self._title = title
        self._log_dir = log_dir

    def __call__(self, phase: Phase, *callbacks: keras.callbacks.Callback) -> None:
        title = self._title or phase.name.capitalize()
        bar = EpochBar(title, phase.epochs) if self._progress else None
        logs = []
        if self._log_dir is not None:
            logs = summaries(self._log_dir / phase.name, self._data, phase.epochs)
        try:
            self.histories[phase.name] = run_phase(
                phase, self._data, self._backup, [*callbacks, *logs, *([bar] if bar else [])]
            )
        finally:
            if bar:
                bar.close()


def _pretraining(
    config: TrainConfig, encoder: keras.Model, decoder: keras.Model, data: OneClassDataset
) -> tuple[Phase, CollapseMonitor]:
    """The phase of the pretraining, and its callback."""
    autoencoder = kerasocc.Autoencoder(
        encoder,
        decoder,
        preprocessing=data.preprocessing,
        augmentation=make_augmentation(config),
        weight_decay=config.pretrain_weight_decay,
        seed=config.seed,
    )
    phase = _phase(config, "pretraining", autoencoder, config.pretrain_epochs, prefix="pretrain_")
    # Records the spread that the training starts from.
    return phase, CollapseMonitor(action="log")


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
