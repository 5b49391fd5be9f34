"""AUC of `kerasocc train` on scikit-learn's digits beside a one-class SVM.

    python benchmarks/digits.py

Ten classes, seeds 0 to 2. Both methods get the same training samples and are
tested on the same test samples; the SVM (RBF, `gamma="scale"`, nu 0.1) reads the
raw pixels.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    arguments = _arguments()
    print("class  seed    ours  OC-SVM  seconds")
    ours: list[float] = []
    svm: list[float] = []
    for normal_class in arguments.classes:
        for seed in arguments.seeds:
            start = time.perf_counter()
            pair = _aucs(normal_class, seed)
            seconds = time.perf_counter() - start
            ours.append(pair[0])
            svm.append(pair[1])
            print(
                f"{normal_class:5}  {seed:4}  {100 * pair[0]:6.2f}  {100 * pair[1]:6.2f}  "
                f"{seconds:7.1f}",
                flush=True,
            )
    difference = 100 * (statistics.mean(ours) - statistics.mean(svm))
    print(f"mean AUC, ours    {100 * statistics.mean(ours):6.2f}")
    print(f"mean AUC, OC-SVM  {100 * statistics.mean(svm):6.2f}")
    print(f"difference        {difference:+6.2f} points")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, nargs="+", default=range(10))
    parser.add_argument("--seeds", type=int, nargs="+", default=range(3))
    return parser.parse_args()


def _aucs(normal_class: int, seed: int) -> tuple[float, float]:
    from sklearn.metrics import roc_auc_score
    from sklearn.svm import OneClassSVM

    from kerasocc.experiments.config import TrainConfig
    from kerasocc.experiments.runs import runner, store
    from kerasocc.experiments.runs.data import load_data

    config = TrainConfig.for_dataset("digits", normal_class=normal_class, seed=seed)
    data = load_data(config)
    with tempfile.TemporaryDirectory() as folder:
        results = runner.train(config, store.create(folder, None, config), data)
    x_train, x_test = (x.reshape(len(x), -1) for x in (data.x_train, data.x_test))
    svm = OneClassSVM(kernel="rbf", gamma="scale", nu=0.1).fit(x_train)
    return results["auc"], roc_auc_score(data.y_test, -svm.score_samples(x_test))


if __name__ == "__main__":
    main()
