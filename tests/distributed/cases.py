"""What is trained: every registered model, with the callbacks that could tell replicas apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

import kerasocc as kocc
from kerasocc.callbacks import LatentLabels, NoiseUpdate, RadiusUpdate, VarianceAnnealing
from kerasocc.datasets.preprocessing import contrast_min_max
from kerasocc.engine.inference import ROWS_PER_SLICE
from tests.conformance.registry import CASES as MODELS
from tests.conformance.registry import encoder, outliers

EPOCHS = 6
# What is not a matter of rounding is the same to 1e-14 in double precision. In float32 some
# trainings carry the rounding error of a sum further than others.
CONDITIONING = {
    # The moving variance of its BatchNorm, about 7, is 1e-5 off, all trained weights at most 6e-7.
    "soft_boundary": 2e-5,
    # Its losses, in float32 under any policy, rank the samples.
    "multi_head_rotnet + latent labels per epoch": 2e-5,
    # The Dirichlets of a network that has hardly learned: parameters of 60 by outputs that hardly
    # differ.
    "geo": 5e-4,
    "geo + latent labels per batch": 5e-4,
    "geo + latent labels per epoch": 5e-4,
    # An activation next to its kink: of fourteen trainings with one pixel moved by one unit in the
    # last place five are 6e-3 off, on a processor where replicas are, and nine not at all.
    "autoencoder + latent labels per epoch": 1e-2,
    "robust_autoencoder + latent labels per epoch": 1e-2,
}


class Training(NamedTuple):
    """A model, the callbacks of its training, and how far replicas may be from one.

    Attributes:
        make: From the preprocessing to the model.
        callbacks: From a folder to the callbacks.
        bound: Largest difference of a weight.
        has_callbacks: Whether `fit` takes any, `BackupAndRestore` among them.
        policy: Dtype policy.
        samples: Size of the training set.
        batch_size: Of the training.
        needs_outliers: Whether `fit` is given auxiliary outliers.
    """

    make: Callable[[keras.layers.Layer], keras.Model]
    callbacks: Callable[[Path], list[keras.callbacks.Callback]]
    bound: float = 1e-6
    has_callbacks: bool = True
    policy: str = "float32"
    samples: int = 53
    batch_size: int = 16
    needs_outliers: bool = False


def _svdd(seed: int = 0, **options) -> Callable[[keras.layers.Layer], keras.Model]:
    return lambda preprocessing: kocc.DeepSVDD(
        encoder(0), preprocessing=preprocessing, seed=seed, **options
    )


def _registered(make: Callable) -> Callable[[keras.layers.Layer], keras.Model]:
    return lambda preprocessing: make(preprocessing=preprocessing, seed=0)


def _none(folder: Path) -> list:
    return []


def _cases() -> dict[str, Training]:
    cases = {}
    for model in MODELS:
        make, takes = _registered(model.make), model.name != "ensemble"
        bound = CONDITIONING.get(model.name, 1e-6)
        options = dict(has_callbacks=takes, needs_outliers=model.needs_outliers)
        cases[model.name] = Training(make, _none, bound, **options)
        if "test_training_with_latent_labels" not in model.exempt:
            for refresh in ("batch", "epoch"):
                name = f"{model.name} + latent labels per {refresh}"
                cases[name] = Training(
                    make,
                    lambda folder, refresh=refresh: [LatentLabels(refresh=refresh)],
                    CONDITIONING.get(name, 1e-5),
                )
    noise = kocc.regularizers.NoiseRegularizer
    variance = kocc.regularizers.VarianceRegularizer
    return cases | {
        "radius per batch": Training(
            _svdd(objective="soft-boundary", nu=0.2),
            lambda folder: [RadiusUpdate(warmup_epochs=1, update="batch")],
            # The moving variance of the BatchNorm, about 7, is 1e-5 off and all trained weights
            # are at most 4e-7 off: a pixel moved by one unit in the last place moves it by 2e-6.
            2e-5,
        ),
        "noise regularizer": Training(
            lambda p: _svdd(regularizer=noise(k=5, seed=0))(p), _none, 1e-5
        ),
        "variance, annealing, latent labels": Training(
            lambda p: _svdd(regularizer=variance(threshold=0.1))(p),
            lambda folder: [VarianceAnnealing(factor=10, every=1), LatentLabels()],
            2e-5,
        ),
        "noise files": Training(
            lambda p: kocc.RobustAutoencoder(
                encoder(0),
                kocc.networks.lenet_decoder("digits", seed=0),
                lam=0.5,
                preprocessing=p,
                seed=0,
            ),
            lambda folder: [NoiseUpdate(every=2, folder=folder / "noise")],
        ),
        "early stopping, validation, checkpoints": Training(
            _svdd(),
            lambda folder: [
                keras.callbacks.EarlyStopping("val_auc", mode="max", patience=2),
                keras.callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True),
                keras.callbacks.CSVLogger(folder / "log.csv", append=True),
            ],
        ),
        # A pass over so many samples goes through them in slices, in a loop of the graph. In
        # float32 sums over so large a batch differ by 2e-5 with the order of their terms.
        "many samples": Training(
            _svdd(),
            _none,
            1e-12,
            policy="float64",
            samples=3 * ROWS_PER_SLICE,
            batch_size=1000,
        ),
        # Half precision rounds a sum of two parts to other values.
        "mixed precision": Training(_svdd(), _none, 2e-2, policy="mixed_float16"),
    }


CASES = _cases()


def train(
    name: str, folder: Path, extra: list[keras.callbacks.Callback], policy: str | None = None
) -> list[np.ndarray]:
    """Train a case under the current strategy.

    Args:
        name: Of the case.
        folder: For its files.
        extra: Further callbacks, for models that take any.
        policy: Dtype policy in place of the case's.

    Returns:
        All weights, and the losses of the epochs that this process has seen.
    """
    case = CASES[name]
    data = kocc.datasets.one_vs_rest("digits", normal_class=0)
    x = np.resize(data.x_train, (case.samples, *data.x_train.shape[1:]))
    keras.config.set_dtype_policy(policy or case.policy)
    try:
        model = case.make(contrast_min_max(data.x_train))
        optimizer = keras.optimizers.SGD(1e-3, momentum=0.9)
        if case.policy == "mixed_float16":
            # At the default scale gradients overflow, those of a whole batch before those of its
            # pieces, so that one process leaves out a step more than replicas do.
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=256.0)
        model.compile(optimizer=optimizer)
        options = {}
        if case.has_callbacks:
            options["callbacks"] = [*case.callbacks(folder), *extra]
            options["validation_data"] = data.x_test[:100], data.y_test[:100]
        if case.needs_outliers:
            options["outliers"] = outliers()
        history = model.fit(x, batch_size=case.batch_size, epochs=EPOCHS, verbose=0, **options)
    finally:
        keras.config.set_dtype_policy("float32")
    losses = [] if history is None else history.history.get("loss", [])
    return [*map(keras.ops.convert_to_numpy, model.weights), np.asarray(losses)]
