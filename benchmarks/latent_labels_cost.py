r"""What latent labels cost: per step in the batch, per epoch over the training set.

    python benchmarks/latent_labels_cost.py

The MNIST LeNet (batch 200) and an MLP 20-64-32 (batch 128) with Deep SVDD, and the MLP with
NeuTraL AD, on random data. Three models of each train in turns, in a random order within each
round: without latent labels, with `refresh="batch"` and with `refresh="epoch"`. In a further
training every epoch begins with a refresh and a scoring pass over the same data, in a random
order. Printed are the medians of the ratios: of the epochs' times within a round, of a refresh
to the scoring pass beside it, and what an epoch takes more with `refresh="epoch"` in scoring
passes (its labels cost the steps a little too). Run it on an idle machine.
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
    # What ran before a training changes its time by more than the labels do.
    shuffled, names = random.Random(0), [*RULES, "pairs"]
    seconds: dict[str, list[float]] = {rule: [] for rule in RULES}
    pairs: list[tuple[float, float]] = []
    options = {"batch_size": batch_size, "epochs": arguments.epochs, "verbose": 0}
    for number in range(arguments.rounds + 1):
        if number == 1:  # the first round compiled
            pairs, seconds = [], {rule: [] for rule in RULES}
        for name in names:
            if name == "pairs":
                pairs += _pairs(models["epoch"], x, options, shuffled)
            else:
                seconds[name].append(_epoch(models[name], x, options, name))
        shuffled.shuffle(names)
    scoring = statistics.median(score for _, score in pairs)
    rounds = list(zip(*(seconds[rule] for rule in RULES), strict=True))
    batch = statistics.median(b / n for n, b, _ in rounds)
    epoch = statistics.median(e - n for n, _, e in rounds) / scoring
    plain, scoring = 1000 * statistics.median(seconds["none"]), 1000 * scoring
    print(
        f"{network:8} epoch {plain:.0f} ms, scoring pass {scoring:.1f} ms; "
        f"refresh='batch' {100 * (batch - 1):+.1f} %; refresh='epoch' "
        f"{statistics.median(r / s for r, s in pairs):.2f} scoring passes, "
        f"an epoch with it {epoch:+.2f}",
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


def _epoch(model: Any, x: Any, options: dict[str, Any], rule: str) -> float:
    """Seconds of an epoch, without what comes before and after the training."""
    import keras

    from kerasocc.callbacks import LatentLabels

    marks: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: marks.append(time.perf_counter()),
        on_train_end=lambda logs: marks.append(time.perf_counter()),
    )
    callbacks = [clock] if rule == "none" else [LatentLabels(refresh=rule), clock]
    model.fit(x, callbacks=callbacks, **options)
    return (marks[1] - marks[0]) / options["epochs"]


def _pairs(
    model: Any, x: Any, options: dict[str, Any], shuffled: random.Random
) -> list[tuple[float, float]]:
    """Seconds of a refresh and of a scoring pass where every epoch begins."""
    from kerasocc.callbacks import LatentLabels

    pairs: list[tuple[float, float]] = []

    class Timed(LatentLabels):
        def on_epoch_begin(self, epoch, logs=None):
            refresh = super().on_epoch_begin
            calls = [("refresh", lambda: refresh(epoch, logs)), ("score", lambda: model.score(x))]
            shuffled.shuffle(calls)
            seconds = {}
            for name, call in calls:
                begun = time.perf_counter()
                call()
                seconds[name] = time.perf_counter() - begun
            pairs.append((seconds["refresh"], seconds["score"]))

    model.fit(x, callbacks=[Timed(refresh="epoch")], **options)
    return pairs


if __name__ == "__main__":
    main()
