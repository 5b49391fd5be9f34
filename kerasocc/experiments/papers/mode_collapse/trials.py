"""One cell of the tables of Chong et al.: a training or a fit, and a test."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasocc.experiments.papers.mode_collapse.variants import BATCH_SIZE, WEIGHT_DECAY
from kerasocc.experiments.papers.named_files import path_of
from kerasocc.experiments.tables.definition import Result

COLLAPSED = 1e-4
"""Spread of the embeddings in units of the center's size below which they are one point;
`callbacks.CollapseMonitor` has the same number."""


def run_trial(
    settings: Mapping[str, Any],
    data: Any,
    seed: int,
    *,
    weights: str | None,
    folder: Path,
    progress: bool,
) -> Result:
    """Train and test.

    Args:
        settings: What `variants.of_method` returned.
        data: What `problems.load_problem` returned.
        seed: Of weights and orders.
        weights: Name of the file of the ResNet-18's weights, None for random ones.
        folder: Of what an interrupted training needs.
        progress: Whether to draw a bar.

    Returns:
        `metrics` with the AUC on the test part, and for Deep SVDD `log_spread`, the logarithm to
        base 10 of the spread of the embeddings after the last epoch in units of the center's
        size, and whether it has `collapsed`.
    """
    from kerasocc.engine.evaluation import ranking_metrics

    begun = time.perf_counter()
    spread: dict[str, float] = {}
    if settings["method"] in ("deep-svdd", "deep-sad"):
        model, spread, history = _deep(settings, data, seed, weights, folder, progress)
    elif settings["method"] == "geo":
        model, history = _geo(settings, data, seed, weights, folder, progress)
    else:
        model, history = _shallow(settings, data, seed, weights), {}
    found = ranking_metrics(data.y_test, model.score(data.x_test))
    result = {
        "metrics": {**{name: float(value) for name, value in found.items()}, **spread},
        "seconds": round(time.perf_counter() - begun, 1),
        "samples": len(data.x_train),
    }
    logged = ("embedding_spread", "val_auc", "regularization_weight", "variance_threshold")
    curves = {
        name: [float(f"{v:.4g}") for v in history[name]] for name in logged if name in history
    }
    return {**result, "curves": curves} if curves else result


def _encoder(settings: Mapping[str, Any], data: Any, seed: int, weights: str | None) -> Any:
    from kerasocc import networks

    return networks.resnet18(
        tuple(data.x_train.shape[1:]),
        use_bias=settings.get("use_bias", True),
        pooling=settings["pooling"],
        weights=None if weights is None else path_of(weights),
        seed=seed,
    )


def _deep(
    settings: Mapping[str, Any],
    data: Any,
    seed: int,
    weights: str | None,
    folder: Path,
    progress: bool,
) -> tuple[Any, dict[str, float], dict[str, list[float]]]:
    import numpy as np
    from keras import ops

    import kerasocc
    from kerasocc.callbacks import AdaptiveWeighting, CollapseMonitor

    options = dict(
        regularizer=_regularizer(settings, seed),
        preprocessing=data.preprocessing,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
    )
    encoder = _encoder(settings, data, seed, weights)
    with warnings.catch_warnings():
        # Biases are what the paper is about.
        warnings.filterwarnings("ignore", "The encoder can map every input", UserWarning)
        if settings["method"] == "deep-sad":
            model = kerasocc.DeepSAD(encoder, eta=1.0, **options)
        else:
            objective = {name: settings[name] for name in ("objective", "nu") if name in settings}
            model = kerasocc.DeepSVDD(encoder, **objective, **options)
        callbacks = [CollapseMonitor(action="log")]
        if settings.get("adaptive") is False:
            callbacks.append(AdaptiveWeighting(fixed=1.0))
        history = _run(model, settings, BATCH_SIZE, data, folder, callbacks, progress, best=True)
    size = float(np.sqrt(np.mean(ops.convert_to_numpy(model.center) ** 2)))
    relative = history["embedding_spread"][-1] / size
    spread = {
        "log_spread": math.log10(max(relative, 1e-12)),
        "collapsed": float(relative < COLLAPSED),
    }
    return model, spread, history


def _regularizer(settings: Mapping[str, Any], seed: int) -> Any:
    import keras

    from kerasocc import regularizers

    if settings["regularizer"] == "noise":
        head = keras.optimizers.Adam(settings["head_rate"])
        return regularizers.NoiseRegularizer(
            k=settings["noise_tasks"], head_optimizer=head, seed=seed
        )
    return regularizers.VarianceRegularizer() if settings["regularizer"] == "variance" else None


def _geo(
    settings: Mapping[str, Any],
    data: Any,
    seed: int,
    weights: str | None,
    folder: Path,
    progress: bool,
) -> tuple[Any, dict[str, list[float]]]:
    import kerasocc

    model = kerasocc.GEO(
        _encoder(settings, data, seed, weights),
        preprocessing=data.preprocessing,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
    )
    batch_size = settings["batch_size"]
    return model, _run(model, settings, batch_size, data, folder, [], progress, best=False)


def _run(
    model: Any,
    settings: Mapping[str, Any],
    batch_size: int,
    data: Any,
    folder: Path,
    callbacks: list[Any],
    progress: bool,
    *,
    best: bool,
) -> dict[str, list[float]]:
    from kerasocc.experiments.runs.epoch_bar import EpochBar
    from kerasocc.experiments.runs.phases import Phase, run_phase

    phase = Phase(
        "training",
        model,
        epochs=settings["epochs"],
        batch_size=batch_size,
        learning_rate=settings["learning_rate"],
        keep_best=best,
    )
    bar = EpochBar("Training", phase.epochs) if progress else None
    try:
        return run_phase(phase, data, folder, [*callbacks, *([bar] if bar else [])])
    finally:
        if bar:
            bar.close()


def _shallow(settings: Mapping[str, Any], data: Any, seed: int, weights: str | None) -> Any:
    from kerasocc import baselines

    name, _, features = settings["method"].rpartition("-")
    options: dict[str, Any] = dict(preprocessing=data.preprocessing, seed=seed)
    if features == "pca":
        options["components"] = 0.95
    else:
        options["encoder"] = _encoder(settings, data, seed, weights)
    detector = baselines.OCSVM if name == "oc-svm" else baselines.IsolationForest
    return detector(**options).fit(data.x_train[data.y_train >= 0])
