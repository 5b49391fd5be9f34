"""AUC of ensembles by the scale that the scores of their members are brought to.

`python benchmarks/ensemble_scales.py FOLDER` with a folder of tables `.npz` (keys X, y). Copies
of rows are left out, half of the normal rows train (at most 2000, standardized columns), the
others and the anomalies are the test. The scales are set by the scores of all training rows, and
for comparison by those of a fifth of them that was held out of the training.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.datasets.preprocessing.recipes import standardize
from kerasocc.models.score_scales import SCALES

TABLES = (
    "wine glass vertebral stamps breastw ionosphere cardio yeast letter fault satellite annthyroid "
    "mammography"
)
SETS = {
    "3 Deep SVDD": ("svdd 0", "svdd 1", "svdd 2"),
    "3 Deep SVDD, neighbours": ("svdd 0", "svdd 1", "svdd 2", "neighbours"),
    "Deep SVDD, neighbours, autoencoder": ("svdd 0", "neighbours", "autoencoder"),
    "Deep SVDD, neighbours, OC-NN": ("svdd 0", "neighbours", "oc-nn"),
    "all six": ("svdd 0", "svdd 1", "svdd 2", "neighbours", "oc-nn", "autoencoder"),
}


def split(path, most=2000):
    """Training rows, test rows and their labels."""
    data = np.load(path)
    x, y = data["X"].astype("float32"), data["y"].ravel().astype(int)
    _, first = np.unique(data["X"], axis=0, return_index=True)
    x, y = x[np.sort(first)], y[np.sort(first)]
    normal = np.random.default_rng(0).permutation(np.flatnonzero(y == 0))
    half = len(normal) // 2
    test = np.concatenate([normal[half:], np.flatnonzero(y == 1)])
    return x[normal[:half][:most]], x[test], y[test]


def members(x):
    """Models by name, each with the number of its steps."""
    networks, columns = kocc.networks, x.shape[1]
    found = {}
    for seed in range(3):
        options = dict(preprocessing=standardize(x), seed=seed)
        found[f"svdd {seed}"] = (
            kocc.DeepSVDD(networks.mlp([columns, 128, 64], seed=seed), **options),
            300,
        )
    found["neighbours"] = kocc.NearestNeighbors(preprocessing=standardize(x)), 1
    options = dict(preprocessing=standardize(x), seed=9, train_encoder=True)
    found["oc-nn"] = kocc.OCNN(networks.mlp([columns, 128, 64], seed=9), **options), 100
    widths, options = [columns, 32, 8], dict(preprocessing=standardize(x), seed=5)
    autoencoder = networks.mlp(widths, seed=5), networks.mlp_decoder(widths, seed=5)
    found["autoencoder"] = kocc.Autoencoder(*autoencoder, **options), 500
    return found


def measure(path):
    """AUC in % of every member, and of every set by scale and reference."""
    x, x_test, y_test = split(path)
    held_out, x = x[: len(x) // 5], x[len(x) // 5 :]
    scores = {}
    for name, (model, steps) in members(x).items():
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(x, batch_size=128, steps_per_epoch=steps, epochs=1, verbose=0)
        scores[name] = model.training_scores(x), model.score(held_out), model.score(x_test)
    aucs = {name: 100 * roc_auc_score(y_test, test) for name, (_, _, test) in scores.items()}
    for label, names in SETS.items():
        for scale_name, make_scale in SCALES.items():
            for number, reference in enumerate(("training", "held out")):
                scale = make_scale(len(names))
                scale.adapt([scores[name][number] for name in names])
                test = scale(np.stack([scores[name][2] for name in names], axis=1))
                mean = keras.ops.convert_to_numpy(test).mean(axis=1)
                aucs[f"{label}, {scale_name}, {reference}"] = 100 * roc_auc_score(y_test, mean)
    return aucs


def main():
    """Measure the tables of a folder and print the AUCs, their mean first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=TABLES.split())
    arguments = parser.parse_args()
    rows = [measure(arguments.folder / f"{table}.npz") for table in arguments.tables]
    for key in rows[0]:
        values = [row[key] for row in rows]
        print(f"{key:60s} {np.mean(values):.2f}  " + " ".join(f"{v:.0f}" for v in values))


if __name__ == "__main__":
    main()
