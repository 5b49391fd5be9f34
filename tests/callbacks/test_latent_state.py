"""Latent labels beside what else is set over the training set: radius, `r`, the regularizer."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import (
    AdaptiveWeighting,
    LatentLabels,
    QuantileUpdate,
    RadiusUpdate,
    VarianceAnnealing,
)
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer
from tests.regularizers.models import frozen, value

X = np.random.default_rng(0).normal(1, 1, size=(40, 2)).astype("float32")
X[::4] += 3
TRUTH = (np.arange(40) % 4 == 0).astype(int)


def latent(mode):
    return LatentLabels(mode=mode, contamination=0.25, truth=TRUTH if mode == "known" else None)


@pytest.mark.parametrize(
    ("mode", "update"), [("hard", "batch"), ("soft", "epoch"), ("refine", "epoch")]
)
def test_flagged_samples_count_for_the_radius(mode, update):
    model = kocc.DeepSVDD(
        kocc.networks.mlp([2, 6, 3], seed=0), objective="soft-boundary", nu=0.25, seed=0
    )
    mean = model.embed(X).mean(axis=0)
    model.compile(keras.optimizers.Adam(1e-2))
    labels = latent(mode)
    callbacks = [labels, RadiusUpdate(update=update, warmup_epochs=0)]
    history = model.fit(X, batch_size=40, epochs=2, verbose=0, callbacks=callbacks).history
    assert (labels.labels > 0).sum() == 10
    kept = abs(mean) > 0.1  # smaller ones are moved
    np.testing.assert_allclose(value(model.center)[kept], mean[kept], rtol=1e-5)
    distances = np.sqrt(value(model.distance(X)))
    assert value(model.radius) == pytest.approx(np.quantile(distances, 0.75), rel=1e-5)
    unflagged = distances[labels.labels == 0]
    assert abs(value(model.radius) - np.quantile(unflagged, 0.75)) > 0.002 * distances.std()
    assert np.mean(model.score(X) > 0) == pytest.approx(0.25, abs=0.025)
    assert history["radius"][0] > 0


def test_flagged_samples_count_for_r():
    model = kocc.OCNN(kocc.networks.mlp([2, 6, 3], seed=0), nu=0.2, seed=0)
    model.compile(keras.optimizers.Adam(1e-2))
    labels = latent("hard")
    callbacks = [labels, QuantileUpdate(action="log")]
    model.fit(X, batch_size=40, epochs=2, verbose=0, callbacks=callbacks)
    projections = value(model.represent(X))
    assert (labels.labels > 0).sum() == 10
    assert value(model.r) == pytest.approx(np.quantile(projections, 0.2), rel=1e-5)
    unflagged = np.quantile(projections[labels.labels == 0], 0.2)
    assert abs(value(model.r) - unflagged) > 0.02 * projections.std()


# Embeddings are the inputs, of two columns, and their center stays where it is put.
CENTER = np.array([1.0, 0.5], "float32")
DISTANCES = ((X - CENTER) ** 2).sum(axis=1)
INVERSE = 1 / (DISTANCES + 1e-6)


def mixed_objective(mode):
    """Mean of the mixed losses of all samples as one batch, by hand."""
    ranking = DISTANCES if mode == "refine" else DISTANCES - INVERSE
    flagged = np.zeros(40)
    flagged[np.argsort(-ranking)[:10]] = 1
    if mode == "known":
        flagged = TRUTH
    anomaly = 0 if mode == "refine" else INVERSE
    label = {"soft": 0.5}.get(mode, 1.0) * flagged
    return np.mean((1 - label) * DISTANCES + label * anomaly)


def one_step(regularizer, callbacks):
    model = frozen(regularizer)
    model.center.assign(CENTER)
    model.fitted.assign(1.0)
    return model, model.fit(X, batch_size=40, epochs=1, verbose=0, callbacks=callbacks).history


@pytest.mark.parametrize("mode", ["soft", "hard", "refine", "known"])
def test_a_regularizer_is_weighed_by_the_mixed_objective(mode):
    """Eq. 7 of the regularizers takes the objective that is minimised, latent labels included."""
    regularizer = VarianceRegularizer(threshold=5.0)
    weighting = AdaptiveWeighting(alpha=0.25, beta=0.5, initial=0.0)
    model, history = one_step(regularizer, [latent(mode), weighting, VarianceAnnealing()])
    hinge = 5.0 - X.var(axis=0, ddof=1).mean()
    assert hinge > 1 and history["regularization"][0] == pytest.approx(hinge, rel=1e-5)
    objective = mixed_objective(mode)
    assert abs(objective - DISTANCES.mean()) > 0.1 * DISTANCES.mean()
    assert history["loss"][0] == pytest.approx(objective, rel=1e-5)
    # c_1 = alpha * c_0 + beta * (1 - alpha) * L_svdd / L_reg
    assert value(regularizer.weight) == pytest.approx(0.5 * 0.75 * objective / hinge, rel=1e-5)
    assert model.evaluate(X, return_dict=True)["loss"] == pytest.approx(DISTANCES.mean(), rel=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        VarianceRegularizer,
        pytest.param(lambda: NoiseRegularizer(k=8, seed=0), marks=pytest.mark.slow),
    ],
)
def test_latent_labels_and_a_regularizer_train_together(make):
    found = {}
    for mode in ("hard", None):
        model = kocc.DeepSVDD(kocc.networks.mlp([2, 8, 4], seed=0), regularizer=make(), seed=0)
        model.compile(keras.optimizers.Adam(1e-2))
        callbacks = [] if mode is None else [latent(mode)]
        history = model.fit(X, batch_size=20, epochs=10, verbose=0, callbacks=callbacks).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert history["regularization_weight"][-1] > 0
        scores = model.score(X)
        found[mode] = scores[TRUTH == 1].mean() / scores[TRUTH == 0].mean()
    # Exposed anomalies are pushed away, in spite of the regularizer.
    assert found["hard"] > 1.5 * found[None]
