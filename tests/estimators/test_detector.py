"""What all detectors have in common: signs, thresholds, parameters, frames, files."""

import inspect
import pickle
import pickletools

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import kerasocc as kocc
from kerasocc import estimators
from kerasocc.estimators import DeepSVDDDetector, NearestNeighborsDetector
from tests.estimators.cases import CHECKED, table

NORMAL, STRANGE = table()
NEW = table(seed=0, samples=400)[0][200:]
MODELS = {
    "AutoencoderDetector": kocc.Autoencoder,
    "DeepSADDetector": kocc.DeepSAD,
    "DeepSVDDDetector": kocc.DeepSVDD,
    "EnsembleDetector": kocc.Ensemble,
    "FCDDDetector": kocc.FCDD,
    "GEODetector": kocc.GEO,
    "HypersphereClassifierDetector": kocc.HypersphereClassifier,
    "ICLDetector": kocc.ICL,
    "MultiHeadRotNetDetector": kocc.MultiHeadRotNet,
    "NearestNeighborsDetector": kocc.NearestNeighbors,
    "NeuTraLADDetector": kocc.NeuTraLAD,
    "OCNNDetector": kocc.OCNN,
    "RobustAutoencoderDetector": kocc.RobustAutoencoder,
}
# What is called otherwise, chosen by the detector, or given by another argument of it.
OTHERWISE = {
    "name": None,
    "feature_names": None,
    "augmentation": None,  # a layer, which `clone` would share between detectors
    "seed": "random_state",
    "mu": "weight_decay",
    "members": "detectors",
    "transform": "transformation",
}


@pytest.fixture(scope="module")
def neighbors():
    return NearestNeighborsDetector(random_state=0).fit(NORMAL)


@pytest.fixture(scope="module")
def trained():
    return DeepSVDDDetector(random_state=0).fit(NORMAL)


@pytest.mark.parametrize("name", MODELS)
def test_arguments_are_those_of_the_model(name):
    detector = getattr(estimators, name)
    own = inspect.signature(detector).parameters
    for argument, parameter in inspect.signature(MODELS[name].__init__).parameters.items():
        called = OTHERWISE.get(argument, argument)
        if argument == "self" or called is None:
            continue
        assert called in own, argument
        chosen_by_detector = called != argument or own[called].default is None
        if name == "NeuTraLADDetector" and argument == "hidden":
            assert own["transformation_hidden"].default == parameter.default
        elif not chosen_by_detector:
            assert own[called].default == parameter.default, argument
    assert all(p.kind is p.KEYWORD_ONLY for p in own.values())


def test_signs_are_those_of_scikit_learn(trained):
    inside, outside = trained.score_samples(NEW), trained.score_samples(STRANGE)
    np.testing.assert_array_equal(inside, -trained.model_.score(NEW).astype("float64"))
    assert roc_auc_score(np.arange(240) < 200, np.concatenate([inside, outside])) > 0.85
    assert np.std(inside) > 0
    peer = IsolationForest(random_state=0).fit(NORMAL)
    assert np.corrcoef(peer.score_samples(STRANGE), outside)[0, 1] > 0
    decisions = trained.decision_function(STRANGE)
    np.testing.assert_array_equal(decisions, outside - trained.offset_)
    np.testing.assert_array_equal(trained.predict(STRANGE), np.where(decisions < 0, -1, 1))
    np.testing.assert_array_equal(
        trained.predict(STRANGE) == -1, trained.model_.is_anomaly(STRANGE)
    )


def test_training_moves_the_weights(trained):
    # The same seed gives the same initial weights.
    with pytest.warns(UserWarning, match="fpr"):
        begun = DeepSVDDDetector(random_state=0, steps=1, learning_rate=1e-12).fit(NORMAL[:50])
    before, after = (d.model_.encoder.trainable_weights[0] for d in (begun, trained))
    assert np.abs(np.array(before) - np.array(after)).max() > 1e-3
    assert trained.history_["loss"][-1] < trained.history_["loss"][0]
    assert len(trained.history_["loss"]) == 50  # 100 steps of two batches


def test_the_threshold_is_that_of_samples_not_trained_on(neighbors):
    assert neighbors.model_.memory.shape[0] == 160
    calibration = neighbors.model_.calibration
    assert calibration.samples == 40
    assert calibration.wanted_rate == 0.05
    assert neighbors.offset_ == -calibration.threshold
    share = np.mean(neighbors.predict(NEW) == -1)
    assert 0 < share < calibration.interval[1]


def test_contamination_is_the_share_that_is_flagged():
    detector = NearestNeighborsDetector(k=5, contamination=0.1)
    assert np.sum(detector.fit_predict(NORMAL) == -1) == 20
    assert detector.model_.memory.shape[0] == 200
    assert detector.model_.calibration is None


def test_a_held_out_sample_has_no_weight_zero_and_no_label_of_an_anomaly():
    weights = np.ones(200)
    weights[:100] = 0
    detector = estimators.AutoencoderDetector(steps=1, random_state=0)
    detector.fit(NORMAL, sample_weight=weights)
    assert detector.model_.calibration.samples == 20  # a fifth of what is left
    labels = np.zeros(200)
    labels[:100] = -1
    detector = estimators.DeepSADDetector(steps=1, random_state=0).fit(NORMAL, labels)
    assert detector.model_.calibration.samples == 20


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (dict(contamination=0.7), r"`contamination` must be in \[0, 0.5\]. Received: .*0.7"),
        (dict(contamination="auto"), r"in \[0, 0.5\]. Received: contamination='auto'"),
        (
            dict(held_out=0.999),
            "`X` must hold normal samples, .*200 normal samples, held_out=0.999",
        ),
        (dict(fpr=1.0), r"`fpr` must be in \[0, 1\). Received: fpr=1.0"),
        (dict(held_out=0), r"`held_out` must be in \(0, 1\). Received: held_out=0"),
        (dict(preprocessing="log"), "`preprocessing` must be one of .*'none'.*'log'"),
        (dict(k=0), "`k` must be an integer of at least 1"),
    ],
)
def test_parameters_are_checked_by_fit(parameters, message):
    detector = NearestNeighborsDetector(**parameters)
    with pytest.raises(ValueError, match=message):
        detector.fit(NORMAL)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (dict(epochs=3, steps=3), "`epochs` must be None where `steps` are given"),
        (dict(steps=0), "`steps` must be an integer of at least 1"),
        (dict(batch_size=0), "`batch_size` must be an integer of at least 1"),
        (dict(learning_rate=-1), "`learning_rate` must be a finite number above 0"),
        (dict(hidden=3), r"`hidden` must hold widths, such as \(128, 64\)"),
        (dict(encoder=3), "`encoder` must be a Keras model, or a function"),
        (dict(encoder=lambda shape: None), "which returned None"),
        (dict(encoder=len, hidden=(3,)), "`hidden` must be None where an `encoder` is given"),
        (dict(regularizer="dropout"), "`regularizer` must be one of"),
        (dict(pretrain_epochs=3, encoder=kocc.networks.mlp([4, 2])), "has no decoder"),
        (dict(nu=2), r"`nu` must be in \(0, 1\]. Received: nu=2"),
    ],
)
def test_parameters_of_networks_are_checked_by_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        DeepSVDDDetector(**parameters).fit(NORMAL)


def test_one_sample_and_all_weights_zero_are_refused():
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        NearestNeighborsDetector().fit(NORMAL[:1])
    with pytest.raises(ValueError, match="must hold weights above zero"):
        DeepSVDDDetector().fit(NORMAL, sample_weight=np.zeros(200))
    with pytest.raises(ValueError, match=r"must have shape \(200,\)"):
        DeepSVDDDetector().fit(NORMAL, sample_weight=np.ones(3))


def test_a_seed_repeats_a_fit_and_another_does_not():
    def score(seed):
        detector = DeepSVDDDetector(random_state=seed, steps=2)
        return detector.fit(NORMAL).score_samples(STRANGE)

    first = score(3)
    np.testing.assert_array_equal(first, score(3))
    assert not np.array_equal(first, score(4))


def test_frames_have_their_names_checked(neighbors):
    names = list("abcd")
    frame = pd.DataFrame(NORMAL, columns=names)
    detector = NearestNeighborsDetector(random_state=0).fit(frame)
    assert list(detector.feature_names_in_) == names
    assert detector.n_features_in_ == 4
    expected = neighbors.score_samples(NORMAL)
    np.testing.assert_array_equal(detector.score_samples(frame), expected)
    with pytest.raises(ValueError, match="feature names"):
        detector.score_samples(frame[names[::-1]])
    # The model knows them too, and brings them into order.
    np.testing.assert_allclose(-detector.model_.score(frame[names[::-1]]), expected, rtol=1e-6)


def test_sparse_matrices_are_dense_ones(neighbors):
    matrix = sparse.csr_matrix(NORMAL)
    scores = NearestNeighborsDetector(random_state=0).fit(matrix).score_samples(matrix)
    np.testing.assert_array_equal(scores, neighbors.score_samples(NORMAL))


def test_embeddings_as_a_frame(trained):
    frame = clone(trained).set_output(transform="pandas").set_params(steps=1).fit_transform(NORMAL)
    assert frame.shape == (200, 64)
    assert frame.columns[0] == "deepsvdddetector0"
    np.testing.assert_array_equal(trained.transform(NEW), trained.model_.embed(NEW))


def test_a_column_transformer_and_a_pipeline():
    frame = pd.DataFrame(NORMAL, columns=list("abcd"))
    frame["kind"] = np.where(frame["a"] > 0, "up", "down")
    prepared = ColumnTransformer(
        [("numbers", StandardScaler(), list("abcd")), ("text", OneHotEncoder(), ["kind"])]
    )
    pipeline = make_pipeline(prepared, NearestNeighborsDetector(random_state=0)).fit(frame)
    assert set(pipeline.predict(frame)) == {-1, 1}
    assert pipeline[-1].n_features_in_ == 6


def test_search_and_cross_validation():
    x = np.concatenate([NORMAL, STRANGE])
    y = np.repeat([1, -1], [200, 40])
    folds = estimators.OneClassKFold(3, random_state=0)
    search = GridSearchCV(
        NearestNeighborsDetector(random_state=0), {"k": [1, 80]}, scoring="roc_auc", cv=folds
    ).fit(x, y)
    assert search.best_params_ == {"k": 1}
    assert search.best_score_ > 0.95
    scores = cross_val_score(search.best_estimator_, x, y, scoring="roc_auc", cv=folds)
    np.testing.assert_allclose(scores.mean(), search.best_score_)


@pytest.mark.slow
def test_search_in_two_processes():
    x, y = np.concatenate([NORMAL, STRANGE]), np.repeat([1, -1], [200, 40])
    folds = estimators.OneClassKFold(2, random_state=0)
    grid = {"steps": [5, 50]}

    def found(n_jobs):
        detector = DeepSVDDDetector(random_state=0)
        search = GridSearchCV(detector, grid, scoring="roc_auc", cv=folds, n_jobs=n_jobs)
        return search.fit(x, y).cv_results_["mean_test_score"]

    np.testing.assert_allclose(found(2), found(1), rtol=1e-5)


def test_pickles_hold_files_of_keras_and_nothing_else_of_it(trained, tmp_path):
    content = pickle.dumps(trained)
    names = {value for _, value, _ in pickletools.genops(content) if isinstance(value, str)}
    # What is called to make an object is named with its module.
    assert "kerasocc.estimators.keras_state" in names and "KerasFile" in names
    foreign = ("keras.", "tensorflow", "kerasocc.models", "_unpickle")
    assert not [name for name in names if name.startswith(foreign)]
    again = pickle.loads(content)
    np.testing.assert_array_equal(again.decision_function(NEW), trained.decision_function(NEW))
    assert again.model_.calibration == trained.model_.calibration
    joblib.dump(trained, tmp_path / "detector.joblib")
    loaded = joblib.load(tmp_path / "detector.joblib")
    np.testing.assert_array_equal(loaded.predict(STRANGE), trained.predict(STRANGE))


def encoder_of(shape):
    return keras.Sequential([keras.Input(shape), keras.layers.Dense(3, use_bias=False, name="own")])


def test_a_network_of_the_user(tmp_path):
    detector = DeepSVDDDetector(encoder=encoder_of, random_state=0, steps=1).fit(NORMAL)
    assert detector.model_.encoder.layers[0].name == "own"
    assert pickle.loads(pickle.dumps(detector)).encoder is encoder_of
    network = encoder_of((4,))
    before = np.array(network.weights[0])
    detector = DeepSVDDDetector(encoder=network, random_state=0, steps=20).fit(NORMAL)
    np.testing.assert_array_equal(np.array(network.weights[0]), before)
    after = np.array(detector.model_.encoder.weights[0])
    assert not np.array_equal(after, before)
    # The copy of an unfitted detector begins with the same weights.
    copied = clone(detector)
    np.testing.assert_array_equal(np.array(copied.encoder.weights[0]), before)


def test_not_fitted():
    for detector in CHECKED.values():
        for method in ("score_samples", "decision_function", "predict", "transform"):
            with pytest.raises(Exception, match="not fitted yet"):
                getattr(detector, method)(NORMAL)
