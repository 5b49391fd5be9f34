r"""GEO at the settings of its paper on one class of an image set.

    python benchmarks/geo_images.py                             # MNIST, class 5, full length
    python benchmarks/geo_images.py --epochs 48 --test 2000     # less than a quarter of it

Golan and El-Yaniv, NeurIPS 2018: WRN-10-4, Adam at 1e-3, batches of 128 images, three passes over
all pairs of a training image and one of 72 transformations, which are 216 epochs here. All images
of the class train. With `--test` so many images of the whole test part are drawn. On processors
with AVX2 alone set `TF_ENABLE_ONEDNN_OPTS=1`.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

import kerasocc as kocc


def main() -> None:
    arguments = _arguments()
    data = kocc.datasets.one_vs_rest(
        arguments.dataset, normal_class=arguments.normal_class, preprocessing="unit"
    )
    shape = data.x_train.shape[1:]
    encoder = kocc.networks.wide_resnet(
        shape, depth=10, width=4, use_bias=True, seed=arguments.seed
    )
    model = kocc.GEO(encoder, preprocessing=data.preprocessing, seed=arguments.seed)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    begun = time.perf_counter()
    model.fit(data.x_train, batch_size=128, epochs=arguments.epochs, verbose=2)
    trained = time.perf_counter()
    rows = np.arange(len(data.x_test))
    if arguments.test is not None:
        rows = np.random.default_rng(arguments.seed).permutation(rows)[: arguments.test]
    labels, scores = data.y_test[rows], model.score(np.asarray(data.x_test)[rows])
    training, scoring = (trained - begun) / 60, (time.perf_counter() - trained) / 60
    auc, precision = roc_auc_score(labels, scores), average_precision_score(labels, scores)
    print(
        f"{arguments.dataset}, class {arguments.normal_class}, {arguments.epochs} epochs of "
        f"{len(data.x_train)} images: AUC {100 * auc:.2f} %, average precision "
        f"{100 * precision:.2f} %; {len(rows)} test images, {np.sum(labels == 0)} normal; training "
        f"with the Dirichlet fit {training:.0f} min, scoring {scoring:.0f} min"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--normal-class", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=216, help="(default: 216)")
    parser.add_argument("--test", type=int, help="number of test images (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
