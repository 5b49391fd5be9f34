"""What is trained: the variants of Deep SVDD and what the paper compares them with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasocc.experiments.papers.mode_collapse.published import DEEP, GEO, NOISE, SHALLOW, VARIANCE

EPOCHS, BATCH_SIZE, WEIGHT_DECAY = 30, 50, 5e-4
NOISE_TASKS = 50
"""`k` of the noise regularizer; the paper chooses it by validation from 5 to 200."""
RATES = {"1e-3": 1e-3, "1e-2": 1e-2, "1e-1": 1e-1}
"""Of the head of the noise regularizer; the encoder gets a tenth."""
NU = {"voc2012": 0.2, "wikiart": 0.1, "cifar10": 0.1}
"""Of the soft boundary; that of CIFAR-10 is ours."""
GEO_TRAINING = {"epochs": 216, "batch_size": 35, "learning_rate": 1e-4}
"""Three passes over all pairs of an image and a transformation."""

METHODS = {
    "oc-svm-pca": SHALLOW[0],
    "oc-svm-cnn": SHALLOW[1],
    "if-pca": SHALLOW[2],
    "if-cnn": SHALLOW[3],
    "geo": GEO,
    "svdd": DEEP[0],
    "svdd-bias": DEEP[1],
    "noise": NOISE,
    "variance": VARIANCE,
}
"""Rows of the tables by the names that the command line has for them."""
DEEP_METHODS = ("svdd", "svdd-bias", "noise", "variance")
SHALLOW_METHODS = ("oc-svm-pca", "oc-svm-cnn", "if-pca", "if-cnn")


def deep(
    method: str,
    *,
    objective: str = "one-class",
    source: str = "cifar10",
    rate: float = RATES["1e-3"],
    encoder_rate: float | None = None,
    adaptive: bool = True,
    pooling: str | None = "max",
    semi_supervised: bool = False,
    noise_tasks: int = NOISE_TASKS,
) -> dict[str, Any]:
    """Settings of a variant of Deep SVDD.

    Args:
        method: One of `DEEP_METHODS`.
        objective: `"one-class"` or `"soft-boundary"`.
        source: Of the images, which the soft boundary depends on.
        rate: Learning rate of the head of the noise regularizer.
        encoder_rate: Of all other layers, None for a tenth of that.
        adaptive: Whether the weight of the regularizer is adaptive, else 1.
        pooling: Of the ResNet-18.
        semi_supervised: Whether it is Deep SAD, with eta 1.
        noise_tasks: `k` of the noise regularizer.
    """
    regularizer = method if method in ("noise", "variance") else None
    settings: dict[str, Any] = {
        "method": "deep-sad" if semi_supervised else "deep-svdd",
        "use_bias": method != "svdd",
        "regularizer": regularizer,
        "pooling": pooling,
        "learning_rate": rate / 10 if encoder_rate is None else encoder_rate,
        "epochs": EPOCHS,
    }
    if not semi_supervised:
        settings["objective"] = objective
    if settings.get("objective") == "soft-boundary":
        settings["nu"] = NU[source]
    if regularizer is not None:
        settings["adaptive"] = adaptive
    if regularizer == "noise":
        settings |= {"head_rate": rate, "noise_tasks": noise_tasks}
    return settings


def other(method: str, *, pooling: str | None = "max") -> dict[str, Any]:
    """Settings of GEO or a shallow method."""
    if method == "geo":
        return {"method": "geo", "pooling": pooling, **GEO_TRAINING}
    of_network = {"pooling": pooling} if method.endswith("cnn") else {}
    return {"method": method, **of_network}


def of_method(method: str, **options: Any) -> dict[str, Any]:
    """Settings of any method; what is of Deep SVDD alone is left out of the others."""
    if method in DEEP_METHODS:
        return deep(method, **options)
    return other(method, **{n: v for n, v in options.items() if n == "pooling"})


def shortened(settings: Mapping[str, Any], *, quick: bool, epochs: int | None) -> dict[str, Any]:
    """Settings with fewer epochs: those that are asked for, or under `--quick` a tenth.

    Args:
        settings: What `of_method` returned.
        quick: Whether at a much reduced length.
        epochs: Number that the user has given, or None.
    """
    if "epochs" not in settings or (epochs is None and not quick):
        return dict(settings)
    quickly = 12 if settings["method"] == "geo" else 3
    return {**settings, "epochs": quickly if epochs is None else epochs}
