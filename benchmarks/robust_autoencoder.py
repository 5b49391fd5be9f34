r"""Robust autoencoder beside the plain one, on polluted MNIST.

    python benchmarks/robust_autoencoder.py --show sensitivity.png
    python benchmarks/robust_autoencoder.py --pollutions outliers --quantiles 0.5 \
        --classes 0 1 2 3 4 5 6 7 8 9 --seeds 0 1 2

Two pollutions of 2000 training images of a digit, in [0, 1]:

- salt and pepper on 10 % of the pixels: mean squared error against the clean images, per
  pixel, of the plain autoencoder's reconstruction and of what the robust one (`l1`) calls
  clean, X - N, and reconstructs; the MNIST LeNet;
- 5 % images of other digits: AUC with which the polluted training set tells them, by the
  plain autoencoder's error and by `noise_scores` and `score` of the robust one (`l21`,
  samples). There `lam` is twice a quantile of the plain one's residual norms, which needs no
  labels. The network is dense and without BatchNorm, 784-256-32-256-784;
  `--network lenet` for the other one.

All train for 100 epochs, Adam at 1e-3, batch 200, from the same initial weights. The picture
shows the sensitivity to `lam`.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

POLLUTIONS = ("noise", "outliers")
LAMS = (0.2, 0.4, 0.8, 1.6)
QUANTILES = (0.25, 0.5, 0.75, 0.9)
EPOCHS = 100


class Row(NamedTuple):
    """One training.

    Attributes:
        pollution: `"salt and pepper"` or `"outliers"`.
        setting: `lam`, or the quantile that it was made of; None for the plain autoencoder.
        values: What was measured, by name.
    """

    pollution: str
    setting: float | None
    values: dict[str, float]


def main() -> None:
    arguments = _arguments()
    rows: dict[int, list[Row]] = {}
    for digit in arguments.classes:
        seeds = []
        for seed in arguments.seeds:
            print(f"digit {digit}, seed {seed}", flush=True)
            seeds.append(_trainings(arguments, digit, seed))
        rows[digit] = _means(seeds)
    print("mean over the digits and seeds")
    _print(_means(list(rows.values())))
    if arguments.show:
        _draw(rows, arguments.show)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, nargs="+", default=[0, 3, 8])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--pollutions", nargs="+", choices=POLLUTIONS, default=POLLUTIONS)
    parser.add_argument(
        "--quantiles", type=float, nargs="*", default=QUANTILES, help="none: only the plain one"
    )
    parser.add_argument("--network", choices=["dense", "lenet"], default="dense")
    parser.add_argument("--show", type=Path, help="draw the sensitivity to lam into this file")
    return parser.parse_args()


def _trainings(arguments: argparse.Namespace, digit: int, seed: int) -> list[Row]:
    rows = []
    if "noise" in arguments.pollutions:
        rows += _salt_and_pepper(digit, arguments.samples, seed)
    if "outliers" in arguments.pollutions:
        rows += _outliers(arguments, digit, seed)
    return rows


def _digits(digit: int, samples: int, contamination: float, seed: int) -> tuple[Any, Any]:
    """Images in [0, 1] and whether they show another digit, shuffled."""
    import numpy as np

    from kerasocc.datasets import one_vs_rest

    data = one_vs_rest("mnist", normal_class=digit, contamination=contamination, seed=seed)
    generator = np.random.default_rng(seed)
    others = np.flatnonzero(data.truth_train == 1)
    count = round(contamination * samples)
    normal = generator.permutation(np.flatnonzero(data.truth_train == 0))[: samples - count]
    rows = generator.permutation(np.concatenate([normal, others[:count]]))
    return data.x_train[rows].astype("float32") / 255, data.truth_train[rows]


def _networks(network: str, seed: int) -> tuple[Any, Any]:
    """Encoder and decoder with new weights."""
    import keras
    from keras import layers

    import kerasocc as kocc

    if network == "lenet":
        lenet = kocc.networks.lenet, kocc.networks.lenet_decoder
        return lenet[0]("mnist", seed=seed), lenet[1]("mnist", seed=seed)
    keras.utils.set_random_seed(seed)
    image = (28, 28, 1)
    encoder = [layers.Flatten(), layers.Dense(256, "relu"), layers.Dense(32)]
    decoder = [layers.Dense(256, "relu"), layers.Dense(784, "sigmoid"), layers.Reshape(image)]
    return (
        keras.Sequential([keras.Input(image), *encoder]),
        keras.Sequential([keras.Input((32,)), *decoder]),
    )


def _fit(network: str, x: Any, seed: int, **robust: Any) -> Any:
    """A trained autoencoder, robust if it is told how."""
    import keras

    import kerasocc as kocc

    encoder, decoder = _networks(network, seed)
    kind = kocc.RobustAutoencoder if robust else kocc.Autoencoder
    model = kind(encoder, decoder, seed=seed, **robust)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(x, batch_size=200, epochs=EPOCHS, verbose=0)
    return model


def _salt_and_pepper(digit: int, samples: int, seed: int) -> list[Row]:
    import numpy as np

    clean, _ = _digits(digit, samples, 0.0, seed)
    generator = np.random.default_rng([seed, 1])
    hit = generator.random(clean.shape) < 0.1
    noisy = np.where(hit, generator.integers(0, 2, clean.shape), clean).astype("float32")

    def error(images: Any) -> float:
        return 1000 * float(np.mean((images - clean) ** 2))

    plain = _fit("lenet", noisy, seed)
    rows = [Row("salt and pepper", None, {"error": error(plain.reconstruct(noisy))})]
    for lam in LAMS:
        model = _fit("lenet", noisy, seed, lam=lam)
        values = {
            "error of X - N": error(noisy - model.noise),
            "error of rec": error(noisy - model.map_noise("residual_of", noisy, model.noise)),
            "share": float(np.mean(model.noise != 0)),
        }
        rows.append(Row("salt and pepper", lam, values))
    print(f"  noisy images: error {error(noisy):.1f} e-3")
    _print(rows)
    return rows


def _outliers(arguments: argparse.Namespace, digit: int, seed: int) -> list[Row]:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    x, truth = _digits(digit, arguments.samples, 0.05, seed)
    plain = _fit(arguments.network, x, seed)
    rows = [Row("outliers", None, {"AUC": 100 * roc_auc_score(truth, plain.score(x))})]
    residuals = np.sqrt(plain.score(x))
    for quantile in arguments.quantiles:
        lam = 2 * float(np.quantile(residuals, quantile))
        model = _fit(arguments.network, x, seed, lam=lam, norm="l21")
        values = {
            "AUC of ||n||": 100 * roc_auc_score(truth, model.noise_scores()),
            "AUC of score": 100 * roc_auc_score(truth, model.score(x)),
            "share": float(np.mean(model.noise_scores() > 0)),
        }
        rows.append(Row("outliers", quantile, values))
    _print(rows)
    return rows


def _print(rows: Sequence[Row]) -> None:
    for row in rows:
        name = "lam" if row.pollution != "outliers" else "quantile"
        setting = "plain" if row.setting is None else f"{name} {row.setting:g}"
        values = ", ".join(f"{name} {value:.2f}" for name, value in row.values.items())
        print(f"  {row.pollution:15} {setting:14} {values}", flush=True)


def _means(trainings: list[list[Row]]) -> list[Row]:
    """Means of rows that stand for the same settings."""
    return [
        Row(
            same[0].pollution,
            same[0].setting,
            {name: statistics.mean(row.values[name] for row in same) for name in same[0].values},
        )
        for same in zip(*trainings, strict=True)
    ]


def _draw(rows: dict[int, list[Row]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), dpi=120, layout="constrained")
    panels = [
        ("salt and pepper", "error of X - N", "error", "lam", "error per pixel, 1e-3"),
        ("outliers", "AUC of ||n||", "AUC", "quantile behind lam", "AUC in %"),
    ]
    made = {row.pollution for trainings in rows.values() for row in trainings}
    panels = [panel for panel in panels if panel[0] in made]
    columns = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (pollution, name, plain, x, y) in zip(columns, panels, strict=True):
        for number, (digit, trainings) in enumerate(rows.items()):
            own = [row for row in trainings if row.pollution == pollution]
            settings = [row.setting for row in own[1:]]
            color = f"C{number}"
            axes.plot(
                settings, [row.values[name] for row in own[1:]], "o-", color=color, label=f"{digit}"
            )
            axes.axhline(own[0].values[plain], color=color, linestyle=":")
        axes.set(xlabel=x, ylabel=y, title=f"{pollution}: {name}, dotted: plain autoencoder")
        axes.set_xscale("log" if x == "lam" else "linear")
        axes.set_xticks(settings, [f"{setting:g}" for setting in settings])
        axes.minorticks_off()
        axes.legend(title="digit", frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
