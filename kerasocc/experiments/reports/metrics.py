"""Metrics of the papers' protocols, beside the AUC and the average precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasocc.engine.evaluation import ranking_metrics


def f1_at_ratio(labels: Any, scores: Any) -> float:
    """F1 score when exactly as many samples are flagged as there are anomalies.

    The metric of GOAD, NeuTraL AD and LOE on tables. Its threshold is set by the *true*
    ratio of anomalies in the labels that it is computed on, which nobody knows in use:
    it compares rankings, it does not say how well a calibrated detector flags.

    With `k` anomalies the `k` largest scores are flagged, so precision, recall and F1
    are all the number of anomalies among these, divided by `k`. Of samples that tie at
    the cut, all orders count alike: the mean of F1 over them is returned, which is what
    a random choice would give on average (a constant score: the ratio of anomalies).

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`; both classes present.
        scores: Larger is more anomalous, shape `(samples,)`.

    Returns:
        F1, in [0, 1].

    Raises:
        ValueError: If the arrays do not fit or hold other values.

    Example:
        >>> f1_at_ratio([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3])
        0.5
    """
    labels, scores = _checked(labels, scores)
    count = int(labels.sum())
    cut = np.sort(scores)[-count]
    above, tied = scores > cut, scores == cut
    chance = (count - above.sum()) / tied.sum()
    return float((labels[above].sum() + chance * labels[tied].sum()) / count)


def frame_auc(labels: Any, scores: Any) -> float:
    """AUC over the frames of all videos together, the metric of the papers on video.

    No video is scaled by itself. The mean of the AUCs of the videos is another figure,
    and not defined where a video is anomalous from end to end.

    Args:
        labels: 0 normal, 1 anomaly, shape `(frames,)`, or such an array per video: a
            mapping from names as `FrameDataset.split_by_sequence` returns.
        scores: Larger is more anomalous, in the same form.

    Returns:
        The AUC, in [0, 1]; ties count half.

    Raises:
        ValueError: If labels and scores do not fit or hold other values.
    """
    if isinstance(labels, Mapping) and isinstance(scores, Mapping):
        for name in {**labels, **scores}:
            if np.shape(labels.get(name)) != np.shape(scores.get(name)):
                raise ValueError(
                    f"`labels` and `scores` must have the same frames of {name!r}. Received: "
                    f"{_frames(labels, name)} labels and {_frames(scores, name)} scores"
                )
        scores = np.concatenate([np.asarray(scores[name]) for name in labels])
        labels = np.concatenate([np.asarray(labels[name]) for name in labels])
    labels, scores = _checked(labels, scores)
    return ranking_metrics(labels, scores)["auc"]


def _frames(videos: Mapping[str, Any], name: str) -> int:
    return len(videos[name]) if name in videos else 0


def _checked(labels: Any, scores: Any) -> tuple[np.ndarray, np.ndarray]:
    labels, scores = np.asarray(labels), np.asarray(scores)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(
            "`labels` and `scores` must both have the shape (samples,). Received: shapes "
            f"{labels.shape} and {scores.shape}"
        )
    values = np.unique(labels).tolist()
    if values != [0, 1]:
        raise ValueError(
            f"`labels` must hold both 0 (normal) and 1 (anomaly). Received: values {values[:10]}"
        )
    finite = np.isfinite(scores)
    if not finite.all():
        raise ValueError(
            f"`scores` must be finite. Received: {int((~finite).sum())} that are not, the first "
            f"at index {int(finite.argmin())}"
        )
    return labels.astype("int64"), scores
