r"""Error of the estimated contamination on tables and features.

    KERASOCC_DATA_DIR=... python benchmarks/contamination_estimate.py

Half of the normal rows (2000 at most) with 0, 5, 10 and 20 % anomalies (as many as there
are), standardised; Deep SVDD, MLP 64-32, Adam 1e-3, batch 128. The estimate is made of the
losses after 5 and after 20 epochs, as `LatentLabels(contamination="auto", warmup=...)`
does.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

TABLES = (
    "abalone annthyroid breastw cardio fault ionosphere letter mammography pima satellite "
    "spambase waveform wilt yeast"
).split()
FEATURES = (
    "CIFAR10_0 CIFAR10_6 MVTec-AD_bottle MVTec-AD_cable MVTec-AD_capsule MVTec-AD_carpet "
    "MVTec-AD_grid MVTec-AD_hazelnut MVTec-AD_leather MVTec-AD_metal_nut"
).split()
RATIOS = (0.0, 0.05, 0.1, 0.2)
EPOCHS = (5, 20)


def main() -> None:
    from kerasocc.callbacks import estimate_contamination

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("KERASOCC_DATA_DIR", "."))
    folder = parser.parse_args().data
    files = [f"{folder}/tabular/{name}.npz" for name in TABLES]
    files += [f"{folder}/features/CV_by_ResNet18_{name}.npz" for name in FEATURES]
    errors: dict[int, list[float]] = {epochs: [] for epochs in EPOCHS}
    guesses = []
    for file in files:
        for ratio in RATIOS:
            x, truth = _contaminated(file, ratio)
            found = {e: estimate_contamination(v) for e, v in _losses(x).items()}
            for epochs, estimate in found.items():
                errors[epochs].append(abs(estimate - truth))
            guesses.append(abs(0.1 - truth))
            shown = ", ".join(f"{100 * v:5.1f} after {e}" for e, v in found.items())
            print(f"{os.path.basename(file)[:-4]:35} true {100 * truth:5.1f}: {shown}", flush=True)
    for epochs, values in errors.items():
        print(f"mean error after {epochs} epochs: {100 * np.mean(values):.1f} points")
    print(f"mean error of always guessing 10 %: {100 * np.mean(guesses):.1f} points")


def _contaminated(file: str, ratio: float) -> tuple[Any, float]:
    generator = np.random.default_rng(0)
    with np.load(file) as arrays:
        x, y = arrays["X"].astype("float32"), arrays["y"].ravel()
    normal, anomalies = (generator.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    normal = normal[: min(len(normal) // 2, 2000)]
    count = min(round(len(normal) * ratio / (1 - ratio)), len(anomalies))
    x = x[np.concatenate([normal, anomalies[:count]])]
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1), count / len(x)


def _losses(x: Any) -> dict[int, Any]:
    import keras

    import kerasocc as kocc

    model = kocc.DeepSVDD(kocc.networks.mlp([x.shape[1], 64, 32], seed=0), seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    found, trained = {}, 0
    for epochs in EPOCHS:
        model.fit(x, batch_size=128, epochs=epochs - trained, verbose=0)
        trained, found[epochs] = epochs, model.score(x)
    return found


if __name__ == "__main__":
    main()
