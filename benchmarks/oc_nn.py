r"""AUC of OC-NN beside one-class SVMs on the features of the same frozen encoder.

    python benchmarks/oc_nn.py                          # MNIST, ten digits, inductive
    python benchmarks/oc_nn.py --protocol transductive  # beside the OC-NN repository's figures
    python benchmarks/oc_nn.py --dataset cifar10 --protocol transductive --pretrain-epochs 20
    python benchmarks/oc_nn.py --dataset gtsrb32_subset --classes 14 --protocol transductive

Inductive: all training samples of the normal class, tested on the whole test part.
Transductive: trained and tested on the same samples, the normal class with 1 % of other
classes, as the notebooks of the OC-NN repository do; these figures do not compare with
the inductive ones. OC-NN with a frozen encoder, as it is and with embeddings of length 1,
and both SVMs get the code of one autoencoder and the same nu; "trained" is OC-NN that
trains that encoder too. All settings are those of `kerasocc train --method oc-nn` on MNIST and
CIFAR-10: the autoencoder 20 epochs at 1e-3, divided by 10 after 15, the encoder with OC-NN 20
at 1e-3. A training that collapses says so and counts as 50 %.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

from images import drops, pretrain

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

METHODS = ("frozen", "length 1", "trained", "linear OC-SVM", "RBF OC-SVM", "autoencoder")


def main() -> None:
    arguments = _arguments()
    print(f"{'class':>5} {'seed':>4}  " + "  ".join(METHODS) + "  published  flagged  seconds")
    rows = []
    for normal_class in arguments.classes:
        for seed in arguments.seeds:
            begun = time.perf_counter()
            aucs, flagged = _aucs(arguments, normal_class, seed)
            seconds = time.perf_counter() - begun
            published = _published(arguments, normal_class)
            cells = "  ".join(f"{100 * a:{len(m)}.2f}" for m, a in zip(METHODS, aucs, strict=True))
            shown = f"{published:9.1f}" if published else " " * 8 + "-"
            share = f"{100 * flagged:6.1f}%"
            print(
                f"{normal_class:>5} {seed:4}  {cells}  {shown}  {share}  {seconds:7.0f}", flush=True
            )
            rows.append((*aucs, published))
    for place, method in enumerate(METHODS):
        print(f"mean of {method:14} {100 * statistics.mean(row[place] for row in rows):6.2f}")
    both = [row for row in rows if row[-1]]
    if both:
        *ours, theirs = (statistics.mean(column) for column in zip(*both, strict=True))
        means = ", ".join(f"{m} {100 * a:.2f}" for m, a in zip(METHODS, ours, strict=True))
        print(f"where the repository published, repository {theirs:.2f}: {means}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--classes", type=int, nargs="+", default=range(10))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--protocol", default="inductive", choices=["inductive", "transductive"])
    parser.add_argument("--pretrain-epochs", type=int, default=20)
    parser.add_argument("--nu", type=float, default=0.1)
    parser.add_argument("--activation", default="sigmoid", choices=["sigmoid", "linear", "relu"])
    return parser.parse_args()


def _published(arguments: argparse.Namespace, normal_class: int) -> float | None:
    if arguments.protocol != "transductive":
        return None
    from kerasocc.experiments.papers.oc_nn.published import published_auc

    return published_auc(arguments.dataset, "oc-nn", normal_class)


def _aucs(arguments: argparse.Namespace, normal_class: int, seed: int) -> tuple[list[float], float]:
    """AUC by method, and the share of the training samples that OC-NN flags."""
    import keras
    import numpy as np
    from sklearn.metrics import roc_auc_score
    from sklearn.svm import OneClassSVM

    from kerasocc.experiments.config import TrainConfig
    from kerasocc.experiments.runs.data import load_data
    from kerasocc.experiments.runs.networks import make_networks

    epochs = arguments.pretrain_epochs
    settings: dict[str, Any] = dict(
        protocol=None if arguments.protocol == "inductive" else arguments.protocol,
        method="oc-nn",
        normal_class=normal_class,
        nu=arguments.nu,
        activation=arguments.activation,
        seed=seed,
        batch_size=200,
        validation=0.0,
        pretrain_epochs=epochs,
        pretrain_learning_rate=1e-3,
        pretrain_drop_at=(3 * epochs // 4,),
    )
    config, *variants = (
        TrainConfig.for_dataset(arguments.dataset, **settings, **own)
        for own in (
            dict(train_encoder=False),
            dict(train_encoder=False, normalize=True),
            dict(epochs=20, learning_rate=1e-3, drop_at=()),
        )
    )
    keras.utils.set_random_seed(seed)
    data = load_data(config)
    encoder, decoder = make_networks(config, tuple(data.x_train.shape[1:]), len(data.x_train))
    autoencoder = pretrain(config, data, encoder, decoder)
    train, test = autoencoder.embed(data.x_train), autoencoder.embed(data.x_test)
    machines = [OneClassSVM(kernel=k, nu=config.nu).fit(train) for k in ("linear", "rbf")]
    others = [-machine.decision_function(test) for machine in machines]
    others.append(autoencoder.score(data.x_test))
    frozen = _trained(config, data, encoder)
    flagged = float(np.mean(frozen.score(data.x_train) > 0))
    scores = [frozen.score(data.x_test)]
    # The last one changes the encoder.
    scores += [_test_scores(variant, data, encoder) for variant in variants]
    aucs = [float(roc_auc_score(data.y_test, score)) for score in (*scores, *others)]
    return aucs, flagged


def _test_scores(config: Any, data: Any, encoder: Any) -> Any:
    """Scores of the test samples, all equal if the training collapses."""
    import numpy as np

    import kerasocc as kocc

    try:
        return _trained(config, data, encoder).score(data.x_test)
    except kocc.callbacks.CollapseError as error:
        print(f"      class {config.normal_class}: {error}", flush=True)
        return np.zeros(len(data.y_test))


def _trained(config: Any, data: Any, encoder: Any) -> Any:
    import keras

    from kerasocc.experiments.runs.building import make_callbacks, make_head, make_model

    def fit(model: Any, epochs: int, rate: float, drop_at: tuple[int, ...]) -> Any:
        model.compile(keras.optimizers.Adam(rate))
        callbacks = [drops(rate, drop_at), *make_callbacks(config, Path("unused"))]
        model.fit(
            data.x_train,
            batch_size=config.batch_size,
            epochs=epochs,
            callbacks=callbacks,
            verbose=0,
        )
        return model

    model: Any = make_model(config, encoder, None, data.preprocessing)
    head = make_head(config, encoder, data.preprocessing)
    if head is not None:
        model.start_from(fit(head, config.head_epochs, 10 * config.learning_rate, ()))
    return fit(model, config.epochs, config.learning_rate, config.drop_at)


if __name__ == "__main__":
    main()
