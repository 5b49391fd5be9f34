"""The detectors that are trained with outliers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.estimators import FCDDDetector, HypersphereClassifierDetector
from kerasocc.estimators.exposed import uniform_outliers
from tests.estimators.cases import table

NORMAL, STRANGE = table()
NEW = table(samples=400)[0][200:]


def test_uniform_outliers_fill_the_range_of_every_feature():
    x = np.array([[0.0, 10.0], [1.0, 10.0], [0.5, 30.0]], "float32")
    drawn = uniform_outliers(np.repeat(x, 200, axis=0), seed=0)
    assert drawn.shape == (2400, 2) and drawn.dtype == "float32"
    np.testing.assert_allclose(drawn.min(axis=0), [0, 10], atol=0.1)
    np.testing.assert_allclose(drawn.max(axis=0), [1, 30], atol=0.1)
    np.testing.assert_allclose(drawn.mean(axis=0), [0.5, 20], atol=0.5)
    assert not np.array_equal(uniform_outliers(x, 0), uniform_outliers(x, 1))


def test_outliers_are_those_of_the_model_that_is_trained_by_hand():
    detector = HypersphereClassifierDetector(
        outliers=STRANGE, contamination=0.1, random_state=7, hidden=(8, 2), steps=6
    ).fit(NORMAL)
    seed = int(np.random.RandomState(7).randint(2**31 - 1))
    model = kocc.HypersphereClassifier(
        kocc.networks.mlp([4, 8, 2], use_bias=True, seed=seed),
        preprocessing=kocc.datasets.preprocessing.standardize(NORMAL),
        weight_decay=0.5e-6,
        seed=seed,
    )
    model.compile("adam")
    model.fit(NORMAL, outliers=STRANGE, batch_size=128, epochs=3, verbose=0)
    np.testing.assert_array_equal(detector.score_samples(NEW), -model.score(NEW).astype("float64"))
    assert clone(detector).outliers is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "labels"), [({}, None), ({"outliers": None}, np.repeat([0, -1], [200, 20]))]
)
def test_it_finds_anomalies(options, labels):
    x = NORMAL if labels is None else np.concatenate([NORMAL, STRANGE[:20]])
    detector = HypersphereClassifierDetector(random_state=0, steps=400, **options).fit(x, labels)
    scores = np.concatenate([detector.score_samples(NEW), detector.score_samples(STRANGE[20:])])
    assert np.std(scores) > 1e-3 * np.abs(scores).mean()
    assert roc_auc_score(np.arange(len(scores)) < len(NEW), scores) > 0.85


@pytest.mark.slow
def test_fcdd_on_images():
    digits = load_digits()
    images = digits.images[..., None].astype("float32") * 16
    normal, others = images[digits.target == 0], images[digits.target != 0]
    detector = FCDDDetector(outliers=others[:300], epochs=30, random_state=0).fit(normal[:120])
    scores = [detector.score_samples(part) for part in (normal[120:], others[300:600])]
    truth = np.repeat([1, 0], [len(part) for part in scores])
    assert roc_auc_score(truth, np.concatenate(scores)) > 0.95
    assert detector.model_.explain(others[:3]).shape == (3, 8, 8, 1)


def test_bad_outliers_are_named():
    images = np.zeros((6, 8, 8, 1), "float32") + np.arange(6, dtype="float32")[:, None, None, None]
    with pytest.raises(
        ValueError, match="`outliers` must be samples, 'uniform' or None.*'unifrom'"
    ):
        HypersphereClassifierDetector(outliers="unifrom").fit(NORMAL)
    with pytest.raises(ValueError, match=r"`outliers` must hold samples of shape \(4,\)"):
        HypersphereClassifierDetector(outliers=STRANGE[:, :3]).fit(NORMAL)
    with pytest.raises(ValueError, match="`outliers`"):
        FCDDDetector().fit(images)
    with pytest.raises(ValueError, match="`X` must hold images"):
        FCDDDetector().fit(NORMAL)
