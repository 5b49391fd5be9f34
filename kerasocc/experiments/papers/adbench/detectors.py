"""The detectors of the comparison, from unsupervised ones to Deep SAD with labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

CONTAMINATION = 0.1
"""Of our detectors, which then train on all rows; it sets the threshold, not the scores."""


class Compared(NamedTuple):
    """A detector.

    Attributes:
        title: Its column.
        fit: From training rows, labels (-1 a known anomaly, else 0) and the configuration of a
            cell to a function from rows to scores, larger for anomalies.
        takes_labels: Whether it is trained with labelled anomalies.
        takes_epochs: Whether `--epochs` changes it.
    """

    title: str
    fit: Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], Callable[[np.ndarray], np.ndarray]]
    takes_labels: bool = False
    takes_epochs: bool = False


def _of_ours(name: str, **own: Any) -> Any:
    """The fit of a detector of `kerasocc.estimators`, with parameters of its own."""

    def fit(x: np.ndarray, labels: np.ndarray, settings: Mapping[str, Any]) -> Any:
        from kerasocc import estimators

        options = {"contamination": CONTAMINATION, "random_state": settings["seed"], **own}
        options |= {name: settings[name] for name in ("epochs", "steps") if name in settings}
        detector = getattr(estimators, name)(**options)
        detector.fit(x, labels if detector.uses_labels else None)
        return lambda rows: -detector.score_samples(rows)

    return fit


def _isolation_forest(x: np.ndarray, labels: np.ndarray, settings: Mapping[str, Any]) -> Any:
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=settings["seed"]).fit(x)
    return lambda rows: -forest.score_samples(rows)


def _one_class_svm(x: np.ndarray, labels: np.ndarray, settings: Mapping[str, Any]) -> Any:
    from sklearn.svm import OneClassSVM

    # As in PyOD, which the benchmark takes its unsupervised detectors from.
    machine = OneClassSVM(gamma="auto", nu=0.5).fit(x)
    return lambda rows: -machine.score_samples(rows)


DETECTORS = {
    "deep-svdd": Compared("Deep SVDD", _of_ours("DeepSVDDDetector"), takes_epochs=True),
    "deep-sad": Compared(
        "Deep SAD",
        _of_ours("DeepSADDetector"),
        takes_labels=True,
        takes_epochs=True,
    ),
    "auto": Compared("automatic choice", _of_ours("EnsembleDetector")),
    "neighbors": Compared("5 neighbours", _of_ours("NearestNeighborsDetector")),
    "neighbor-subsets": Compared(
        "neighbours in 100 subsets of 8",
        _of_ours("NearestNeighborsDetector", k=1, subsets=100),
    ),
    "isolation-forest": Compared("isolation forest", _isolation_forest),
    "oc-svm": Compared("OC-SVM", _one_class_svm),
}
"""By what `--methods` calls them."""
