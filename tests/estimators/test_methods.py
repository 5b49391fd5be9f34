"""Each detector finds what its model finds; what is particular to one."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.defaults import training
from kerasocc.estimators import (
    AutoencoderDetector,
    DeepSADDetector,
    DeepSVDDDetector,
    EnsembleDetector,
    GEODetector,
    ICLDetector,
    MultiHeadRotNetDetector,
    NearestNeighborsDetector,
    NeuTraLADDetector,
    OCNNDetector,
    RobustAutoencoderDetector,
)
from tests.estimators.cases import table

NORMAL, STRANGE = table()
NEW = table(samples=400)[0][200:]


def auc(detector):
    scores = np.concatenate([detector.score_samples(NEW), detector.score_samples(STRANGE)])
    assert np.std(scores) > 1e-3 * np.abs(scores).mean()
    return roc_auc_score(np.arange(len(scores)) < len(NEW), scores)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("detector", "least"),
    [
        (NearestNeighborsDetector(), 0.98),
        (DeepSVDDDetector(), 0.85),
        (DeepSVDDDetector(objective="soft-boundary", regularizer="variance"), 0.85),
        (DeepSVDDDetector(regularizer="noise", pretrain_epochs=20), 0.75),
        (AutoencoderDetector(hidden=(16, 2)), 0.9),
        (RobustAutoencoderDetector(hidden=(16, 2)), 0.9),
        (OCNNDetector(), 0.85),
        (NeuTraLADDetector(), 0.85),
        (ICLDetector(), 0.9),
        (EnsembleDetector(), 0.95),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_anomalies_are_found(detector, least):
    detector = detector.set_params(random_state=0).fit(NORMAL)
    assert auc(detector) > least
    # The threshold holds on new samples: 40 calibrate it.
    low, high = detector.model_.calibration.interval
    assert np.mean(detector.predict(NEW) == -1) <= high + 0.03
    assert np.mean(detector.predict(STRANGE) == -1) > 0.3
    assert len(detector.history_) >= 1


def test_scores_are_those_of_the_model_that_is_trained_by_hand():
    detector = AutoencoderDetector(contamination=0.1, random_state=7, hidden=(8, 2), epochs=3)
    detector.fit(NORMAL)
    seed = int(np.random.RandomState(7).randint(2**31 - 1))
    options = dict(use_bias=True, use_batch_norm=False, seed=seed)
    model = kocc.Autoencoder(
        kocc.networks.mlp([4, 8, 2], **options),
        kocc.networks.mlp_decoder([4, 8, 2], activation=None, **options),
        preprocessing=kocc.datasets.preprocessing.standardize(NORMAL),
        weight_decay=training.AUTOENCODER.weight_decay,
        seed=seed,
    )
    import keras

    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(NORMAL, batch_size=128, epochs=3, verbose=0)
    np.testing.assert_array_equal(detector.score_samples(NEW), -model.score(NEW).astype("float64"))
    assert np.sum(detector.predict(NORMAL) == -1) == 20


def test_labelled_anomalies_teach_deep_sad():
    shifted = NORMAL + np.float32(0.4) * np.array([1, -1, 1, -1], "float32")
    x = np.concatenate([NORMAL, shifted[:100]])
    y = np.repeat([0, -1], [200, 100])
    with_labels = DeepSADDetector(random_state=0).fit(x, y)
    without = DeepSADDetector(random_state=0).fit(NORMAL)
    new = np.concatenate([NEW, shifted[100:]])
    truth = np.repeat([1, 0], [200, 100])
    found = [roc_auc_score(truth, d.score_samples(new)) for d in (with_labels, without)]
    assert found[0] > max(found[1] + 0.02, 0.9), found


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.5] * 200, "`y` must hold -1 for anomalies, .* Received: 0.5"),
        ([-2] * 200, "Received: -2"),
        ([[0, 1]] * 200, r"Received: shape \(200, 2\)"),
        ([-1] * 200, "must hold normal samples, .* Received: 0 normal samples"),
        ([0] * 3, "inconsistent numbers of samples"),
    ],
)
def test_labels_are_checked(y, message):
    with pytest.raises(ValueError, match=message):
        DeepSADDetector().fit(NORMAL, y)


def test_labels_without_an_anomaly_are_doubtful():
    with pytest.warns(UserWarning, match="holds 0 and .1 but no -1"):
        DeepSADDetector(steps=1, random_state=0).fit(NORMAL, np.arange(200) % 2)


@pytest.mark.slow
def test_icl_reads_a_narrow_table_several_times():
    detector = ICLDetector(steps=1, permutations=1, hidden=(4, 2), random_state=0)
    detector.fit(NORMAL[:, :2])
    model = detector.model_
    assert model.encoder.input_shape == (None, 2)
    # Three windows of two of the four columns, and their complements.
    assert model.encoder.output_shape == (None, 3, 2, 2)
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(again.predict(NEW[:, :2]), detector.predict(NEW[:, :2]))


def test_networks_need_the_right_samples():
    images = np.zeros((6, 10, 12, 1), "float32")
    with pytest.raises(ValueError, match="`X` must hold square images"):
        MultiHeadRotNetDetector().fit(images)
    with pytest.raises(ValueError, match="multiples of 8"):
        AutoencoderDetector().fit(images)
    with pytest.raises(ValueError, match="`hidden` must hold widths"):
        ICLDetector(hidden=3).fit(NORMAL)
    with pytest.raises(ValueError, match="`fourier_features` must be an integer"):
        OCNNDetector(fourier_features=0).fit(NORMAL)
    with pytest.raises(ValueError, match="An `encoder` must be given unless"):
        OCNNDetector().fit(images)
    with pytest.raises(ValueError, match="`encoder` and `decoder` must be given together"):
        AutoencoderDetector(encoder=lambda shape: kocc.networks.mlp([4, 2])).fit(NORMAL)
    with pytest.raises(ValueError, match="`hidden` must be left out: the samples are images"):
        AutoencoderDetector(hidden=(3, 2)).fit(np.zeros((6, 8, 8, 1), "float32"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector",
    [
        MultiHeadRotNetDetector(epochs=4),
        GEODetector(epochs=72),
        DeepSVDDDetector(pretrain_epochs=40, epochs=30),
        AutoencoderDetector(epochs=40),
        NearestNeighborsDetector(),
        EnsembleDetector(),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_images(detector):
    digits = load_digits()
    images = digits.images[..., None].astype("float32")
    normal, others = images[digits.target == 0], images[digits.target != 0][:300]
    detector = detector.set_params(random_state=0).fit(normal[:120])
    scores = [detector.score_samples(part) for part in (normal[120:], others)]
    truth = np.repeat([1, 0], [len(part) for part in scores])
    assert roc_auc_score(truth, np.concatenate(scores)) > 0.93
    assert np.std(scores[1]) > 0


def test_an_ensemble_is_that_of_its_members():
    members = [
        NearestNeighborsDetector(k=3, preprocessing="robust"),
        AutoencoderDetector(steps=20, hidden=(8, 2), random_state=5),
    ]
    detector = EnsembleDetector(detectors=members, contamination=0.1, random_state=0).fit(NORMAL)
    assert [type(m).__name__ for m in detector.model_.members] == [
        "NearestNeighbors",
        "Autoencoder",
    ]
    alone = AutoencoderDetector(steps=20, hidden=(8, 2), random_state=5, contamination=0.1).fit(
        NORMAL
    )
    own = detector.model_.member_scores(NEW, standardized=False)[:, 1]
    np.testing.assert_allclose(own, -alone.score_samples(NEW), rtol=1e-5)
    np.testing.assert_allclose(
        -detector.score_samples(NEW), detector.model_.member_scores(NEW).mean(axis=1), rtol=1e-5
    )
    assert len(detector.history_["member_1_loss"]) == 10
    # None of the given detectors is fitted itself.
    assert not hasattr(members[0], "model_")


@pytest.mark.parametrize("given", [[], [3], [DeepSVDDDetector], DeepSVDDDetector()])
def test_an_ensemble_takes_detectors(given):
    with pytest.raises(ValueError, match="`detectors` must hold detectors of"):
        EnsembleDetector(detectors=given).fit(NORMAL)


def test_an_ensemble_has_no_preprocessing():
    with pytest.raises(ValueError, match="`preprocessing` must be None: every one"):
        EnsembleDetector(preprocessing="standard").fit(NORMAL)


def test_members_that_fail_are_left_out():
    class Failing(NearestNeighborsDetector):
        def _fitted_model(self, *arguments):
            raise FloatingPointError("loss is NaN")

    both = EnsembleDetector(detectors=[Failing(), NearestNeighborsDetector()], random_state=0)
    with pytest.warns(UserWarning, match="Member 0, Failing, is left out: loss is NaN"):
        both.fit(NORMAL)
    assert len(both.model_.members) == 1
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(FloatingPointError, match="loss is NaN"),
    ):
        EnsembleDetector(detectors=[Failing()]).fit(NORMAL)


def test_members_without_labels_train_without_known_anomalies():
    members = [NearestNeighborsDetector(), DeepSADDetector(steps=1)]
    detector = EnsembleDetector(detectors=members, contamination=0.1, random_state=0)
    x, y = np.concatenate([NORMAL, STRANGE]), np.repeat([0, -1], [200, 40])
    assert detector.fit(x, y).model_.members[0].memory.shape[0] == 200


def test_edges_of_images(digits):
    detector = NearestNeighborsDetector(k=3, cells=4, random_state=0).fit(digits.x_train)
    assert type(detector.model_.encoder.layers[-1]).__name__ == "OrientedGradients"
    assert roc_auc_score(digits.y_test, -detector.score_samples(digits.x_test)) > 0.98
    restored = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(
        restored.score_samples(digits.x_test), detector.score_samples(digits.x_test)
    )
    with pytest.raises(ValueError, match="`cells` must be None without images. Received: cells=4"):
        NearestNeighborsDetector(cells=4).fit(np.zeros((20, 3)))
    with pytest.raises(ValueError, match="`cells` must be None where an `encoder` is given"):
        NearestNeighborsDetector(cells=4, encoder=detector.model_.encoder).fit(digits.x_train)
