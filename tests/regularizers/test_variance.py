"""The variance regularizer: floor of the ratio, collapse, replicas."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import AdaptiveWeighting, CollapseMonitor, VarianceAnnealing
from kerasocc.regularizers import VarianceRegularizer
from tests.regularizers.models import biased, frozen, value


def test_a_silent_hinge_keeps_the_weight(random):
    x = random.normal(0.0, 5.0, size=(12, 2))
    model = frozen(VarianceRegularizer(threshold=0.1))
    weighting = AdaptiveWeighting(initial=2.5)
    model.fit(x, batch_size=4, epochs=2, verbose=0, callbacks=[weighting])
    assert float(value(model.regularizer.weight)) == 2.5


def test_the_ratio_has_a_floor():
    regularizer = VarianceRegularizer(threshold=1.0)
    regularizer.build((None, 2))
    for penalty, ratio, counts in ((0.5, 4.0, True), (1e-4, 2000.0, True), (1e-7, None, False)):
        found, does = regularizer.ratio_to(np.float32(2.0), np.float32(penalty))
        assert bool(does) == counts
        if counts:
            assert float(found) == pytest.approx(ratio)


def test_the_weight_is_a_constant_for_the_gradient():
    # One step of SGD against the gradient by hand, with c_t = 0 + beta (1 - alpha) L / R.
    x = np.array([[3.1, 3.1], [2.9, 2.9]], "float32")
    model = frozen(VarianceRegularizer(threshold=0.5), optimizer=keras.optimizers.SGD(1e-2))
    model.initialize_center(np.array([[2.0, 2.0], [2.0, 2.0]]))
    model.fit(x, batch_size=2, shuffle=False, verbose=0)
    objective = ((x - 2.0) ** 2).sum(axis=1).mean()
    penalty = 0.5 - x.var(axis=0, ddof=1).mean()
    weight = 0.5 * 0.1 * objective / penalty
    # phi = x W at W = 1: dL/dphi = 2 (phi - c) / B; dR/dphi = -2 (phi - mean) / (p (n - 1)).
    slope = 2 * (x - 2.0) / 2 + weight * -2 * (x - x.mean(axis=0)) / (2 * 1)
    expected = np.eye(2) - 1e-2 * x.T @ slope
    np.testing.assert_allclose(value(model.encoder.trainable_weights[0]), expected, rtol=1e-5)


def test_a_collapsing_training_is_kept_apart(digits):
    # A rate at which the biased network alone collapses onto the center.
    spreads = {}
    for name in ("none", "variance"):
        regularizer = VarianceRegularizer() if name == "variance" else None
        encoder = kocc.networks.lenet("digits", seed=0, use_bias=True)
        if regularizer is None:
            with pytest.warns(UserWarning, match="bias"):
                model = kocc.DeepSVDD(encoder, preprocessing=digits.preprocessing, seed=0)
        else:
            model = biased(regularizer, digits)
        model.compile(optimizer=keras.optimizers.Adam(3e-2))
        extra = (
            [VarianceAnnealing(every=None), AdaptiveWeighting(fixed=100.0)] if regularizer else []
        )
        history = model.fit(
            digits.x_train,
            batch_size=16,
            epochs=15,
            verbose=0,
            callbacks=[CollapseMonitor(action="log"), *extra],
        ).history
        spreads[name] = history["embedding_spread"][-1]
    # The threshold of .1 for the variance is a spread of .32.
    assert spreads["none"] < 0.15 < 0.25 < spreads["variance"]


@pytest.mark.slow
def test_two_replicas_have_one_variance(digits, two_replicas):
    def train():
        model = biased(VarianceRegularizer(threshold=5.0), digits)
        model.compile(optimizer=keras.optimizers.SGD(1e-3))
        history = model.fit(digits.x_train[:37], batch_size=16, epochs=3, verbose=0).history
        return model.get_weights(), history

    weights, history = train()
    with two_replicas.scope():
        replicated, own = train()
    for name in ("loss", "regularization", "regularization_weight"):
        np.testing.assert_allclose(own[name], history[name], rtol=1e-4, err_msg=name)
    for a, b in zip(weights, replicated, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
