"""One-class SVM, KDE and isolation forest as columns of tables: raw, hybrid, in hindsight."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kerasocc.experiments.papers.training import config_and_data, pretrained, result_of
from kerasocc.experiments.tables.definition import Context, Result

RAW = {"oc-svm": "OC-SVM", "kde": "KDE", "isolation-forest": "IF"}
HYBRIDS = {f"{method}-hybrid": f"{title} hybrid" for method, title in RAW.items()}
HINDSIGHT = {
    f"{method}-hindsight": f"{title}, hindsight"
    for method, title in {**RAW, **HYBRIDS}.items()
    if not method.startswith("isolation-forest")
}
METHODS = {**RAW, **HYBRIDS, **HINDSIGHT}
"""Titles by method. Those in hindsight have the best settings of a grid by the test labels."""
PREPROCESSING = "unit"
"""Of raw pixels. Contrast normalization brings images so close together that the smallest bandwidth
of the papers' grid is too wide; OC-SVM and KDE are weaker then."""
NOTE = (
    "OC-SVM, KDE and IF read the principal components of pixels in [0, 1], without contrast "
    "normalization, after which OC-SVM and KDE are weaker. "
    "The width of the OC-SVM is scikit-learn's rule, nu is 0.1, the bandwidth of KDE the likeliest "
    "in five folds; the published OC-SVM has the best of a grid by test labels, as the columns "
    "under --hindsight have."
)


def is_raw(method: str) -> bool:
    """Whether a method reads the samples, and no network has a part in it."""
    return method.removesuffix("-hindsight") in RAW


def score_classical(
    method: str, settings: Mapping[str, Any], work: str, context: Context
) -> Result:
    """Fit and test one of `METHODS`.

    Raw ones read the principal components that hold 95 % of the variance, of the preprocessed
    samples; hybrids read the codes of the autoencoder of the pretraining.

    Args:
        method: Its name.
        settings: Fields of `TrainConfig`, of data and pretraining.
        work: Name of the folder of the pretraining.
        context: Of the table.
    """
    seconds = 0.0
    if not is_raw(method):
        autoencoder, data, seconds = pretrained(settings, work, context)
        options: dict[str, Any] = {"encoder": autoencoder}
    else:
        _, data = config_and_data(settings)
        options = {"preprocessing": data.preprocessing, "components": 0.95}
    begun = time.perf_counter()
    options["seed"] = settings["seed"]
    x = data.x_train[data.y_train >= 0]
    detector, parameters = _fitted(method, x, data, options)
    result = result_of(detector, data, begun)
    found = {"pretraining_seconds": seconds} if seconds else {}
    return {**result, **found, **({"parameters": parameters} if parameters else {})}


def _fitted(
    method: str, x: Any, data: Any, options: dict[str, Any]
) -> tuple[Any, dict[str, float]]:
    from kerasocc import baselines

    kind = next(name for name in RAW if method.startswith(name))
    if method in HINDSIGHT:
        search = baselines.hindsight_oc_svm if kind == "oc-svm" else baselines.hindsight_kde
        found = search(x, data.x_test, data.y_test, **options)
        return found.detector, found.parameters
    classes = {
        "oc-svm": baselines.OCSVM,
        "kde": baselines.KDE,
        "isolation-forest": baselines.IsolationForest,
    }
    detector = classes[kind](**options).fit(x)
    bandwidth = getattr(detector, "bandwidth_used", None)
    return detector, {} if bandwidth is None else {"bandwidth": bandwidth}
