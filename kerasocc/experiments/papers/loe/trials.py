"""One training with latent labels under the protocol of the paper, and what it reaches."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks import LatentLabels
from kerasocc.checks import check_choice
from kerasocc.engine.evaluation import ranking_metrics
from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.papers.loe.study import StudySettings, Trial
from kerasocc.experiments.reports.metrics import f1_at_ratio


def run_trial(trial: Trial, settings: StudySettings) -> dict[str, Any]:
    """Train and test.

    Returns:
        The fields of the trial, `auc` and `f1` (at the true ratio of the test labels),
        the share that was flagged and how many of the flagged are anomalies
        (`precision`, None if none is), `samples` and `seconds` of the training.
    """
    backbone = BACKBONES[check_choice("protocol", settings.protocol, BACKBONES)]
    data = backbone.load(trial, settings.data_dir)
    model = backbone.make(data, trial.seed)
    model.compile(optimizer=keras.optimizers.Adam(backbone.learning_rate))
    latent = LatentLabels(
        mode=trial.mode,
        contamination=trial.assumed,
        refresh=settings.refresh,
        warmup=settings.warmup,
        truth=data.truth_train if trial.mode == "known" else None,
    )
    begun = time.perf_counter()
    model.fit(
        data.x_train,
        batch_size=backbone.batch_size,
        epochs=settings.epochs or backbone.epochs,
        callbacks=[latent],
        verbose=0,
    )
    seconds = time.perf_counter() - begun
    scores, flagged = model.score(data.x_test), latent.labels > 0
    precision = float(np.mean(data.truth_train[flagged])) if flagged.any() else None
    return {
        **trial._asdict(),
        "auc": ranking_metrics(data.y_test, scores)["auc"],
        "f1": f1_at_ratio(data.y_test, scores),
        "flagged": latent.contamination_used,
        "precision": precision,
        "samples": len(data.x_train),
        "seconds": round(seconds, 2),
    }
