"""Cases of `same_numbers.py`: every method, regularizer and latent-label mode, kinds of data."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from same_numbers_models import (
    ROWS,
    add,
    autoencoder,
    case,
    digits,
    fitted,
    icl,
    images,
    labels,
    lenet,
    neutral,
    oc_nn,
    robust,
    rotnet,
    rows,
    sad,
    soft,
    svdd,
    table,
)

import kerasocc as kocc
from kerasocc import callbacks as kc

# Every method.

add("deep_svdd/one_class", svdd)
add("deep_svdd/weight_decay", functools.partial(svdd, weight_decay=1e-3))
for update in ("epoch", "batch"):
    radius = functools.partial(kc.RadiusUpdate, warmup_epochs=1, update=update)
    add(f"deep_svdd/soft_{update}", soft, callbacks=radius)
    quantile = functools.partial(kc.QuantileUpdate, update=update)
    for frozen in (True, False):
        make = functools.partial(oc_nn, train_encoder=not frozen)
        name = "frozen" if frozen else "train_encoder"
        add(f"oc_nn/{name}_{update}", make, callbacks=quantile)
add("oc_nn/relu", functools.partial(oc_nn, activation="relu"))
add("deep_sad/labels", sad, y=labels)
add("deep_sad/unlabelled", sad)
add("autoencoder", autoencoder)
add("icl", icl)
add("multi_head_rotnet", rotnet, x=images)
for transform in ("residual", "forward", "mul"):
    add(f"neutral_ad/{transform}", functools.partial(neutral, transform=transform))


def with_noise(**options: Any) -> tuple[keras.Model, dict[str, Any]]:
    model, found = fitted(robust(**options))
    found |= {"denoised": model.denoise(table()[2]), "reconstructed": model.reconstruct(table()[2])}
    if np.isfinite(model.lam):
        found |= {"noise": model.noise, "noise_scores": model.noise_scores()}
    return model, found


ROBUST: dict[str, dict[str, Any]] = {
    "l1": {"norm": "l1"},
    "l21_samples": {"norm": "l21", "lam": 2.0},
    "l21_features": {"norm": "l21", "groups": "features", "lam": 2.0},
    "input": {"encode": "input"},
    "inf": {"lam": float("inf")},
}
for name, options in ROBUST.items():
    case(f"robust_autoencoder/{name}")(functools.partial(with_noise, **options))


@case("oc_nn/start_from")
def start_from():
    head, _ = fitted(oc_nn(normalize=True))
    model = kocc.OCNN(
        head.encoder, units=6, train_encoder=True, normalize=True, seed=0, name="model"
    )
    model.start_from(head)
    return fitted(model)


# On images, with preprocessing and a pretrained encoder.


@case("digits/pretrained_deep_svdd")
def pretrained():
    data, encoder = digits(), lenet()
    decoder = kocc.networks.lenet_decoder("digits", seed=1)
    options = {"preprocessing": data.preprocessing, "seed": 0}
    kocc.pretrain(encoder, decoder, images(), epochs=2, batch_size=16, verbose=0, **options)
    model = kocc.DeepSVDD(encoder, name="model", weight_decay=1e-6, **options)
    stop = keras.callbacks.EarlyStopping(
        monitor="val_auc", mode="max", patience=1, restore_best_weights=True
    )
    held_out = (data.x_val[:60], data.y_val[:60])
    return fitted(model, images(), validation_data=held_out, callbacks=[stop], epochs=6)


@case("digits/deep_sad")
def digits_sad():
    data = digits()
    model = kocc.DeepSAD(lenet(), preprocessing=data.preprocessing, seed=0, name="model")
    return fitted(model, data.x_train[:64], data.y_train[:64])


@case("digits/uint8")
def uint8():
    x = images().astype("uint8")
    return fitted(kocc.DeepSVDD(lenet(), seed=0, name="model"), x, epochs=2)


# Regularizers and latent outlier exposure.

REGULARIZERS: dict[str, tuple[Callable, Callable]] = {
    "noise": (lambda: kocc.regularizers.NoiseRegularizer(k=5, seed=0, name="own"), list),
    "noise_fixed": (
        lambda: kocc.regularizers.NoiseRegularizer(k=5, seed=0, name="own"),
        lambda: [kc.AdaptiveWeighting(fixed=1.0)],
    ),
    "variance": (lambda: kocc.regularizers.VarianceRegularizer(threshold=0.5, name="own"), list),
    "variance_annealed": (
        lambda: kocc.regularizers.VarianceRegularizer(threshold=5.0, name="own"),
        lambda: [kc.VarianceAnnealing(factor=2, every=1), kc.AdaptiveWeighting(initial=0.1)],
    ),
}


def regularized(make: Callable, name: str) -> keras.Model:
    return make(regularizer=REGULARIZERS[name][0]())


for name, (_, made) in REGULARIZERS.items():
    add(f"regularizer/{name}", functools.partial(regularized, svdd, name), callbacks=made)
add("regularizer/sad_noise", functools.partial(regularized, sad, "noise"), y=labels)
add("regularizer/soft_variance", functools.partial(regularized, soft, "variance"))


def exposed(make: Callable, x: Any = None, y: Any = None, others: Any = (), **options: Any):
    if options["mode"] == "known":
        options["truth"] = np.arange(ROWS) < 15
    latent = kc.LatentLabels(**options)
    model, found = fitted(
        make(), None if x is None else x(), y and y(), callbacks=[latent, *others]
    )
    share = latent.contamination_used
    return model, {**found, "latent_labels": latent.labels, "contamination_used": share}


RANKED = itertools.product(("soft", "hard", "refine"), ("batch", "epoch"))
for mode, refresh in [*RANKED, ("blind", "batch"), ("known", "batch")]:
    options = {"mode": mode, "refresh": refresh, "warmup": 1}
    case(f"latent/{mode}_{refresh}")(functools.partial(exposed, svdd, **options))
for refresh in ("batch", "epoch"):
    options = {"mode": "soft", "refresh": refresh, "warmup": 1}
    automatic = functools.partial(exposed, svdd, contamination="auto", **options)
    case(f"latent/auto_{refresh}")(automatic)
    case(f"latent/sad_{refresh}")(functools.partial(exposed, sad, y=labels, **options))
EXPOSED = {"soft_boundary": soft, "oc_nn": oc_nn, "autoencoder": autoencoder, "robust": robust}
EXPOSED |= {"neutral": neutral, "icl": icl}
for name, make in EXPOSED.items():
    case(f"latent/of_{name}")(functools.partial(exposed, make, mode="soft"))
case("latent/of_rotnet")(functools.partial(exposed, rotnet, x=images, mode="hard"))


# Kinds of data.


class Batches(keras.utils.PyDataset):
    """The table in batches of 16 with labels and weights."""

    def __len__(self) -> int:
        return -(-ROWS // 16)

    def __getitem__(self, number: int) -> Any:
        part = slice(16 * number, 16 * number + 16)
        return rows()[part], labels()[part], weights()[part]


def weights() -> np.ndarray:
    return np.linspace(0.5, 1.5, ROWS).astype("float32")


def tf_dataset(*columns: np.ndarray) -> Any:
    import tensorflow as tf

    data = columns[0] if len(columns) == 1 else columns
    return tf.data.Dataset.from_tensor_slices(data).batch(16)


add("data/sample_weight", svdd, sample_weight=weights)
add("data/float64", svdd, x=lambda: rows().astype("float64"))
add("data/py_dataset", sad, x=Batches)
add("data/py_dataset_unshuffled", sad, x=Batches, shuffle=False)
add("data/rows", svdd, x=lambda: kocc.datasets.Rows(rows(), np.arange(10, 130)))
add("data/rows_robust", robust, x=lambda: kocc.datasets.Rows(rows()))
add("data/validation_split", svdd, validation_split=0.2)
case("data/tf_dataset", tensorflow=True)(lambda: fitted(svdd(), tf_dataset(rows())))
case("data/tf_dataset_columns", tensorflow=True)(
    lambda: fitted(sad(), tf_dataset(rows(), labels(), weights()))
)
case("data/tf_dataset_endless", tensorflow=True)(
    lambda: fitted(soft(), tf_dataset(rows()).repeat(), steps_per_epoch=7)
)
case("data/tf_dataset_oc_nn", tensorflow=True)(lambda: fitted(oc_nn(), tf_dataset(rows())))
case("data/tf_dataset_latent", tensorflow=True)(
    lambda: exposed(svdd, lambda: tf_dataset(rows()), mode="soft", refresh="epoch")
)


@case("data/memmap")
def memmap():
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "rows.npy"), rows())
        return fitted(svdd(), np.load(Path(folder, "rows.npy"), mmap_mode="r"))
