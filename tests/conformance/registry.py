"""The models that run through the whole conformance suite, one line each."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import pytest

import kerasocc as kocc
from kerasocc.datasets.preprocessing import contrast_min_max


class Case(NamedTuple):
    """A model and what a short training on the digits must reach."""

    name: str
    make: Callable[..., keras.Model]
    """Takes `preprocessing` and `seed`."""
    epochs: int
    auc: float
    spread: float
    """Ratio of the standard deviation of the test scores to their mean, at least."""


def encoder(seed: int) -> keras.Model:
    return kocc.networks.lenet("digits", seed=seed)


def decoder(seed: int) -> keras.Model:
    return kocc.networks.lenet_decoder("digits", seed=seed)


CASES = [
    Case("one_class", lambda **k: kocc.DeepSVDD(encoder(k["seed"]), **k), 15, 0.9, 0.2),
    Case(
        "soft_boundary",
        lambda **k: kocc.DeepSVDD(encoder(k["seed"]), objective="soft-boundary", nu=0.2, **k),
        15,
        0.9,
        0.2,
    ),
    Case("deep_sad", lambda **k: kocc.DeepSAD(encoder(k["seed"]), **k), 15, 0.9, 0.2),
    Case(
        "autoencoder",
        lambda **k: kocc.Autoencoder(encoder(k["seed"]), decoder(k["seed"]), **k),
        15,
        0.9,
        0.2,
    ),
]

every_model = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def build(case: Case, data, *, seed: int = 0, optimizer: object = None, **compile_arguments):
    """A compiled model of the case, Adam at 1e-3 unless said otherwise."""
    model = case.make(preprocessing=contrast_min_max(data.x_train), seed=seed, weight_decay=1e-6)
    model.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3), **compile_arguments)
    return model
