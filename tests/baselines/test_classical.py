"""Classical detectors behind the interface of the models."""

import keras
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KernelDensity
from sklearn.svm import OneClassSVM

import kerasocc as kocc
from kerasocc.baselines import kde
from kerasocc.datasets.preprocessing import unit_range

MAKERS = {
    "OCSVM": lambda **k: kocc.baselines.OCSVM(**k),
    "IsolationForest": lambda **k: kocc.baselines.IsolationForest(trees=20, **k),
    "KDE": lambda **k: kocc.baselines.KDE(bandwidth=0.5, **k),
    "SSAD": lambda **k: kocc.baselines.SSAD(**k),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture(scope="module")
def digits():
    return kocc.datasets.one_vs_rest("digits", normal_class=0, seed=0)


def auc(model, data):
    scores = model.score(data.x_test)
    assert scores.shape == (len(data.x_test),) and scores.dtype == np.float32
    assert scores.std() > 1e-6
    return roc_auc_score(data.y_test, scores)


@every
@pytest.mark.parametrize("components", [None, 0.95, 5])
def test_learns(make, components, digits):
    model = make(preprocessing=unit_range(digits.x_train), components=components, seed=0)
    assert auc(model.fit(digits.x_train), digits) > (0.7 if components == 5 else 0.95)


@pytest.fixture(scope="module")
def autoencoder(digits):
    model = kocc.Autoencoder(
        kocc.networks.lenet("digits", seed=0),
        kocc.networks.lenet_decoder("digits", seed=0),
        preprocessing=unit_range(digits.x_train),
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(digits.x_train, epochs=2, verbose=0)
    return model


@every
def test_hybrids(make, digits, autoencoder):
    of_model = make(encoder=autoencoder, seed=0).fit(digits.x_train)
    parts = dict(encoder=autoencoder.encoder, preprocessing=autoencoder.preprocessing)
    of_network = make(**parts, seed=0).fit(digits.x_train)
    assert auc(of_model, digits) > 0.9
    found, expected = (m.score(digits.x_test) for m in (of_model, of_network))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_they_are_those_of_scikit_learn(random):
    x, new = random.normal(size=(80, 3)).astype("float32"), random.normal(size=(9, 3))
    new = new.astype("float32")
    theirs = -OneClassSVM(nu=0.1).fit(x).decision_function(new)
    np.testing.assert_allclose(kocc.baselines.OCSVM().fit(x).score(new), theirs, rtol=1e-4)
    theirs = -KernelDensity(bandwidth=0.7).fit(x).score_samples(new)
    found = kocc.baselines.KDE(bandwidth=0.7).fit(x).score(new)
    np.testing.assert_allclose(found, theirs, rtol=1e-5)
    theirs = -IsolationForest(max_samples=80, random_state=3).fit(x).score_samples(new)
    found = kocc.baselines.IsolationForest(seed=3).fit(x).score(new)
    np.testing.assert_allclose(found, theirs, rtol=1e-6)


def test_density_by_hand():
    # One stored sample, h = 2: the normal density with standard deviation 2, at distance 3.
    found = kde.log_densities(np.zeros((1, 1)), np.array([[3.0]]), [2.0])
    np.testing.assert_allclose(found, [[-9 / 8 - np.log(2 * np.sqrt(2 * np.pi))]])


def test_bandwidth_by_likelihood(random):
    # Of a normal distribution in 1 dimension: about 1.06 n^(-1/5) standard deviations.
    x = 10 * random.normal(size=(400, 1))
    model = kocc.baselines.KDE(seed=0).fit(x)
    assert model.bandwidth_used in (2.0, 2**1.5, 4.0)
    assert len(kde.BANDWIDTHS) == 10 and kde.BANDWIDTHS[0] == 2**0.5 and kde.BANDWIDTHS[-1] == 32


@every
def test_thresholds(make, random):
    x, held_out = random.normal(size=(300, 4)), random.normal(size=(99, 4))
    model = make(seed=0).fit(x[:200])
    with pytest.raises(ValueError, match="threshold is not set"):
        model.is_anomaly(held_out)
    with pytest.raises(ValueError, match="Call `calibrate"):
        model.p_values(held_out)
    threshold = model.calibrate(held_out, fpr=0.1)
    # The 10th largest of 99.
    assert threshold == np.sort(model.score(held_out))[-10]
    assert model.is_anomaly(held_out).sum() == 9 and model.calibration.expected_rate == 0.1
    np.testing.assert_array_equal(model.is_anomaly(x), model.p_values(x) <= 0.1 + 1e-9)
    assert model.calibrate(held_out, contamination=0.2) < threshold
    assert model.is_anomaly(held_out).sum() == 19 and model.calibration is None
    with pytest.warns(UserWarning, match="`fpr` must be at least 0.01 with 99 samples"):
        model.calibrate(held_out, fpr=0.001)
    model.fit(x)
    assert model.threshold == np.inf


@every
def test_same_seed_same_scores(make, random):
    x = random.normal(size=(50, 3))
    first, second = (make(seed=7).fit(x).score(x) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@every
def test_bad_input(make, random):
    x = random.normal(size=(50, 3)).astype("float32")
    model = make(seed=0)
    with pytest.raises(ValueError, match="not fitted yet"):
        model.score(x)
    with pytest.raises(ValueError, match="`x` must be finite"):
        model.fit(np.where(x > 1, np.nan, x))
    with pytest.raises(ValueError, match="at least 2 samples. Received: 1"):
        model.fit(x[:1])
    model.fit(x)
    with pytest.raises(ValueError, match=r"samples of shape \(3,\).*Received: .*\(2,\)"):
        model.score(x[:, :2])
    with pytest.raises(ValueError, match="semi-supervised labels"):
        model.fit(x, np.full(50, 2))
    if not model.uses_labels:
        with pytest.raises(ValueError, match="labelled anomalies"):
            model.fit(x, np.full(50, -1))
    with pytest.raises(ValueError, match="exactly one of"):
        model.calibrate(x)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (dict(encoder=3), "`encoder` must be a Keras model"),
        (dict(preprocessing=3), "`preprocessing` must be a Keras layer or None"),
        (dict(components=1.5), "`components` must be a whole number"),
        (dict(seed=-1), "`seed` must be an integer"),
        (dict(nu=0), r"`nu` must be in \(0, 1\]"),
        (dict(max_samples=1), "`max_samples` must be an integer of at least 2"),
    ],
)
def test_bad_arguments(options, error):
    with pytest.raises(ValueError, match=error):
        kocc.baselines.OCSVM(**options)


def test_a_model_has_its_own_preprocessing(digits):
    layer = unit_range(digits.x_train)
    model = kocc.NearestNeighbors(k=2)
    with pytest.raises(ValueError, match="`preprocessing` must be None with a model"):
        kocc.baselines.KDE(encoder=model, preprocessing=layer)
    with pytest.raises(ValueError, match="never adapted"):
        kocc.baselines.KDE(preprocessing=type(layer).from_config(layer.get_config())).fit(
            digits.x_train
        )


def test_too_many_components(random):
    with pytest.raises(ValueError, match="at most 3 for 50 samples of 3 numbers"):
        kocc.baselines.KDE(components=4).fit(random.normal(size=(50, 3)))


def test_components_as_numbers(random):
    x = random.normal(size=(50, 3))
    first, second = (kocc.baselines.OCSVM(components=c).fit(x).score(x) for c in (2, 2.0))
    np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match="must hold different samples.*50 copies of one"):
        kocc.baselines.OCSVM(components=2).fit(np.ones((50, 3)))


@every
def test_constant_samples(make):
    scores = make(seed=0).fit(np.ones((50, 3))).score(np.array([[1.0, 1.0, 1.0], [3.0, 1.0, 1.0]]))
    assert np.isfinite(scores).all() and scores[1] >= scores[0]


def test_a_dataset_that_is_shuffled_at_every_pass(random):
    import tensorflow as tf

    x, y = random.normal(size=(60, 2)).astype("float32"), np.repeat([0, -1], [50, 10])
    x[50:] += [4, 0]
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(60).batch(16)
    of_dataset = kocc.baselines.SSAD().fit(dataset)
    of_arrays = kocc.baselines.SSAD().fit(x, y)
    np.testing.assert_allclose(of_dataset.score(x), of_arrays.score(x), atol=1e-5)


def test_tables_by_name(random):
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame(random.normal(size=(40, 2)), columns=["a", "b"])
    model = kocc.baselines.OCSVM().fit(x)
    np.testing.assert_array_equal(model.score(x[["b", "a"]]), model.score(x))


def test_few_of_many_samples(random):
    x = random.normal(size=(400, 2))
    model = kocc.baselines.KDE(bandwidth=1.0, max_samples=100, seed=0).fit(x)
    assert len(model._stored) == 100
    machine = kocc.baselines.OCSVM(nu=0.5, max_samples=100, seed=0).fit(x)
    assert 50 <= len(machine._machine.support_) <= 100


def test_hindsight(digits):
    small = digits.x_train[:60]
    found = kocc.baselines.hindsight_oc_svm(
        small, digits.x_test, digits.y_test, gammas=[1e-6, 1e-3, 10.0], nus=[0.1]
    )
    assert found.parameters == {"gamma": 1e-3, "nu": 0.1}
    assert found.auc == roc_auc_score(digits.y_test, found.detector.score(digits.x_test))
    with pytest.raises(ValueError, match="must hold numbers. Received: none"):
        kocc.baselines.hindsight_kde(small, digits.x_test, digits.y_test, bandwidths=[])
    labels = np.zeros(60)
    found = kocc.baselines.hindsight_ssad(
        small, labels, digits.x_test, digits.y_test, gammas=[1e-3, 10.0]
    )
    assert found.parameters == {"gamma": 1e-3}


def test_signatures_and_laziness():
    import inspect
    import subprocess
    import sys

    parameters = inspect.signature(kocc.baselines.OCSVM).parameters
    assert list(parameters)[:3] == ["nu", "gamma", "max_samples"] and "encoder" in parameters
    code = (
        "import sys, kerasocc; dir(kerasocc.baselines); "
        "assert not {'keras', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
