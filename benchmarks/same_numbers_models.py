"""Data, small models and the table of cases of `same_numbers.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import kerasocc as kocc

ROWS, COLUMNS = 150, 6
CASES: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {}
"""By name: functions that return a model and further arrays by name."""
NEEDS_TENSORFLOW: set[str] = set()


# Data and models.


@functools.cache
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training rows, their labels (+1, -1, 0), held-out rows, their truth (0, 1)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, COLUMNS)).astype("float32")
    x[:15] += 2.0
    y = np.zeros(ROWS, "int8")
    y[:8], y[15:25] = -1, 1
    x_new = random.normal(size=(40, COLUMNS)).astype("float32")
    x_new[20:] += 1.5
    return x, y, x_new, np.repeat([0, 1], 20)


@functools.cache
def digits() -> Any:
    return kocc.datasets.one_vs_rest(
        "digits", normal_class=0, validation=0.2, labelled=0.1, contamination=0.1
    )


def mlp() -> keras.Model:
    return kocc.networks.mlp([COLUMNS, 12, 4], seed=0)


def mlp_decoder() -> keras.Model:
    return kocc.networks.mlp_decoder([COLUMNS, 12, 4], activation=None, seed=1)


def lenet() -> keras.Model:
    return kocc.networks.lenet("digits", seed=0)


def views_encoder() -> keras.Model:
    layers = keras.layers
    kernel = [keras.initializers.GlorotUniform(seed=seed) for seed in range(2)]
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, kernel_initializer=kernel[0]),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(8, kernel_initializer=kernel[1]),
        ],
        name="views_encoder",
    )


def svdd(**options: Any) -> keras.Model:
    return kocc.DeepSVDD(mlp(), seed=0, name="model", **options)


def soft(**options: Any) -> keras.Model:
    return svdd(objective="soft-boundary", nu=0.2, **options)


def sad(**options: Any) -> keras.Model:
    return kocc.DeepSAD(mlp(), seed=0, name="model", **options)


def oc_nn(**options: Any) -> keras.Model:
    return kocc.OCNN(mlp(), units=6, seed=0, name="model", **options)


def autoencoder(**options: Any) -> keras.Model:
    return kocc.Autoencoder(mlp(), mlp_decoder(), seed=0, name="model", **options)


def robust(**options: Any) -> keras.Model:
    options = {"lam": 0.5, "mu": 1e-4, **options}
    return kocc.RobustAutoencoder(mlp(), mlp_decoder(), seed=0, name="model", **options)


def neutral(**options: Any) -> keras.Model:
    options = {"num_transforms": 3, "hidden": (8,), **options}
    return kocc.NeuTraLAD(mlp(), seed=0, name="model", **options)


def icl() -> keras.Model:
    encoder = kocc.networks.icl_encoder(COLUMNS, window=2, hidden=(8,), code=4, seed=0)
    return kocc.ICL(encoder, seed=0, name="model")


def rotnet() -> keras.Model:
    return kocc.MultiHeadRotNet(views_encoder(), shift=2, seed=0, name="model")


def compiled(model: keras.Model, **arguments: Any) -> keras.Model:
    model.compile(optimizer=keras.optimizers.Adam(3e-3), **arguments)
    return model


def fitted(
    model: keras.Model, x: Any = None, y: Any = None, compile: Any = None, **arguments: Any
) -> tuple[keras.Model, dict[str, Any]]:
    x = table()[0] if x is None else x
    # By itself Keras infers the batches of a dataset.
    size = {"batch_size": 16} if hasattr(x, "shape") else {}
    arguments = {"epochs": 3, "verbose": 0, **size, **arguments}
    history = compiled(model, **(compile or {})).fit(x, y, **arguments)
    return model, {f"history/{name}": values for name, values in history.history.items()}


def case(name: str, *, tensorflow: bool = False) -> Callable:
    def add(function: Callable) -> Callable:
        CASES[name] = function
        if tensorflow:
            NEEDS_TENSORFLOW.add(name)
        return function

    return add


def add(name: str, make: Callable[[], keras.Model], **arguments: Any) -> None:
    """Add a case that fits a model; arguments that are functions are called in the case."""

    def run():
        made = {key: value() if callable(value) else value for key, value in arguments.items()}
        return fitted(make(), **made)

    case(name)(run)


def rows() -> np.ndarray:
    return table()[0]


def labels() -> np.ndarray:
    return table()[1]


def images() -> np.ndarray:
    return digits().x_train[:64]
