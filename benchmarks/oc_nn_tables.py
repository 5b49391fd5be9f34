r"""AUC of OC-NN on tables beside one-class SVMs on the same standardised columns.

    KERASOCC_DATA_DIR=... python benchmarks/oc_nn_tables.py
    KERASOCC_DATA_DIR=... python benchmarks/oc_nn_tables.py --seeds 0 1 --set steps=1000

Half of the normal rows train, drawn by the seed; the others are tested with all anomalies.
"trained" are the settings of `kerasocc train --method oc-nn` on a table: random Fourier
features, whose frequencies are trained; "frozen" is that with `--no-train-encoder`, "MLP" with
`--fourier-features 0` and without the autoencoder. nu is 0.1 and gamma 1/columns in all of them.
The tables are those on which choices are made. A training that collapses counts as 50 %.
"""

from __future__ import annotations

import argparse
import ast
import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

TABLES = (
    "cardio breastw ionosphere vertebral letter annthyroid satellite fault glass wine yeast stamps "
    "mammography"
).split()
VARIANTS: dict[str, dict[str, Any]] = {
    "trained": {},
    "frozen": {"train_encoder": False},
    "MLP": {"fourier_features": 0, "pretrain_epochs": 0, "pretrain_drop_at": (), "head_epochs": 0},
}
KERNELS = {"linear SVM": "linear", "RBF SVM": "rbf"}


def main() -> None:
    arguments = _arguments()
    methods = [*arguments.variants, *KERNELS]
    print(f"{'table':12} seed" + "".join(f"{name:>12}" for name in methods) + "  seconds of ours")
    rows = []
    for table in arguments.tables:
        for seed in arguments.seeds:
            begun = time.perf_counter()
            ours = [_auc(table, seed, _oc_nn(table, name, arguments)) for name in methods[:-2]]
            seconds = time.perf_counter() - begun
            machines = [_auc(table, seed, _machine(kernel)) for kernel in KERNELS.values()]
            rows.append([*ours, *machines])
            cells = "".join(f"{auc:12.1f}" for auc in rows[-1])
            print(f"{table:12} {seed:4}{cells}  {seconds:7.0f}", flush=True)
    means = map(statistics.mean, zip(*rows, strict=True))
    print(f"{'mean':17}" + "".join(f"{mean:12.1f}" for mean in means))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--variants", nargs="+", default=["trained", "frozen"], choices=VARIANTS)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of all variants"
    )
    return parser.parse_args()


def _path(table: str) -> str:
    return str(Path(os.environ["KERASOCC_DATA_DIR"], "tabular", f"{table}.npz"))


def _auc(table: str, seed: int, score: Callable[[Any, int], Any]) -> float:
    from sklearn.metrics import roc_auc_score

    from kerasocc.datasets import half_split

    data = half_split(_path(table), seed=seed)
    return 100 * float(roc_auc_score(data.y_test, score(data, seed)))


def _machine(kernel: str) -> Callable[[Any, int], Any]:
    def score(data: Any, seed: int) -> Any:
        import numpy as np
        from sklearn.svm import OneClassSVM

        train, test = (np.array(data.preprocessing(x)) for x in (data.x_train, data.x_test))
        machine = OneClassSVM(kernel=kernel, gamma="auto", nu=0.1).fit(train)
        return -machine.decision_function(test)

    return score


def _oc_nn(table: str, variant: str, arguments: argparse.Namespace) -> Callable[[Any, int], Any]:
    changed = dict(pair.split("=", 1) for pair in arguments.set)
    settings = VARIANTS[variant] | {name: _value(text) for name, text in changed.items()}

    def score(data: Any, seed: int) -> Any:
        import keras
        import numpy as np

        from kerasocc.callbacks import CollapseError
        from kerasocc.experiments.config import TrainConfig
        from kerasocc.experiments.runs.building import make_callbacks, make_model
        from kerasocc.experiments.runs.length import training_epochs
        from kerasocc.experiments.runs.networks import make_networks

        config = TrainConfig.for_dataset(_path(table), method="oc-nn", seed=seed, **settings)
        keras.utils.set_random_seed(seed)
        encoder, _ = make_networks(config, data.x_train.shape[1:], len(data.x_train))
        model = make_model(config, encoder, None, data.preprocessing)
        model.compile(keras.optimizers.Adam(config.learning_rate))
        try:
            with warnings.catch_warnings(action="ignore"):
                model.fit(
                    data.x_train,
                    batch_size=config.batch_size,
                    epochs=training_epochs(config, len(data.x_train)),
                    callbacks=make_callbacks(config, Path("unused")),
                    verbose=0,
                )
        except CollapseError as error:
            print(f"      {table}, {variant}: {error}", flush=True)
            return np.zeros(len(data.y_test))
        return model.score(data.x_test)

    return score


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()
