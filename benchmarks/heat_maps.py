r"""How well heat maps find synthetic defects with known masks, on MNIST or CIFAR-10.

    python benchmarks/heat_maps.py                          # MNIST, class 3
    python benchmarks/heat_maps.py --dataset cifar10 --normal-class 8 --figure heat_maps.png

Trained on one class. FCDD and the hypersphere classifier see auxiliary outliers: training images
of that class with one or two thin strokes. Deep SVDD and the autoencoder see none. The test images
are those of the class with one thick stroke each, of any colour and in any place, whose pixels are
known. Printed are the pixel AUC and the AUPRO in %, of every explanation, and the AUC of the scores
of images with a defect and without.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.datasets.alterations import draw_strokes, masks_of_strokes
from kerasocc.explanations import aupro, pixel_auc
from kerasocc.plots.heat_maps import plot_heat_maps

HEAD = f"{'model':24}{'explanation':24}{'pixel AUC':>10}{'AUPRO':>8}{'AUC':>8}{'seconds':>9}"


def main() -> None:
    arguments = _arguments()
    data = kocc.datasets.one_vs_rest(
        arguments.dataset, normal_class=arguments.normal_class, seed=arguments.seed
    )
    train = np.asarray(data.x_train)[: arguments.train]
    test = np.asarray(data.x_test)[np.asarray(data.y_test) == 0][: arguments.test]
    strokes = dict(thickness=arguments.thickness, strokes=(1, 1), seed=1)
    defective, masks = draw_strokes(test, **strokes), masks_of_strokes(test, **strokes)
    outliers = draw_strokes(train, thickness=3, strokes=(1, 2), seed=2)
    print(
        f"# {arguments.dataset}, class {arguments.normal_class}: {len(train)} training images, "
        f"{len(test)} with defects of {masks.mean():.1%} of their pixels"
    )
    print(HEAD, flush=True)
    found = {}
    for name, make, options in _models(arguments, data.preprocessing, outliers):
        keras.utils.set_random_seed(arguments.seed)
        model = make()
        model.compile(optimizer=keras.optimizers.Adam(1e-3))
        begun = time.perf_counter()
        model.fit(train, batch_size=128, epochs=arguments.epochs, verbose=0, **options)
        seconds = time.perf_counter() - begun
        scores = [model.score(images) for images in (test, defective)]
        auc = roc_auc_score(np.repeat([0, 1], len(test)), np.concatenate(scores))
        for method in model.explanation_methods:
            heat_maps = model.explain(defective, method, steps=16)
            found[name, method] = heat_maps
            print(
                f"{name:24}{method:24}{100 * pixel_auc(masks, heat_maps):10.2f}"
                f"{100 * aupro(masks, heat_maps):8.2f}{100 * auc:8.2f}{seconds:9.1f}",
                flush=True,
            )
    if arguments.figure:
        shown = slice(0, 8)
        figure = plot_heat_maps(
            defective[shown], found["FCDD", "heat-map"][shown], masks=masks[shown]
        )
        figure.savefig(arguments.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist", choices=["mnist", "fashion_mnist", "cifar10"])
    parser.add_argument("--normal-class", type=int, default=3)
    parser.add_argument("--thickness", type=int, default=5, help="of the test's strokes")
    parser.add_argument("--train", type=int, default=4000, help="training images, at most")
    parser.add_argument("--test", type=int, default=500, help="test images, at most")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", help="file for a picture of FCDD's heat maps")
    return parser.parse_args()


def _models(arguments, preprocessing, outliers):
    """Yield a name, a function that makes a model, and more arguments of its `fit`."""
    dataset, seed = arguments.dataset, arguments.seed
    exposed = {"outliers": outliers}
    yield "FCDD", lambda: kocc.FCDD(kocc.networks.fcdd(dataset, seed=seed), seed=seed), exposed
    options = dict(preprocessing=preprocessing, seed=seed)
    yield (
        "HypersphereClassifier",
        lambda: kocc.HypersphereClassifier(
            kocc.networks.lenet(dataset, use_bias=True, seed=seed), **options
        ),
        exposed,
    )
    yield "DeepSVDD", lambda: kocc.DeepSVDD(kocc.networks.lenet(dataset, seed=seed), **options), {}
    yield (
        "Autoencoder",
        lambda: kocc.Autoencoder(
            kocc.networks.lenet(dataset, use_bias=True, seed=seed),
            kocc.networks.lenet_decoder(dataset, use_bias=True, seed=seed),
            **options,
        ),
        {},
    )


if __name__ == "__main__":
    main()
