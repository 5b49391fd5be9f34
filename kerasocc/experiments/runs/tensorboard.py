"""What a run writes for TensorBoard: its phases by callbacks, its settings and its results."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks import ScoreSummaries
from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.config import TrainConfig

SCORED = 1000
"""Most validation samples whose scores are shown."""
HISTOGRAMS = 50
"""Most histograms of a phase: a long one has some of its epochs alone."""
RESULTS = ("auc", "average_precision", "false_positive_rate", "true_positive_rate", "threshold")


def summaries(
    folder: Path, data: OneClassDataset, epochs: int
) -> Iterator[keras.callbacks.Callback]:
    """Yield the callbacks of a phase.

    Args:
        folder: Where they write.
        data: The scores are those of its validation samples, or of training samples where there
            are none.
        epochs: Of the phase.
    """
    yield keras.callbacks.TensorBoard(folder)
    x, labels = None, None
    if len(data.x_val):
        rows = np.unique(np.linspace(0, len(data.x_val) - 1, SCORED).astype(int))
        x = np.asarray(data.x_val[rows])
        labels = None if "val" in data.unlabelled else data.y_val[rows]
    yield ScoreSummaries(folder, x, labels, every=max(1, epochs // HISTOGRAMS), hyperparameters={})


def write_results(folder: Path, config: TrainConfig, results: dict[str, Any]) -> None:
    """Write the settings of a run as hyperparameters, and its results as their metrics.

    Args:
        folder: That of all phases.
        config: The settings.
        results: What `results.json` will hold.
    """
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    settings = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(config).items()
        if value is not None
    }
    with tf.summary.create_file_writer(str(folder)).as_default(step=0):
        api.hparams(settings)
        for name in RESULTS:
            if results[name] is not None:
                tf.summary.scalar(f"test/{name}", results[name])
