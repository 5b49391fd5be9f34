"""Trainings with latent labels under the protocols of the paper, and what they reach."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Context, Result

if TYPE_CHECKING:
    from kerasocc.datasets import OneClassDataset


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Train, the data of all cells read once; see `TableDefinition`."""
    data = None
    for cell in cells:
        if data is None:
            backbone = _backbone(cell)
            data = BACKBONES[backbone].load(cell.configuration, cell.data)
        yield cell, train(cell, data)


def train(cell: Cell, data: OneClassDataset) -> Result:
    """Train and test.

    Args:
        cell: What `latent_cell` returned.
        data: Its data.

    Returns:
        `metrics` (F1 at the true ratio of the test labels), the share that was flagged and how
        many of the flagged are anomalies (`precision`, None if none is), `samples` and `seconds`
        of the training.
    """
    import keras
    import numpy as np

    from kerasocc.callbacks import LatentLabels
    from kerasocc.engine.evaluation import ranking_metrics
    from kerasocc.experiments.reports.metrics import f1_at_ratio

    settings = cell.configuration
    backbone = BACKBONES[_backbone(cell)]
    model = backbone.make(data, settings)
    model.compile(optimizer=keras.optimizers.Adam(backbone.learning_rate))
    latent = LatentLabels(
        mode=settings["mode"],
        contamination=settings.get("assumed", settings["contamination"]),
        refresh=settings.get("refresh", "batch"),
        warmup=settings.get("warmup", 0),
        truth=data.truth_train if settings["mode"] == "known" else None,
    )
    begun = time.perf_counter()
    model.fit(
        data.x_train,
        batch_size=backbone.batch_size,
        epochs=settings["epochs"],
        callbacks=[latent],
        verbose=0,
    )
    seconds = time.perf_counter() - begun
    scores, flagged = model.score(data.x_test), latent.labels > 0
    metrics = ranking_metrics(data.y_test, scores)
    precision = float(np.mean(data.truth_train[flagged])) if flagged.any() else None
    return {
        "metrics": {**metrics, "f1": f1_at_ratio(data.y_test, scores)},
        "flagged": latent.contamination_used,
        "precision": precision,
        "samples": len(data.x_train),
        "seconds": round(seconds, 2),
    }


def _backbone(cell: Cell) -> str:
    return cell.configuration["experiment"].partition(":")[2]
