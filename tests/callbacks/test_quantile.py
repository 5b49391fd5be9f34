"""The joint update of `r`: a step by hand, the exact optimum, its rate, replicas, files."""

import keras
import numpy as np
import pytest
from sklearn.svm import OneClassSVM

import kerasocc as kocc
from kerasocc.callbacks import QuantileUpdate
from kerasocc.engine.optimizer_steps import OptimizerGroup
from kerasocc.losses import oc_nn

V = np.array([[1.0, -1.0, 0.5], [2.0, 0.0, -1.0]], "float32")  # transposed: (d, units)
W = np.array([1.0, 2.0, -1.0], "float32")
X = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]], "float32")


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def frozen(units=3, **options):
    """A model whose embeddings are the inputs, of two columns."""
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    return kocc.OCNN(encoder, units=units, train_encoder=False, seed=0, **options)


def test_slope_by_hand():
    projections = np.array([0.0, 1.0, 3.0], "float32")
    # Two of three below 2, and 1 would be nu * 3 = 0.75 of them.
    assert value(oc_nn.slope_in_r(projections, r=2.0, nu=0.25)) == pytest.approx((2 / 3) / 0.25 - 1)
    for r in (-1.0, 0.5, 2.0, 4.0):
        above, below = (
            np.mean(value(oc_nn.hinge(projections, r + e, 0.25))) for e in (0.01, -0.01)
        )
        slope = (above - below) / 0.02
        assert value(oc_nn.slope_in_r(projections, r=r, nu=0.25)) == pytest.approx(slope, abs=1e-3)


def test_a_step_by_hand():
    model = frozen(nu=0.5)
    model.hidden_kernel.assign(V)
    model.output_kernel.assign(W)
    model.r.assign(1.0)
    model.r_rate.assign(0.1)
    model.fitted.assign(1.0)  # else `train_on_batch` begins with the quantile of its batch
    model.compile(keras.optimizers.SGD(0.0))
    model.train_on_batch(X)
    # The projections are 0.6465, 1.6119 and -0.1424: two of three below r, where nu wants 1.5.
    assert float(value(model.r)) == pytest.approx(1.0 - 0.1 * ((2 / 3) / 0.5 - 1), rel=1e-6)
    model.r.assign(-1.0)
    model.train_on_batch(X)
    assert float(value(model.r)) == pytest.approx(-1.0 + 0.1, rel=1e-6), "none below: r grows"


NU = 0.1


def convex_case(random):
    """Data, `V`, and `w` and `r` at the exact optimum for this `V`.

    With `V` fixed the objective is that of a linear one-class SVM on the hidden layer.
    """
    x = random.normal(1.0, 1.0, size=(100, 2)).astype("float32")
    hidden = random.normal(size=(2, 6)).astype("float32")
    layer = 1 / (1 + np.exp(-x.astype("float64") @ hidden))
    # Scikit-learn's objective is this one times nu * 100.
    machine = OneClassSVM(kernel="linear", nu=NU, tol=1e-10).fit(layer)
    weights, r = machine.coef_[0] / (NU * len(x)), machine.offset_[0] / (NU * len(x))
    return x, hidden, layer, objective(layer, weights, r)


def objective(layer, weights, r):
    """The objective without the constant norm of `V`, in double precision."""
    return 0.5 * np.sum(weights**2) + np.mean(np.maximum(0, r - layer @ weights)) / NU - r


def reached(x, hidden, layer, update, batch_size):
    model = frozen(units=6, nu=NU)
    model.hidden_kernel.assign(hidden)
    model.output_kernel.assign(np.full(6, 0.3))
    # `V` stays as it is, which makes the problem convex.
    model.optimizer_groups = lambda: [OptimizerGroup(model.optimizer, [model.output_kernel])]
    model.compile(keras.optimizers.SGD(0.1))
    drops = keras.callbacks.LearningRateScheduler(lambda epoch, _: 0.1 / 10 ** (epoch // 4))
    options = dict(batch_size=batch_size, steps_per_epoch=50, epochs=12, verbose=0)
    model.fit(x, callbacks=[drops, update], **options)
    np.testing.assert_array_equal(value(model.hidden_kernel), hidden)
    r = float(value(model.r))
    weights = value(model.output_kernel).astype("float64")
    assert r == pytest.approx(np.quantile(layer @ weights, NU), abs=1e-5), "it ends exact"
    return objective(layer, weights, r)


@pytest.mark.parametrize("batch_size", [20, 100])
def test_the_joint_update_reaches_the_optimum(batch_size, random):
    *case, optimum = convex_case(random)
    found = reached(*case, QuantileUpdate(update="joint", rate=0.01, action="log"), batch_size)
    assert optimum < found < optimum + 0.005 * abs(optimum)


def test_the_quantile_of_batches_does_not(random):
    *case, optimum = convex_case(random)
    found = reached(*case, QuantileUpdate(update="batch", action="log"), 20)
    assert found > optimum + 0.03 * abs(optimum)


@pytest.mark.slow
@pytest.mark.parametrize(("update", "expected"), [("joint", 0.1), ("batch", (0.1 * 19 + 1) / 21)])
def test_the_share_beyond_r(update, expected, random):
    """Fixed weights, many batches of 20: the share of a batch below the `r` it meets."""
    x = random.normal(3.0, 1.0, size=(4000, 2)).astype("float32")
    model = frozen(nu=0.1)
    model.compile(keras.optimizers.SGD(0.0))
    model.fit(x[:20], verbose=0, callbacks=[QuantileUpdate(action="log")])
    projections = model.inference.run("project", [x])
    model.r.assign(np.quantile(projections, 0.1))
    model.r_from_batch.assign(float(update == "batch"))
    model.r_rate.assign(0.1 * projections.std() * (update == "joint"))
    shares = []
    for _ in range(3):
        for batch in np.split(random.permutation(len(x)), 200):
            shares.append(np.mean(projections[batch] < float(value(model.r))))
            model.update_state(keras.ops.convert_to_tensor(projections[batch]))
    # The standard error of 600 batches of 20 is 0.003, and larger where r varies.
    assert np.mean(shares) == pytest.approx(expected, abs=0.01)


def test_the_default_rate_is_ten_times_the_learning_rate(random):
    x = random.normal(3.0, 1.0, size=(57, 2)).astype("float32")
    model = frozen()
    model.compile(keras.optimizers.Adam(0.002))
    model.fit(x, epochs=2, verbose=0)
    assert float(value(model.r_rate)) == pytest.approx(0.02)
    model.optimizer.learning_rate.assign(0.001)
    model.fit(x, verbose=0)
    assert float(value(model.r_rate)) == pytest.approx(0.01)
    model.fit(x, verbose=0, callbacks=[QuantileUpdate(update="joint", rate=0.25)])
    assert float(value(model.r_rate)) == 0.25
    model.fit(x, verbose=0, callbacks=[QuantileUpdate()])
    assert float(value(model.r_rate)) == 0


def test_two_replicas_share_r(two_replicas, random):
    x = random.normal(3.0, 1.0, size=(53, 2)).astype("float32")

    def train():
        model = frozen(nu=0.3)
        model.hidden_kernel.assign(V)
        model.output_kernel.assign(W)
        model.compile(keras.optimizers.SGD(1e-2))
        update = QuantileUpdate(update="joint", rate=0.05)
        history = model.fit(x, batch_size=12, epochs=3, verbose=0, callbacks=[update]).history
        return history["loss"], history["r"], value(model.hidden_kernel)

    single = train()
    with two_replicas.scope():
        replicated = train()
    assert np.ptp(single[1]) > 1e-3
    for one, two in zip(single, replicated, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5)


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path, random):
    x = random.normal(3.0, 1.0, size=(40, 2)).astype("float32")
    models = [frozen(), frozen()]
    for model in models:
        model.compile(keras.optimizers.Adam(1e-2))
    models[0].fit(x, epochs=4, verbose=0)
    models[1].fit(x, epochs=2, verbose=0, callbacks=[BeforeTheEnd(tmp_path / "m.weights.h5")])
    again = frozen()
    again.compile(keras.optimizers.Adam(1e-2))
    again.load_weights(tmp_path / "m.weights.h5")
    again.fit(x, epochs=4, initial_epoch=2, verbose=0)
    for one, other in zip(models[0].weights, again.weights, strict=True):
        np.testing.assert_array_equal(value(one), value(other), err_msg=one.path)


class BeforeTheEnd(keras.callbacks.Callback):
    """Saves the weights after the last epoch, before `r` is set to the exact quantile."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_end(self, logs=None):
        self.model.save_weights(self.path)


def test_a_rate_that_would_be_ignored_is_refused():
    with pytest.raises(ValueError, match="`rate` must be left out unless .*rate=0.1, update='b"):
        QuantileUpdate(update="batch", rate=0.1)
    with pytest.raises(ValueError, match="`rate` must be .* Received: rate=0"):
        QuantileUpdate(update="joint", rate=0.0)
    with pytest.raises(ValueError, match="`update` must be one of .*'joint'"):
        QuantileUpdate(update="step")
