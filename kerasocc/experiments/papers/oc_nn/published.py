"""The figures that the notebooks of the OC-NN repository keep."""

from __future__ import annotations

from pathlib import Path

from kerasocc.experiments.tables.cell import Published

_MNIST = (97.6, 99.5, 87.3, 86.5, 93.3, 86.5, 97.1, None, 88.6)
_CIFAR10 = (60.4, 62.0, 63.7, 53.6, 67.4, 56.1, 63.3, 60.1, 64.7, 68.7)
_STOP_SIGNS = {"one-class": 67.1, "soft-boundary": 67.5, "dcae": 87.5, "rcae": 87.4}
PUBLISHED: dict[str, dict[str, dict[int, float]]] = {
    "mnist": {"oc-nn": {c: auc for c, auc in enumerate(_MNIST) if auc is not None}},
    "cifar10": {
        "oc-nn": dict(enumerate(_CIFAR10)),
        "rcae": {0: 69.6, 1: 63.1, 5: 64.0, 6: 64.9, 7: 63.3, 9: 74.5},
    },
    # Class 14.
    "gtsrb": {method: {14: auc} for method, auc in _STOP_SIGNS.items()},
}
"""AUC in % that the repository's notebooks keep, by data set, method and normal class."""

CAVEATS = {
    "mnist": "The published runs took normal samples of the test part too.",
    "cifar10": "The published runs took normal samples of the test part too, and 7.7 % anomalies.",
    "gtsrb": "The published anomalies were adversarial attacks on stop signs, not other signs, and "
    "8.7 % of the samples.",
}
"""What else is different about the published figures."""


def published_auc(dataset: str, method: str, normal_class: int | str) -> Published | None:
    """The repository's AUC in %, or None.

    Args:
        dataset: Name or path; GTSRB is known by a name that begins so.
        method: One of `comparison.COMPARED`.
        normal_class: Its number, or a name that is one.
    """
    number = int(normal_class) if str(normal_class).isdecimal() else None
    value = PUBLISHED.get(published_name(dataset), {}).get(method, {}).get(number)
    # They stand in the outputs of the notebooks.
    return None if value is None else Published(value)


def published_name(dataset: str) -> str:
    """What a data set would be called in `PUBLISHED`."""
    return "gtsrb" if Path(dataset).name.lower().startswith("gtsrb") else dataset
