"""Trainings of `kerasocc train` as cells of a table: resumed, and with shared pretrainings."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasocc.experiments.config.data_defaults import HIDDEN
from kerasocc.experiments.tables.definition import Context, Options, Result

PRETRAINING_FILES = ("pretraining.weights.h5", "pretraining.history.json")


def quick_or_given(options: Options, quick: Mapping[str, int]) -> dict[str, int]:
    """The epochs that differ from the paper's, by the names of the settings.

    Args:
        options: What the user asks for.
        quick: Those under `--quick`.
    """
    given = {name: getattr(options, name) for name in ("epochs", "pretrain_epochs")}
    chosen = {name: value for name, value in given.items() if value is not None}
    return {**(quick if options.quick else {}), **chosen}


def is_jax() -> bool:
    """Whether JAX is the backend, asked before Keras is imported."""
    return os.environ.get("KERAS_BACKEND") == "jax"


def train_config(settings: Mapping[str, Any], work: str, key: str, context: Context) -> Result:
    """Train as `kerasocc train` does with these settings, and test.

    Args:
        settings: Fields of `TrainConfig`, among them `dataset`.
        work: Name of the folder of the pretraining, which trainings that share it have in common.
        key: Name of this training.
        context: Of the table.
    """
    from kerasocc.experiments.runs.model_training import train_model

    begun = time.perf_counter()
    config, data = config_and_data(settings)
    shared = context.store.work_folder(work)
    own = shared / key
    own.mkdir(exist_ok=True)
    _copy(shared, own)
    trained = train_model(config, own, data, progress=context.progress)
    # Beside the pretraining: it stays for the other methods.
    _copy(own, shared)
    result = result_of(trained.model, data, begun)
    histories = trained.histories
    result |= {f"{name}_seconds": round(seconds, 1) for name, seconds in trained.seconds.items()}
    spread = histories["training"].get("embedding_spread")
    shutil.rmtree(own, ignore_errors=True)
    with contextlib.suppress(OSError):  # it is empty where there was no pretraining
        shared.rmdir()
    return result if spread is None else {**result, "spread": spread[-1]}


def score_pretrained(settings: Mapping[str, Any], work: str, context: Context) -> Result:
    """Score with the autoencoder of the pretraining.

    Args:
        settings: See `train_config`.
        work: See `train_config`.
        context: Of the table.
    """
    begun = time.perf_counter()
    autoencoder, data, seconds = pretrained(settings, work, context)
    return {**result_of(autoencoder, data, begun), "pretraining_seconds": seconds}


def pretrained(settings: Mapping[str, Any], work: str, context: Context) -> tuple[Any, Any, float]:
    """The autoencoder of the pretraining, the data, and how many seconds it took.

    Args:
        settings: See `train_config`.
        work: See `train_config`.
        context: Of the table.
    """
    from kerasocc.experiments.runs.model_training import pretrain_model

    config, data = config_and_data(settings)
    folder = context.store.work_folder(work)
    autoencoder, history = pretrain_model(config, folder, data, progress=context.progress)
    return autoencoder, data, round(sum(history["seconds"]), 1)


def config_and_data(settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """The settings of a training as `kerasocc train` has them, and its data.

    Raises:
        FileNotFoundError: If they are a table of Deep SAD that is not there.
    """
    from kerasocc.datasets.catalog import find_table
    from kerasocc.experiments.config import TrainConfig
    from kerasocc.experiments.runs.data import load_data

    if settings["dataset"] in HIDDEN:
        find_table(settings["dataset"])
    config = TrainConfig.for_dataset(**settings)
    return config, load_data(config)


def result_of(model: Any, data: Any, begun: float) -> Result:
    """The metrics of a detector on the test samples.

    Args:
        model: A model or a baseline.
        data: What it was trained on and is tested on.
        begun: When its training began, by `time.perf_counter`.
    """
    from kerasocc.engine.evaluation import ranking_metrics

    metrics = ranking_metrics(data.y_test, model.score(data.x_test))
    return {
        "metrics": {name: float(value) for name, value in metrics.items()},
        "seconds": round(time.perf_counter() - begun, 1),
        "samples": len(data.x_train),
    }


def _copy(source: Path, target: Path) -> None:
    """Copy what is there of a pretraining and not yet in the other folder."""
    for name in PRETRAINING_FILES:
        if (source / name).exists() and not (target / name).exists():
            temporary = target / f".{name}"
            shutil.copyfile(source / name, temporary)
            os.replace(temporary, target / name)
