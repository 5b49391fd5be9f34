"""Prometheus metrics of a served model: counts, p-values and drift."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from kerasocc.engine.calibration import p_values
from kerasocc.serving.drift import LastScores

P_VALUES = (0.001, 0.01, 0.05, *(i / 10 for i in range(1, 11)))
"""Upper bounds of the histogram: without drift the share below each bound is that bound."""
SECONDS_BETWEEN_TESTS = 1.0
_LABELS = ("model_name", "model_version")


class ServerMetrics:
    """What a server tells Prometheus of one model.

    | metric | what |
    |---|---|
    | `kerasocc_samples_total` | samples that were scored |
    | `kerasocc_anomalies_total` | those of them that were flagged |
    | `kerasocc_p_value` | histogram of the p-values |
    | `kerasocc_drift_distance` | distance of the last p-values from uniform ones |
    | `kerasocc_drift_p_value` | probability of such a distance without drift |
    | `kerasocc_drift_samples` | how many samples these two are of |

    Those of p-values and drift are of models that were calibrated by `fpr`.

    Args:
        registry: Where the metrics are registered, once for all models.
        name: Name of the model.
        version: Its version, `""` for none.
        calibration_scores: Ascending, shape `(n,)`; None without.
        window: The last scores that are tested; see `LastScores`.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        version: str,
        calibration_scores: np.ndarray | None,
        window: LastScores | None,
    ):
        self._calibration_scores, self._window = calibration_scores, window
        self._tested = float("-inf")
        self._of = {
            metric: made.labels(name, version) for metric, made in _metrics(registry).items()
        }

    def observe(self, scores: np.ndarray, flagged: int | None) -> None:
        """Count the scores of one request.

        Args:
            scores: Shape `(samples,)`.
            flagged: How many of them are anomalies; None without a threshold.
        """
        self._of["samples"].inc(len(scores))
        self._of["anomalies"].inc(flagged or 0)
        if self._calibration_scores is None:
            return
        for p in p_values(self._calibration_scores, scores).tolist():
            self._of["p_value"].observe(p)
        self._window.add(scores)
        now = time.monotonic()
        if now - self._tested >= SECONDS_BETWEEN_TESTS:
            self._tested = now
            self._test()

    def _test(self) -> None:
        drift = self._window.drift()
        if drift is not None:
            self._of["drift_distance"].set(drift.distance)
            self._of["drift_p_value"].set(drift.probability)
            self._of["drift_samples"].set(drift.samples)


_REGISTERED: dict[int, dict[str, Any]] = {}


def _metrics(registry: CollectorRegistry) -> dict[str, Any]:
    """The metrics of a registry; a name can be registered once."""
    if id(registry) not in _REGISTERED:
        common = dict(labelnames=_LABELS, registry=registry)
        gauge = dict(common, multiprocess_mode="mostrecent")
        _REGISTERED[id(registry)] = {
            "samples": Counter("kerasocc_samples", "Samples that were scored", **common),
            "anomalies": Counter("kerasocc_anomalies", "Samples that were flagged", **common),
            "p_value": Histogram("kerasocc_p_value", "p-values", buckets=P_VALUES, **common),
            "drift_distance": Gauge(
                "kerasocc_drift_distance", "Distance of p-values from uniform ones", **gauge
            ),
            "drift_p_value": Gauge(
                "kerasocc_drift_p_value", "Probability of the distance without drift", **gauge
            ),
            "drift_samples": Gauge(
                "kerasocc_drift_samples", "Samples that were tested for drift", **gauge
            ),
        }
    return _REGISTERED[id(registry)]
