r"""NeuTraL AD and ICL beside DeepOD's on clean tables.

    pip install deepod
    KERASOCC_DATA_DIR=... python benchmarks/tabular_contrastive.py

Half of the normal rows train, the others are tested with all anomalies; standardised with
the training rows. All four train for 100 epochs, Adam at 1e-3, batch 64; the networks have
the widths of DeepOD's defaults (100, 50 and codes of 128; 11 residual transformations with
50 hidden units). What differs: our NeuTraL AD's encoder has BatchNorm; the BatchNorm of our
ICL's networks has scales and shifts, our windows are the paper's and our temperature is 0.1,
its 0.01; we take one order of the columns and all windows. DeepOD runs on the CPU here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

TABLES = ("arrhythmia", "breastw", "cardio", "glass", "ionosphere", "pima", "wbc", "wine")


def main() -> None:
    arguments = _arguments()
    methods: dict[str, Callable[[Any, int], Any]] = {
        "NeuTraL AD": _neutral_ad,
        "DeepOD NeuTraL": lambda data, seed: _deepod("NeuTraL", data, seed),
        "ICL": _icl,
        "DeepOD ICL": lambda data, seed: _deepod("ICL", data, seed),
    }
    print(f"{'table':12}" + "".join(f"{name:>24}" for name in methods) + "   AUC in %, seconds")
    means: dict[str, list[float]] = {name: [] for name in methods}
    for table in arguments.tables:
        row = f"{table:12}"
        for name, method in methods.items():
            begun = time.perf_counter()
            aucs = [_auc(method, table, seed) for seed in arguments.seeds]
            seconds = (time.perf_counter() - begun) / len(aucs)
            means[name].append(statistics.mean(aucs))
            row += f"{means[name][-1]:10.2f} +-{statistics.pstdev(aucs):5.2f} {seconds:4.0f} s"
        print(row, flush=True)
    print("mean        " + "".join(f"{statistics.mean(m):10.2f}{'':14}" for m in means.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    return parser.parse_args()


def _auc(method: Callable[[Any, int], Any], table: str, seed: int) -> float:
    from sklearn.metrics import roc_auc_score

    from kerasocc.datasets import half_split

    folder = os.environ.get("KERASOCC_DATA_DIR")
    data = half_split(table, seed=seed, data_dir=folder and f"{folder}/tabular")
    return 100 * roc_auc_score(data.y_test, method(data, seed))


def _neutral_ad(data: Any, seed: int) -> Any:
    import kerasocc as kocc

    encoder = kocc.networks.mlp([data.x_train.shape[1], 100, 50, 128], seed=seed)
    return _fit(kocc.NeuTraLAD(encoder, hidden=(50,), **_common(data, seed)), data)


def _icl(data: Any, seed: int) -> Any:
    import kerasocc as kocc

    whole = dict(permutations=1, num_windows=None)
    encoder = kocc.networks.icl_encoder(data.x_train.shape[1], seed=seed, **whole)
    return _fit(kocc.ICL(encoder, **_common(data, seed)), data)


def _common(data: Any, seed: int) -> dict[str, Any]:
    return dict(preprocessing=data.preprocessing, seed=seed)


def _fit(model: Any, data: Any) -> Any:
    import keras

    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=64, epochs=100, verbose=0)
    return model.score(data.x_test)


def _deepod(name: str, data: Any, seed: int) -> Any:
    import numpy as np
    from deepod.models import tabular

    train, test = (np.array(data.preprocessing(x)) for x in (data.x_train, data.x_test))
    options = dict(epochs=100, batch_size=64, lr=1e-3, device="cpu", verbose=0, random_state=seed)
    model = getattr(tabular, name)(**options)
    model.fit(train)
    return model.decision_function(test)


if __name__ == "__main__":
    main()
