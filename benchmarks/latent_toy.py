r"""Latent outlier exposure in two dimensions: what Blind and LOE take for normal.

    python benchmarks/latent_toy.py --show docs/latent_outlier_exposure.png

90 normal points around (1, 1) and 10 hidden anomalies in two clusters. Deep SVDD on 100
radial basis functions (fixed centers, a trained linear layer of width 16), full batches,
Adam 1e-2, 100 epochs, so that the anomalies can be learned by heart.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

CLUSTERS = ((-0.25, 2.5), (-1.0, 0.5))
"""Where the anomalies are."""
TITLES = {"blind": "Blind", "hard": "LOE-H", "soft": "LOE-S"}
LIMITS = (-2.0, 3.0, -0.7, 3.5)
"""Of the picture: x, then y."""


def main() -> None:
    from sklearn.metrics import roc_auc_score

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", type=Path, help="draw the contours of the scores into this file")
    arguments = parser.parse_args()
    x, truth = sample(90, 10, seed=0)
    x_test, y_test = sample(900, 100, seed=1)
    models = {mode: train(x, mode) for mode in TITLES}
    for mode, model in models.items():
        auc = 100 * roc_auc_score(y_test, model.score(x_test))
        print(f"{TITLES[mode]}: AUC {auc:.1f} % on new points")
    if arguments.show:
        _draw(models, x, truth, arguments.show)


def sample(normal: int, anomalies: int, *, seed: int) -> tuple[Any, Any]:
    """Points, shape `(normal + anomalies, 2)`, float32, and whether they are anomalies."""
    generator = np.random.default_rng(seed)
    counts = (anomalies // 2, anomalies - anomalies // 2)
    parts = [generator.normal([1.0, 1.0], 0.07**0.5, (normal, 2))]
    for center, count in zip(CLUSTERS, counts, strict=True):
        parts.append(generator.normal(center, 0.03**0.5, (count, 2)))
    return np.concatenate(parts).astype("float32"), np.repeat([0, 1], [normal, anomalies])


def train(x: Any, mode: str, *, contamination: float = 0.1, seed: int = 0) -> Any:
    """Deep SVDD on radial basis functions, with latent labels."""
    import keras

    import kerasocc as kocc
    from kerasocc.callbacks import CollapseMonitor, LatentLabels

    centers = np.random.default_rng(seed).uniform(-2, 3.5, (100, 2)).astype("float32")
    inputs = keras.Input((2,))
    squares = [keras.ops.square(inputs[:, i : i + 1] - centers[:, i]) for i in range(2)]
    linear = keras.layers.Dense(
        16, use_bias=False, kernel_initializer=keras.initializers.GlorotUniform(seed=seed)
    )
    encoder = keras.Model(inputs, linear(keras.ops.exp(-squares[0] - squares[1])))
    model = kocc.DeepSVDD(encoder, seed=seed)
    model.compile(keras.optimizers.Adam(1e-2))
    callbacks = [LatentLabels(mode=mode, contamination=contamination), CollapseMonitor()]
    model.fit(x, batch_size=len(x), epochs=100, callbacks=callbacks, verbose=0)
    return model


def _draw(models: dict[str, Any], x: Any, truth: Any, path: Path) -> None:
    from kerasocc.files import complete_or_absent
    from kerasocc.plots.style import COLORS, NAMES, make_figure

    left, right, bottom, top = LIMITS
    columns, rows = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    grid = np.stack([columns.ravel(), rows.ravel()], axis=1).astype("float32")
    figure = make_figure(11, 3.7)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, (mode, model) in zip(panels, models.items(), strict=True):
        # By ranks: the scales of the scores differ by orders of magnitude.
        scores = model.score(grid)
        ranks = (np.argsort(np.argsort(scores)) / len(scores)).reshape(columns.shape)
        filled = axes.contourf(columns, rows, ranks, levels=10, cmap="Greys")
        inside = np.quantile(model.score(x[truth == 0]), 0.95)
        boundary = scores.reshape(columns.shape)
        axes.contour(columns, rows, boundary, levels=[inside], colors="black")
        for label, (name, color) in enumerate(zip(NAMES, COLORS, strict=True)):
            points = x[truth == label]
            axes.scatter(*points.T, s=14, color=color, marker="ox"[label], label=name)
        axes.set(title=TITLES[mode], xlim=(left, right), ylim=(bottom, top))
    panels[0].legend(loc="lower left", fontsize="small")
    figure.colorbar(filled, ax=panels, label="rank of the score")
    with complete_or_absent(path) as temporary:
        figure.savefig(temporary)


if __name__ == "__main__":
    main()
