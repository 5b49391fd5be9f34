r"""AUC of Deep SVDD on images at the settings of the paper, both objectives.

    python benchmarks/images.py                              # MNIST 0, 3, 8; seeds 0, 1, 2
    python benchmarks/images.py --dataset cifar10 --classes 1 4 8 --seeds 0 \
        --pretrain-epochs 50 --epochs 50

One pretraining per class and seed serves both objectives, otherwise each training is
that of `kerasocc train --protocol deep-svdd`. Without the options for epochs they are
the paper's. Every line is flushed as it comes.

With `KERAS_BACKEND=jax` on a GPU the seeds of a class train in one program. Their seconds are
then those until they have all got there; `JAX_COMPILATION_CACHE_DIR=<folder>` lets the classes
share what is compiled.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import os
import statistics
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

HEAD = "dataset  class seed objective       AUC in %  spread  seconds"


def main() -> None:
    arguments = _arguments()
    epochs = {
        name: value
        for name in ("epochs", "pretrain_epochs")
        if (value := getattr(arguments, name)) is not None
    }
    print(HEAD, flush=True)
    begun = time.perf_counter()
    rows = [
        row
        for normal_class in arguments.classes
        for row in _of_class(arguments, normal_class, epochs)
    ]
    _print_summary(rows)
    print(f"# {len(rows)} detectors in {time.perf_counter() - begun:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist", choices=["mnist", "cifar10"])
    parser.add_argument("--classes", type=int, nargs="+", default=[0, 3, 8])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--objectives", nargs="+", default=["one-class", "soft-boundary"])
    parser.add_argument("--pretrain-epochs", type=int)
    parser.add_argument("--epochs", type=int)
    return parser.parse_args()


def _of_class(
    arguments: argparse.Namespace, normal_class: int, epochs: dict[str, int]
) -> list[list[str]]:
    """The rows of a class, all seeds and objectives."""
    import kerasocc as kocc
    from kerasocc.datasets import one_vs_rest
    from kerasocc.experiments.config import TrainConfig
    from kerasocc.experiments.config.protocols import PROTOCOLS

    fixed = PROTOCOLS["deep-svdd"][arguments.dataset]
    own = {k: v for k, v in fixed.items() if not (epochs and k.endswith(("epochs", "drop_at")))}
    # Nothing is drawn: the data are the same for all seeds.
    data = one_vs_rest(arguments.dataset, normal_class=normal_class)
    configs = [
        TrainConfig.for_dataset(
            arguments.dataset, normal_class=normal_class, seed=seed, **own, **epochs
        )
        for seed in arguments.seeds
    ]
    rows = kocc.train_together(
        # Each with a preprocessing layer of its own.
        functools.partial(_trained, config, dataclasses.replace(data), arguments.objectives)
        for config in configs
    )
    return list(itertools.chain.from_iterable(rows))


def _trained(config: Any, data: Any, objectives: list[str]) -> list[list[str]]:
    import kerasocc as kocc

    begun = time.perf_counter()
    encoder = kocc.networks.lenet(config.dataset, seed=config.seed)
    decoder = kocc.networks.lenet_decoder(config.dataset, seed=config.seed)
    pretrain(config, data, encoder, decoder)
    weights = encoder.get_weights()
    print(f"# pretrained in {time.perf_counter() - begun:.0f} s", flush=True)
    rows = []
    for objective in objectives:
        encoder.set_weights(weights)
        result = _row(config, data, encoder, objective)
        rows.append(
            [config.dataset, str(config.normal_class), str(config.seed), objective, *result]
        )
        print("{:8} {:>5} {:>4} {:15} {:>8} {:>7} {:>8}".format(*rows[-1]), flush=True)
    return rows


def pretrain(config: Any, data: Any, encoder: Any, decoder: Any) -> Any:
    """The autoencoder of a run's settings, trained."""
    import keras

    import kerasocc as kocc

    return kocc.pretrain(
        encoder,
        decoder,
        data.x_train,
        epochs=config.pretrain_epochs,
        batch_size=config.batch_size,
        optimizer=keras.optimizers.Adam(config.pretrain_learning_rate),
        preprocessing=data.preprocessing,
        weight_decay=config.pretrain_weight_decay,
        callbacks=[drops(config.pretrain_learning_rate, config.pretrain_drop_at)],
        seed=config.seed,
        verbose=0,
    )


def _row(config: Any, data: Any, encoder: Any, objective: str) -> list[str]:
    import keras
    from sklearn.metrics import roc_auc_score

    import kerasocc as kocc

    begun = time.perf_counter()
    model = kocc.DeepSVDD(
        encoder,
        objective=objective,
        nu=config.nu,
        preprocessing=data.preprocessing,
        weight_decay=config.weight_decay,
        seed=config.seed,
    )
    model.compile(optimizer=keras.optimizers.Adam(config.learning_rate))
    callbacks = [drops(config.learning_rate, config.drop_at)]
    if model.soft_boundary:
        callbacks.append(kocc.callbacks.RadiusUpdate(update=config.radius_update))
    history = model.fit(
        data.x_train,
        epochs=config.epochs,
        batch_size=config.batch_size,
        callbacks=callbacks,
        verbose=0,
    ).history
    auc = 100 * roc_auc_score(data.y_test, model.score(data.x_test))
    spread = history["embedding_spread"][-1]
    return [f"{auc:.2f}", f"{spread:.3g}", f"{time.perf_counter() - begun:.0f}"]


def drops(rate: float, epochs: tuple[int, ...]) -> Any:
    """A schedule that divides a learning rate by 10 after each of the epochs."""
    import keras

    return keras.callbacks.LearningRateScheduler(
        lambda epoch, _: rate / 10 ** sum(epoch >= drop for drop in epochs)
    )


def _print_summary(rows: list[list[str]]) -> None:
    print("\nclass objective        mean    std  (over the seeds)")
    for key in dict.fromkeys((row[1], row[3]) for row in rows):
        aucs = [float(row[4]) for row in rows if (row[1], row[3]) == key]
        print(
            f"{key[0]:>5} {key[1]:15} {statistics.mean(aucs):7.2f} {statistics.pstdev(aucs):6.2f}"
        )


if __name__ == "__main__":
    main()
