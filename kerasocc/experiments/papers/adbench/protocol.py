"""The protocol of ADBench for one table: split, scaling, labels, metrics."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kerasocc.experiments.papers.adbench.detectors import DETECTORS
from kerasocc.experiments.papers.numeric_tables import read_rows
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Context, Result

if TYPE_CHECKING:
    import numpy as np

TEST = 0.3


class Parts(NamedTuple):
    """A table, divided and scaled.

    Attributes:
        x_train: Shape `(rows, columns)`, every column in [0, 1].
        y_train: 1 for an anomaly.
        x_test: Scaled as the training rows are.
        y_test: Likewise.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def divided(x: np.ndarray, y: np.ndarray, seed: int) -> Parts:
    """70 % of both labels train, scaled by their smallest and largest values.

    Raises:
        ValueError: If one of the labels is there less than twice.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import MinMaxScaler

    train, test, y_train, y_test = train_test_split(
        x, y, test_size=TEST, stratify=y, random_state=seed
    )
    if not 0 < y_test.sum() < len(y_test):
        raise ValueError("the test part must hold normal rows and anomalies: too few in the table")
    scaler = MinMaxScaler().fit(train)
    scaled = (scaler.transform(part).astype(np.float32) for part in (train, test))
    x_train, x_test = scaled
    return Parts(x_train, y_train, x_test, y_test)


def known_labels(y: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """-1 for a share of the anomalies, rounded up; 0 for all other rows.

    Args:
        y: 1 for an anomaly, shape `(rows,)`.
        ratio: Share of the anomalies that is known, in [0, 1].
        seed: Of their draw.
    """
    import numpy as np

    anomalies = np.flatnonzero(y == 1)
    # 0.07 of 100 are 7, which the product of the floats is slightly above.
    count = math.ceil(round(ratio * len(anomalies), 6))
    known = np.random.default_rng([seed, 12]).permutation(anomalies)[:count]
    labels = np.zeros(len(y), "int8")
    labels[known] = -1
    return labels


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Fit and test, the rows of all cells read once; see `TableDefinition`."""
    parts = None
    for cell in cells:
        settings = cell.configuration
        if parts is None:
            seed = settings["seed"]
            rows = read_rows(cell.data, most_rows=settings["most_rows"], seed=seed)
            parts = divided(*rows, seed)
        yield cell, fitted(parts, settings)


def fitted(parts: Parts, settings: Mapping[str, Any]) -> Result:
    """The result of one detector."""
    from kerasocc.engine.evaluation import check_scores, ranking_metrics
    from kerasocc.experiments.reports.metrics import f1_at_ratio

    labels = known_labels(parts.y_train, settings.get("labels", 0.0), settings["seed"])
    begun = time.perf_counter()
    score = DETECTORS[settings["method"]].fit(parts.x_train, labels, settings)
    fit_seconds = time.perf_counter() - begun
    scores = check_scores(score(parts.x_test))
    metrics = ranking_metrics(parts.y_test, scores)
    return {
        "metrics": {**metrics, "f1": f1_at_ratio(parts.y_test, scores)},
        "samples": len(parts.x_train),
        "fit_seconds": round(fit_seconds, 2),
        "seconds": round(time.perf_counter() - begun, 2),
    }
