r"""What latent labels cost: per step in the batch, per epoch over the training set.

    python benchmarks/latent_labels_cost.py

The MNIST LeNet (batch 200) and an MLP 20-64-32 (batch 128) with Deep SVDD, and the MLP with
NeuTraL AD, on random data. Three models of each train in turns, in a random order within each
round: without latent labels, with `refresh="batch"` and with `refresh="epoch"`. Printed are
the medians of the ratios of the epochs' times within a round, what the refresh of
`refresh="epoch"` takes, and what an epoch takes more with it (its labels cost the steps a
little too), both in scoring passes over the same data. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

RULES = ("none", "batch", "epoch")


def main() -> None:
    arguments = _arguments()
    for network in arguments.networks:
        _measure(network, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["lenet", "mlp", "neutral"])
    parser.add_argument("--epochs", type=int, default=5, help="epochs per round")
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds")
    return parser.parse_args()


def _measure(network: str, arguments: argparse.Namespace) -> None:
    x, batch_size = _data(network)
    models = {rule: _model(network) for rule in RULES}
    names, order = [*RULES, "score"], random.Random(0)
    seconds: dict[str, list[float]] = {name: [] for name in (*names, "refresh")}
    for number in range(arguments.rounds + 1):
        for name in names:
            if name == "score":
                found = {name: _scoring(models["none"], x)}
            else:
                found = _epochs(models[name], x, batch_size, name, arguments)
            for key, value in found.items() if number else ():  # the first round compiles
                seconds[key].append(value)
        # What ran before a training changes its time by more than the labels do.
        order.shuffle(names)
    rounds = list(zip(*seconds.values(), strict=True))
    batch = statistics.median(b / n for n, b, _, _, _ in rounds)
    refresh = statistics.median(r / s for _, _, _, s, r in rounds)
    epoch = statistics.median((e - n) / s for n, _, e, s, _ in rounds)
    plain = 1000 * statistics.median(n for n, _, _, _, _ in rounds)
    print(
        f"{network:8} epoch {plain:.0f} ms; refresh='batch' {100 * (batch - 1):+.1f} %; "
        f"refresh='epoch' {refresh:.2f} scoring passes, an epoch with it {epoch:+.2f}",
        flush=True,
    )


def _data(network: str) -> tuple[Any, int]:
    import numpy as np

    generator = np.random.default_rng(0)
    if network == "lenet":
        return generator.random((6000, 28, 28, 1), dtype="float32"), 200
    return generator.normal(size=(8192, 20)).astype("float32"), 128


def _model(network: str) -> Any:
    import keras

    import kerasocc as kocc

    if network == "lenet":
        model = kocc.DeepSVDD(kocc.networks.lenet("mnist", seed=0), seed=0)
    else:
        encoder = kocc.networks.mlp([20, 64, 32], seed=0)
        kind = kocc.NeuTraLAD if network == "neutral" else kocc.DeepSVDD
        model = kind(encoder, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-4))
    return model


def _scoring(model: Any, x: Any) -> float:
    """Seconds of a scoring pass."""
    begun = time.perf_counter()
    model.score(x)
    return time.perf_counter() - begun


def _epochs(
    model: Any, x: Any, batch_size: int, rule: str, arguments: argparse.Namespace
) -> dict[str, float]:
    """Seconds of an epoch, without what comes after the training, and of a refresh."""
    import keras

    from kerasocc.callbacks import LatentLabels

    refreshes: list[float] = []

    class Timed(LatentLabels):
        def on_epoch_begin(self, epoch, logs=None):
            begun = time.perf_counter()
            super().on_epoch_begin(epoch, logs)
            refreshes.append(time.perf_counter() - begun)

    marks: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: marks.append(time.perf_counter()),
        on_train_end=lambda logs: marks.append(time.perf_counter()),
    )
    callbacks = [clock] if rule == "none" else [Timed(refresh=rule), clock]
    model.fit(x, batch_size=batch_size, epochs=arguments.epochs, callbacks=callbacks, verbose=0)
    found = {rule: (marks[1] - marks[0]) / arguments.epochs}
    return {**found, "refresh": statistics.median(refreshes)} if rule == "epoch" else found


if __name__ == "__main__":
    main()
