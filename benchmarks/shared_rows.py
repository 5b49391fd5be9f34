r"""What training rows among the test rows do to a one-class SVM on tables of Deep SAD.

    python benchmarks/shared_rows.py
    python benchmarks/shared_rows.py --tables arrhythmia --seeds 10

60 % of the normal rows train, and 40 % of the normal rows and of the anomalies test. "apart": the
other normal rows test. "shared": the normal test rows come from a second permutation, as in the
code of Deep SAD, so that 60 % of them are training rows. A narrow kernel (large gamma) knows its
training rows by heart. Printed is the mean AUC in %.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import OneClassSVM

from kerasocc.datasets.readers.labelled_tables import load_table

GAMMAS = [2.0**power for power in range(-7, 8)]


def main() -> None:
    arguments = _arguments()
    print(f"{'table':12}{'rows':8}" + "".join(f"{gamma:>8.3g}" for gamma in GAMMAS))
    for name in arguments.tables:
        _, table = load_table(name)
        for rows in ("apart", "shared"):
            found = [_aucs(table.x, table.y, seed, rows == "shared") for seed in arguments.seeds]
            means = 100 * np.mean(found, axis=0)
            print(f"{name:12}{rows:8}" + "".join(f"{mean:8.1f}" for mean in means), flush=True)


def _aucs(x: np.ndarray, y: np.ndarray, seed: int, is_shared: bool) -> list[float]:
    generator = np.random.default_rng(seed)
    normal, strange = (generator.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    cut = round(0.6 * len(normal))
    train = x[normal[:cut]]
    tested = generator.permutation(normal) if is_shared else normal
    test = np.concatenate([tested[cut:], strange[round(0.6 * len(strange)) :]])
    scaling = make_pipeline(StandardScaler(), MinMaxScaler()).fit(train)
    train, rows = scaling.transform(train), scaling.transform(x[test])
    machines = [OneClassSVM(gamma=gamma, nu=0.1).fit(train) for gamma in GAMMAS]
    return [roc_auc_score(y[test], -machine.score_samples(rows)) for machine in machines]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=["arrhythmia", "cardio", "satellite"])
    parser.add_argument("--seeds", type=int, default=3, help="number of splits (default: 3)")
    arguments = parser.parse_args()
    arguments.seeds = range(arguments.seeds)
    return arguments


if __name__ == "__main__":
    main()
