"""AUC of Deep SVDD on tables beside an isolation forest and a one-class SVM.

    KERASOCC_DATA_DIR=... python benchmarks/tabular.py

All read the same training rows (normal ones only, 60 % of them), scaled to [0, 1], and
are tested on the same rows. Deep SVDD: the MLPs of Deep SAD, pretrained, Adam 1e-4 with
a drop at epoch 50 of 150, batch 128, in both phases. Isolation forest: 100 trees, 256
samples. OC-SVM: RBF, `gamma="scale"`, nu 0.1; at most 10,000 rows train it.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

HIDDEN = {
    "arrhythmia": [128, 64, 32],
    "cardio": [32, 16, 8],
    "satellite": [32, 16, 8],
    "shuttle": [32, 16, 8],
}


def main() -> None:
    arguments = _arguments()
    methods = {"Deep SVDD": _deep_svdd, "isolation forest": _forest, "OC-SVM": _svm}
    print(f"{'table':12}" + "".join(f"{name:>22}" for name in methods) + "   mean AUC in % +- std")
    for table in arguments.tables:
        row = f"{table:12}"
        for method in methods.values():
            start = time.perf_counter()
            aucs = [100 * _auc(method, table, seed) for seed in arguments.seeds]
            seconds = (time.perf_counter() - start) / len(aucs)
            row += f"{np.mean(aucs):8.1f} +-{np.std(aucs):4.1f} {seconds:5.0f} s"
        print(row, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(HIDDEN), choices=list(HIDDEN))
    parser.add_argument("--seeds", type=int, nargs="+", default=range(3))
    return parser.parse_args()


def _auc(method: Callable, table: str, seed: int) -> float:
    from sklearn.metrics import roc_auc_score

    from kerasocc.datasets import tabular

    data = tabular(table, seed=seed)
    train, test = (np.array(data.preprocessing(x)) for x in (data.x_train, data.x_test))
    return roc_auc_score(data.y_test, method(train, test, HIDDEN[table], seed))


def _deep_svdd(train, test, hidden, seed):
    import keras

    import kerasocc as kocc

    def drop(epoch, _):
        return 1e-4 if epoch < 50 else 1e-5

    widths = [train.shape[1], *hidden]
    encoder = kocc.networks.mlp(widths, seed=seed)
    schedule = keras.callbacks.LearningRateScheduler(drop)
    options = dict(epochs=150, batch_size=128, callbacks=[schedule], verbose=0)
    decoder = kocc.networks.mlp_decoder(widths, seed=seed)
    kocc.pretrain(encoder, decoder, train, weight_decay=0.5e-3, seed=seed, **options)
    model = kocc.DeepSVDD(encoder, weight_decay=0.5e-6, seed=seed)
    model.compile(optimizer=keras.optimizers.Adam(1e-4))
    model.fit(train, **options)
    return model.score(test)


def _forest(train, test, hidden, seed):
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=seed)
    return -forest.fit(train).score_samples(test)


def _svm(train, test, hidden, seed):
    from sklearn.svm import OneClassSVM

    rows = np.random.default_rng(seed).permutation(len(train))[:10_000]
    svm = OneClassSVM(kernel="rbf", gamma="scale", nu=0.1)
    return -svm.fit(train[rows]).score_samples(test)


if __name__ == "__main__":
    main()
