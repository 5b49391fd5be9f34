"""Regularized models that the tests train."""

import keras
import pytest

import kerasocc as kocc
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer
from tests.models.test_deep_svdd import identity_encoder

MODELS = {
    "one-class": kocc.DeepSVDD,
    "soft-boundary": lambda *a, **k: kocc.DeepSVDD(*a, objective="soft-boundary", **k),
    "sad": kocc.DeepSAD,
}

REGULARIZERS = {
    "noise": lambda: NoiseRegularizer(k=8, seed=0),
    "variance": VarianceRegularizer,
}

every_regularizer = pytest.mark.parametrize("kind", REGULARIZERS)


def value(variable):
    return keras.ops.convert_to_numpy(variable)


def frozen(regularizer, optimizer=None, **options):
    """Embeddings are the inputs and stay so."""
    model = kocc.DeepSVDD(identity_encoder(2), regularizer=regularizer, seed=0, **options)
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.0))
    return model


def biased(regularizer, digits, kind="one-class", rate=1e-3):
    """A network that the papers forbid without a regularizer."""
    encoder = kocc.networks.lenet("digits", seed=0, use_bias=True)
    model = MODELS[kind](
        encoder, regularizer=regularizer, preprocessing=digits.preprocessing, seed=0
    )
    model.compile(optimizer=keras.optimizers.Adam(rate))
    return model
