"""Baselines tuned on test labels, as in the published tables: upper bounds, not detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from kerasocc.baselines.classical import ClassicalDetector
from kerasocc.baselines.kde import BANDWIDTHS, KDE
from kerasocc.baselines.oc_svm import OCSVM
from kerasocc.baselines.ssad import SSAD
from kerasocc.engine.evaluation import ranking_metrics

OC_SVM_GAMMAS = tuple(2.0**power for power in range(-10, 0))
"""2^-10, ..., 2^-1: those of Deep SVDD."""
OC_SVM_NUS = (0.01, 0.1)
SSAD_GAMMAS = tuple(2.0**power for power in range(-7, 3))
"""2^-7, ..., 2^2: those of the code of Deep SAD."""


class Hindsight(NamedTuple):
    """The best of a grid by the test labels.

    Attributes:
        detector: The fitted detector.
        auc: Its AUC on the test samples, in [0, 1].
        parameters: What it was made with.
    """

    detector: ClassicalDetector
    auc: float
    parameters: dict[str, Any]


def hindsight_oc_svm(
    x: Any,
    x_test: Any,
    y_test: Any,
    *,
    gammas: Sequence[float] = OC_SVM_GAMMAS,
    nus: Sequence[float] = OC_SVM_NUS,
    **options: Any,
) -> Hindsight:
    """The one-class SVM of a grid with the largest AUC on the test samples.

    The published figures of Deep SVDD and others were chosen so. Nobody has test labels: it says
    what the method could reach at most, not what it reaches.

    Args:
        x: Training samples.
        x_test: Test samples.
        y_test: Their labels: 0 normal, 1 anomaly, shape `(samples,)`.
        gammas: Widths of the kernel.
        nus: Values of `nu`.
        **options: Others of `OCSVM`.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 4.1.
    """
    grid = {"gamma": gammas, "nu": nus}
    return _best(lambda **p: OCSVM(**p, **options).fit(x), grid, x_test, y_test)


def hindsight_kde(
    x: Any, x_test: Any, y_test: Any, *, bandwidths: Sequence[float] = BANDWIDTHS, **options: Any
) -> Hindsight:
    """As `hindsight_oc_svm`, the kernel density estimate of a list of bandwidths."""
    grid = {"bandwidth": bandwidths}
    return _best(lambda **p: KDE(**p, **options).fit(x), grid, x_test, y_test)


def hindsight_ssad(
    x: Any,
    y: Any,
    x_test: Any,
    y_test: Any,
    *,
    gammas: Sequence[float] = SSAD_GAMMAS,
    **options: Any,
) -> Hindsight:
    """As `hindsight_oc_svm`, the SSAD of a list of kernel widths; `y` holds the training labels.

    The code of Deep SAD chooses it by the labels of a tenth of the test samples.
    """
    grid = {"gamma": gammas}
    return _best(lambda **p: SSAD(**p, **options).fit(x, y), grid, x_test, y_test)


def _best(
    fitted: Callable[..., ClassicalDetector],
    grid: Mapping[str, Sequence[float]],
    x_test: Any,
    y_test: Any,
) -> Hindsight:
    labels = np.asarray(y_test)
    best: Hindsight | None = None
    for values in product(*grid.values()):
        parameters = dict(zip(grid, values, strict=True))
        detector = fitted(**parameters)
        auc = ranking_metrics(labels, detector.score(x_test))["auc"]
        if best is None or auc > best.auc:
            best = Hindsight(detector, auc, parameters)
    if best is None:
        raise ValueError(f"{' and '.join(grid)} must hold numbers. Received: none")
    return best
