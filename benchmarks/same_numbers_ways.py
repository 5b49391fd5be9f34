"""Cases of `same_numbers.py` about how a model trains, is resumed, saved and exported."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from same_numbers_cases import exposed, regularized
from same_numbers_models import (
    add,
    case,
    compiled,
    fitted,
    images,
    labels,
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

# How the steps run.

add("steps/steps_per_execution", svdd, compile={"steps_per_execution": 4})
add("steps/steps_per_epoch", svdd, steps_per_epoch=5)
add("steps/steps_per_epoch_longer", svdd, steps_per_epoch=25)
add("steps/run_eagerly", soft, compile={"run_eagerly": True}, epochs=2)
add("steps/jit_compile", svdd, compile={"jit_compile": True})
add("steps/unshuffled", svdd, shuffle=False)
add("steps/one_batch", svdd, batch_size=200)
add("steps/initial_epoch", soft, initial_epoch=1)


class CountBatches(keras.callbacks.Callback):
    """Has batch hooks, so that steps are not run together."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the logs of a batch, as a user's callback would."""
        self.last = logs["loss"]


add("steps/batch_hooks", svdd, callbacks=lambda: [CountBatches()])


@case("steps/mixed_float16")
def mixed_float16():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return fitted(svdd())
    finally:
        keras.config.set_dtype_policy(before)


@functools.cache
def two_replicas() -> Any:
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def on_two_replicas(make: Any, **arguments: Any):
    with two_replicas().scope():
        model = compiled(make())
    history = model.fit(rows(), batch_size=16, epochs=2, verbose=0, **arguments)
    return model, {f"history/{name}": values for name, values in history.history.items()}


case("replicas/soft_boundary", tensorflow=True)(
    lambda: on_two_replicas(soft, callbacks=[kc.RadiusUpdate(warmup_epochs=0, update="batch")])
)
case("replicas/latent_variance", tensorflow=True)(
    lambda: on_two_replicas(
        functools.partial(regularized, svdd, "variance"), callbacks=[kc.LatentLabels()]
    )
)


@case("steps/train_on_batch")
def train_on_batch():
    model = compiled(sad())
    model.initialize_center(rows(), eps=0.05)
    losses = [
        model.train_on_batch(rows()[start : start + 30], labels()[start : start + 30])
        for start in range(0, 150, 30)
    ]
    return model, {"losses": np.asarray(losses, "float64")}


# More than one fit.


def fit_again(make: Any, **arguments: Any):
    model, first = fitted(make(), epochs=2, **arguments)
    history = model.fit(rows(), batch_size=16, epochs=2, verbose=0)
    return model, {**first, "second_loss": history.history["loss"]}


case("again/deep_svdd")(lambda: fit_again(soft))
case("again/robust_autoencoder")(lambda: fit_again(robust))
case("again/oc_nn")(lambda: fit_again(oc_nn))
case("again/without_latent_labels")(
    lambda: fit_again(svdd, callbacks=[kc.LatentLabels(mode="hard")])
)


def resumed(make: Any, **arguments: Any):
    """Two epochs, then a further one by another model that loads the weights of the first."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.weights.h5"))
        fitted(make(), epochs=2, **arguments)[0].save_weights(path)
        model = compiled(make())
        model.load_weights(path)
        return fitted_further(model, initial_epoch=2, epochs=3)


def fitted_further(model: keras.Model, **arguments: Any):
    history = model.fit(rows(), batch_size=16, verbose=0, **arguments)
    return model, {f"history/{name}": values for name, values in history.history.items()}


case("resume/deep_svdd")(lambda: resumed(soft))
case("resume/noise")(lambda: resumed(functools.partial(regularized, svdd, "noise")))
case("resume/oc_nn")(lambda: resumed(functools.partial(oc_nn, train_encoder=True)))
case("resume/robust_input")(lambda: resumed(functools.partial(robust, encode="input")))


def reloaded(make: Any, **arguments: Any):
    """Save as `.keras`, load and train on."""
    with tempfile.TemporaryDirectory() as folder:
        model, _ = fitted(make(), epochs=2, **arguments)
        model.calibrate(table()[2] if "x" not in arguments else arguments["x"], fpr=0.1)
        model.save(Path(folder, "model.keras"))
        model = kocc.load_model(Path(folder, "model.keras"))
    scores = {"scores_of_file": model.predict(arguments.get("x", table()[2]), verbose=0)}
    if "x" in arguments:
        return model, scores
    model, found = fitted_further(model, epochs=2)
    return model, {**found, **scores}


case("file/deep_sad")(lambda: reloaded(sad, y=labels()))
case("file/neutral_ad")(lambda: reloaded(neutral))
case("file/multi_head_rotnet")(lambda: reloaded(rotnet, x=images()))


@case("together")
def together():
    def train(seed: int):
        encoder = kocc.networks.mlp([6, 12, 4], seed=seed)
        model = kocc.DeepSVDD(
            encoder, objective="soft-boundary", seed=seed, name=f"together_{seed}"
        )
        latent = kc.LatentLabels(mode="soft")
        return fitted(model, rows()[seed : seed + 140], callbacks=[latent])

    trained = kocc.train_together([functools.partial(train, seed) for seed in range(3)])
    found = {}
    for number, (model, history) in enumerate(trained):
        found |= {f"{name}/{number}": values for name, values in history.items()}
        found[f"scores/{number}"] = model.predict(table()[2], verbose=0)
    return trained[0][0], found


# Exports.


def exported(make: Any, **arguments: Any):
    import tensorflow as tf

    model, _ = fitted(make(), epochs=2, **arguments)
    x = arguments.get("x", table()[2])
    model.calibrate(x, fpr=0.1)
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(None):
            kocc.export(model, Path(folder, "served"))
        served = tf.saved_model.load(str(Path(folder, "served")))
        outputs = served.signatures["serving_default"](inputs=tf.constant(x, "float32"))
        return model, {f"served/{name}": value.numpy() for name, value in outputs.items()}


case("export/deep_svdd", tensorflow=True)(lambda: exported(soft))
case("export/multi_head_rotnet", tensorflow=True)(lambda: exported(rotnet, x=images()))


@case("callbacks/early_stopping_latent")
def early_stopping_latent():
    # No epoch improves by so much: the weights of the first one are restored.
    stop = keras.callbacks.EarlyStopping(
        monitor="loss", min_delta=1e9, patience=1, restore_best_weights=True
    )
    return exposed(soft, mode="soft", refresh="epoch", others=[stop])


@case("callbacks/noise_every_folder")
def noise_every_folder():
    with tempfile.TemporaryDirectory() as folder:
        model, found = fitted(robust(), callbacks=[kc.NoiseUpdate(every=2, folder=folder)])
        return model, {**found, "noise": np.array(model.noise)}
