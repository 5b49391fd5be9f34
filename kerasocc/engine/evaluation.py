"""Checks of scores, and the metrics of a ranking."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.engine.labels import check_evaluation_labels
from kerasocc.engine.model_protocols import ScorableModel
from kerasocc.engine.sources import Source


def evaluate(
    model: ScorableModel, source: Source, *, batch_size: int | None = None, steps: int | None = None
) -> dict[str, float]:
    """Mean objective, and the ranking metrics where there are labels of both classes.

    Args:
        model: A fitted model.
        source: Samples, with labels 0 normal and 1 anomaly or without any.
        batch_size: Samples per pass.
        steps: Batches of an endless dataset.

    Returns:
        `{"loss", "auc", "average_precision"}` and the model's `score_metrics`, all but the loss
        only where there are labels of both classes.
    """
    collected: list[tuple[Any, Any]] = []
    losses, scores = model.inference.map(
        "loss_and_score", source, batch_size=batch_size, steps=steps, collected=collected
    )
    labels, weights = (
        None if any(part is None for part in column) else np.concatenate(column)
        for column in zip(*collected, strict=True)
    )
    loss = float(np.mean(losses if weights is None else losses * weights))
    results = {"loss": loss + float(keras.ops.convert_to_numpy(model.weight_penalty()))}
    if labels is not None:
        check_evaluation_labels(labels)
        if 0 < labels.sum() < len(labels):
            results |= ranking_metrics(labels, check_scores(scores))
            results |= model.score_metrics(labels, scores)
    return results


def check_scores(scores: np.ndarray) -> np.ndarray:
    """Return the scores if all are finite.

    Raises:
        ValueError: Otherwise; the input was finite, so the weights are to blame.
    """
    bad = ~np.isfinite(scores)
    if bad.any():
        raise ValueError(
            f"The anomaly score is not finite for {int(bad.sum())} of {len(scores)} "
            f"samples (the first at index {int(bad.argmax())}) although the input is: "
            "the weights hold NaN or infinity or the values overflow. Train again with "
            "a smaller learning rate or with scaled inputs."
        )
    return scores


def ranking_metrics(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Exact area under the ROC curve (ties count half) and average precision.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`; both classes present.
        scores: Larger is more anomalous, shape `(samples,)`.

    Returns:
        `{"auc": ..., "average_precision": ...}`.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
    }
