r"""Hypersphere collapse on CIFAR-10 with biases: none, noise, variance, fixed weight.

    python benchmarks/collapse.py --out collapse.jsonl
    python benchmarks/collapse.py --out collapse.jsonl --show collapse.png

The settings of Chong et al., IJCNN 2020: one class is normal, 80 % of it trains, one-class
Deep SVDD, Adam, batch 50, weight decay 5e-4, 30 epochs, the head of the noise regularizer
at ten times the encoder's rate, the best epoch by validation AUC. Theirs is a pretrained
ResNet-18: `--network resnet18 --weights FILE`. The default is for a machine without a GPU:
the LeNet of CIFAR-10 with strides in place of its pooling, a quarter of the work, pretrained
by an autoencoder for five epochs; `--network lenet` is the LeNet itself. All have biases and
trainable BatchNorm parameters, but for the variant "bias-free".

Every training is a line of the file; those in it are not trained again, so that the study
can be interrupted. A training that stays collapsed for five epochs ends.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

VARIANTS = ("bias-free", "none", "noise", "variance", "noise, c=1", "variance, c=1")
COLLAPSED = 1e-4
"""Spread per root mean square of the center; `CollapseMonitor` has the same number."""
PRETRAIN_EPOCHS = 5
VALIDATED = 500
"""Validation samples of either kind that the AUC of an epoch is taken on."""


def main() -> None:
    arguments = _arguments()
    if arguments.show:
        _show(_read(arguments.out), arguments.show)
        return
    # Biases are what the study is about.
    warnings.filterwarnings("ignore", "The encoder can map every input", UserWarning)
    done = {_key(row) for row in _read(arguments.out)}
    for seed, normal_class in itertools.product(arguments.seeds, arguments.classes):
        study = None
        for rate, variant in itertools.product(arguments.rates, arguments.variants):
            settings = dict(
                network=arguments.network,
                samples=arguments.samples,
                normal_class=normal_class,
                seed=seed,
                rate=rate,
                variant=variant,
            )
            if _key(settings) in done or (variant == "bias-free" and rate != min(arguments.rates)):
                continue
            study = study or Study(settings, arguments.weights)
            row = {**settings, **study.train(rate, variant, arguments.epochs)}
            with open(arguments.out, "a") as file:
                file.write(json.dumps(row) + "\n")
            print(_line(row), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="file of the results")
    parser.add_argument("--show", type=Path, help="draw the results into this file, train nothing")
    parser.add_argument("--network", default="strided", choices=["strided", "lenet", "resnet18"])
    parser.add_argument("--weights", help="of the ResNet-18")
    parser.add_argument("--samples", type=int, help="train on so many images, default all")
    parser.add_argument("--classes", type=int, nargs="+", default=[0, 1, 8])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rates", type=float, nargs="+", default=[1e-4, 1e-2])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--epochs", type=int, default=30)
    return parser.parse_args()


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _key(row: dict[str, Any]) -> tuple:
    names = ("network", "samples", "normal_class", "seed", "rate", "variant")
    return tuple(row[name] for name in names)


class Study:
    """The trainings on one class with one seed, from the same encoders.

    Args:
        settings: Network, samples, class and seed.
        weights: File of the ResNet-18's, or None.
    """

    def __init__(self, settings: dict[str, Any], weights: str | None):
        from kerasocc.datasets import one_vs_rest

        self._network, self._seed = settings["network"], settings["seed"]
        self._weights = weights
        self._data = one_vs_rest(
            "cifar10", normal_class=settings["normal_class"], validation=0.2, seed=self._seed
        )
        self._x = self._data.x_train[: settings["samples"]]
        rows = [np.flatnonzero(self._data.y_val == kind)[:VALIDATED] for kind in (0, 1)]
        chosen = np.concatenate(rows)
        self._validation = self._data.x_val[chosen], self._data.y_val[chosen]
        self._pretrained: dict[bool, list[np.ndarray]] = {}

    def train(self, rate: float, variant: str, epochs: int) -> dict[str, Any]:
        """Train one variant; returns what happened per epoch and the AUC of the best one."""
        import keras
        from sklearn.metrics import roc_auc_score

        import kerasocc as kocc

        begun = time.perf_counter()
        model = kocc.DeepSVDD(
            self._encoder(use_bias=variant != "bias-free"),
            regularizer=_regularizer(variant, rate, self._seed),
            preprocessing=self._data.preprocessing,
            weight_decay=5e-4,
            seed=self._seed,
        )
        model.initialize_center(self._x)
        size = float(np.sqrt(np.mean(keras.ops.convert_to_numpy(model.center) ** 2)))
        model.compile(optimizer=keras.optimizers.Adam(rate))
        best = keras.callbacks.EarlyStopping(
            monitor="val_auc", mode="max", patience=epochs, restore_best_weights=True
        )
        own = [kocc.callbacks.CollapseMonitor(action="log"), best, _stop_collapsed(size)]
        if variant.endswith("c=1"):
            own.append(kocc.callbacks.AdaptiveWeighting(fixed=1.0))
        history = model.fit(
            self._x,
            batch_size=50,
            epochs=epochs,
            validation_data=self._validation,
            callbacks=own,
            verbose=0,
        ).history
        auc = 100 * roc_auc_score(self._data.y_test, model.score(self._data.x_test))
        return {
            "center_size": size,
            "epochs": {name: [float(v) for v in values] for name, values in history.items()},
            "best_epoch": best.best_epoch + 1,
            "test_auc": auc,
            "seconds": time.perf_counter() - begun,
        }

    def _encoder(self, *, use_bias: bool) -> Any:
        from kerasocc import networks

        options = dict(use_bias=use_bias, seed=self._seed)
        if self._network == "resnet18":
            return networks.resnet18((32, 32, 3), pooling="max", weights=self._weights, **options)
        if self._network == "lenet":
            encoder = networks.lenet("cifar10", **options)
            decoder = networks.lenet_decoder("cifar10", **options)
        else:
            encoder, decoder = _strided(**options)
        if use_bias not in self._pretrained:
            self._pretrain(encoder, decoder)
            self._pretrained[use_bias] = encoder.get_weights()
        encoder.set_weights(self._pretrained[use_bias])
        return encoder

    def _pretrain(self, encoder: Any, decoder: Any) -> None:
        import keras

        import kerasocc as kocc

        kocc.pretrain(
            encoder,
            decoder,
            self._x,
            epochs=PRETRAIN_EPOCHS,
            batch_size=50,
            optimizer=keras.optimizers.Adam(1e-3),
            preprocessing=self._data.preprocessing,
            seed=self._seed,
            verbose=0,
        )


def _strided(*, use_bias: bool, seed: int) -> tuple[Any, Any]:
    """Encoder `(batch, 32, 32, 3)` to `(batch, 128)` without pooling, and its mirror."""
    import keras
    from keras import layers

    def convolution(kind: Any, filters: int, number: int) -> Any:
        kernel = keras.initializers.GlorotUniform(seed=100 * seed + number)
        return kind(filters, 5, 2, "same", use_bias=use_bias, kernel_initializer=kernel)

    def dense(units: int, number: int) -> Any:
        kernel = keras.initializers.GlorotUniform(seed=100 * seed + number)
        return layers.Dense(units, use_bias=use_bias, kernel_initializer=kernel)

    def after() -> list[Any]:
        options = dict(momentum=0.9, epsilon=1e-4, center=use_bias, scale=use_bias)
        return [layers.BatchNormalization(**options), layers.LeakyReLU(0.01)]

    down = [[convolution(layers.Conv2D, 2**n, n), *after()] for n in (5, 6, 7)]
    up = [[convolution(layers.Conv2DTranspose, 2**n, 10 + n), *after()] for n in (6, 5)]
    encoder = [keras.Input((32, 32, 3)), *sum(down, []), layers.Flatten(), dense(128, 8)]
    decoder = [keras.Input((128,)), dense(2048, 18), layers.Reshape((4, 4, 128)), *after()]
    decoder += [*sum(up, []), convolution(layers.Conv2DTranspose, 3, 19)]
    decoder += [layers.Activation("sigmoid")]
    return keras.Sequential(encoder), keras.Sequential(decoder)


def _regularizer(variant: str, rate: float, seed: int) -> Any:
    import keras

    from kerasocc import regularizers

    if variant.startswith("noise"):
        head = keras.optimizers.Adam(10 * rate)
        return regularizers.NoiseRegularizer(k=50, head_optimizer=head, seed=seed)
    return regularizers.VarianceRegularizer() if variant.startswith("variance") else None


def _stop_collapsed(size: float, patience: int = 5) -> Any:
    """A callback that ends a training after so many collapsed epochs."""
    import keras

    collapsed = []

    def look(epoch: int, logs: dict[str, float]) -> None:
        collapsed.append(logs["embedding_spread"] < COLLAPSED * size)
        callback.model.stop_training = len(collapsed) >= patience and all(collapsed[-patience:])

    callback = keras.callbacks.LambdaCallback(on_epoch_end=look)
    return callback


def _collapse_epoch(row: dict[str, Any]) -> int | None:
    """The first collapsed epoch, counted from 1."""
    spread = np.array(row["epochs"]["embedding_spread"])
    found = np.flatnonzero(spread < COLLAPSED * row["center_size"])
    return int(found[0]) + 1 if len(found) else None


def _line(row: dict[str, Any]) -> str:
    spread = row["epochs"]["embedding_spread"]
    return (
        f"class {row['normal_class']} seed {row['seed']} rate {row['rate']:g} "
        f"{row['variant']:13} spread {spread[0]:.2g} -> {spread[-1]:.2g} in {len(spread)} "
        f"epochs, collapsed in {_collapse_epoch(row) or '-'}; test AUC {row['test_auc']:.2f} "
        f"of epoch {row['best_epoch']}; {row['seconds']:.0f} s"
    )


def _show(rows: list[dict[str, Any]], path: Path) -> None:
    """Print the table and draw the curves."""
    print(
        "rate   variant        collapsed  in epoch  last spread per |c|    test AUC +- std by class"
    )
    for rate in sorted({row["rate"] for row in rows}):
        for variant in VARIANTS:
            own = [r for r in rows if r["rate"] == rate and r["variant"] == variant]
            if own:
                print(_summary(rate, variant, own))
    _draw(rows, path)


def _summary(rate: float, variant: str, rows: list[dict[str, Any]]) -> str:
    epochs = sorted(e for row in rows if (e := _collapse_epoch(row)))
    when = f"{epochs[0]}-{epochs[-1]}" if epochs else "-"
    ratios = [row["epochs"]["embedding_spread"][-1] / row["center_size"] for row in rows]
    classes = sorted({row["normal_class"] for row in rows})
    aucs = [[r["test_auc"] for r in rows if r["normal_class"] == c] for c in classes]
    shown = ", ".join(
        f"{c}: {np.mean(a):.2f} +- {np.std(a):.2f}" for c, a in zip(classes, aucs, strict=True)
    )
    return (
        f"{rate:<6g} {variant:13} {len(epochs):>4} of {len(rows):<2} {when:>8}   "
        f"{np.median(ratios):8.1e} (least {min(ratios):.1e})  {shown}; "
        f"mean {np.mean([np.mean(a) for a in aucs]):.2f}"
    )


def _draw(rows: list[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    panels = {
        "embedding_spread": "Spread of the embeddings",
        "val_auc": "Validation AUC",
        "regularization_weight": "Weight $c_t$",
        "variance_threshold": "Threshold $d_t$",
    }
    rates = sorted({row["rate"] for row in rows})
    figure = Figure(figsize=(4 * len(panels), 3.2 * len(rates)), layout="constrained")
    axes = figure.subplots(len(rates), len(panels), squeeze=False)
    for line, rate in zip(axes, rates, strict=True):
        for axis, (name, title) in zip(line, panels.items(), strict=True):
            for number, variant in enumerate(VARIANTS):
                chosen = [r for r in rows if r["rate"] == rate and r["variant"] == variant]
                for row in chosen:
                    values = row["epochs"].get(name, [])
                    label = variant if row is chosen[0] and values else None
                    epochs = range(1, len(values) + 1)
                    axis.plot(epochs, values, color=f"C{number}", label=label, lw=1, alpha=0.7)
            axis.set(title=f"{title}, rate {rate:g}", xlabel="Epoch")
            if name != "val_auc":
                axis.set_yscale("log")
            if axis.get_legend_handles_labels()[0]:
                axis.legend(fontsize=7)
    figure.savefig(path)


if __name__ == "__main__":
    main()
