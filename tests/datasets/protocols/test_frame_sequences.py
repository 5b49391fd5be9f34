"""Video frames as one-class problems."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets import FrameDataset, frame_sequences
from kerasocc.experiments.reports.metrics import frame_auc
from tests.datasets.frame_examples import TRAIN, TRUTH, features, make_feature_folder


@pytest.fixture
def folder(tmp_path):
    return make_feature_folder(tmp_path)


def test_features(folder):
    data = frame_sequences(folder)
    assert isinstance(data, FrameDataset) and data.name == "UCSDped9"
    expected = [features(1, 5), features(2, 4), features(10, 3)]
    np.testing.assert_array_equal(data.x_train, np.concatenate(expected))
    np.testing.assert_array_equal(data.x_test, np.concatenate([features(101, 4), features(102, 5)]))
    np.testing.assert_array_equal(data.y_test, [0, 1, 1, 0, 1, 1, 0, 0, 1])
    assert data.x_train.dtype == np.float32 and data.sample_format.shape == (3,)
    assert data.train_lengths == TRAIN and list(data.train_lengths) == list(TRAIN)
    assert data.test_lengths == {"Test001": 4, "Test002": 5}
    assert data.y_train.shape == (12,) and not data.y_train.any() and not data.truth_train.any()
    assert data.x_val.shape == (0, 3) and data.y_val.shape == (0,)


def test_scores_by_sequence(folder):
    data = frame_sequences(folder)
    scores = data.split_by_sequence(np.arange(9.0))
    assert list(scores) == ["Test001", "Test002"]
    np.testing.assert_array_equal(scores["Test001"], [0, 1, 2, 3])
    np.testing.assert_array_equal(scores["Test002"], [4, 5, 6, 7, 8])
    assert data.split_by_sequence(np.zeros((9, 2)))["Test002"].shape == (5, 2)
    # Anomalies 1, 2, 4, 5, 8 against 0, 3, 6, 7: (1 + 1 + 2 + 2 + 4) of 20 pairs are right.
    assert frame_auc(data.split_by_sequence(data.y_test), scores) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"each of the 9 test frames. Received: shape \(8,\)"):
        data.split_by_sequence(np.zeros(8))


# 12 clean frames, 5 anomalous test frames: 12 * .2 / .8 = 3.
def test_contamination_takes_frames_out_of_the_test_part(folder):
    clean, data = frame_sequences(folder), frame_sequences(folder, contamination=0.2)
    np.testing.assert_array_equal(data.x_train[:12], clean.x_train)
    np.testing.assert_array_equal(data.truth_train, np.repeat([0, 1], [12, 3]))
    assert not data.y_train.any() and len(data.y_train) == 15
    taken = {tuple(row) for row in data.x_train[12:]}
    anomalous = {tuple(row) for row in clean.x_test[clean.y_test == 1]}
    assert len(taken) == 3 and taken < anomalous
    # What is left is in its order, and still knows its sequence.
    left = [i for i, row in enumerate(clean.x_test) if tuple(row) not in taken]
    np.testing.assert_array_equal(data.x_test, clean.x_test[left])
    np.testing.assert_array_equal(data.y_test, clean.y_test[left])
    assert data.y_test.sum() == 2
    for name, x in data.split_by_sequence(data.x_test).items():
        assert (x[:, 0] == 100 + int(name[-3:])).all()
    assert data.train_lengths == {**TRAIN, "contaminants": 3}


def test_contamination_that_stays_in_the_test_part(folder):
    clean = frame_sequences(folder)
    data = frame_sequences(folder, contamination=0.2, keep_in_test=True)
    np.testing.assert_array_equal(data.x_test, clean.x_test)
    np.testing.assert_array_equal(data.y_test, clean.y_test)
    drawn = frame_sequences(folder, contamination=0.2).x_train
    np.testing.assert_array_equal(data.x_train, drawn)


def test_how_much_contamination_there_can_be(folder):
    # 12 * .25 / .75 = 4, 12 * .3 / .7 = 5.1
    assert frame_sequences(folder, contamination=0.25).y_test.sum() == 1
    with pytest.raises(ValueError, match="asks for 5 anomalies .* holds 5, of which 1 must stay"):
        frame_sequences(folder, contamination=0.3)
    assert len(frame_sequences(folder, contamination=0.3, keep_in_test=True).x_train) == 17
    with pytest.raises(ValueError, match="asks for 12 anomalies of the test part, .* holds 5$"):
        frame_sequences(folder, contamination=0.5, keep_in_test=True)


def test_seeds(folder):
    def drawn(seed):
        data = frame_sequences(folder, contamination=0.2, seed=seed)
        return data.x_train[12:].tolist()

    assert drawn(1) == drawn(1) and len({str(drawn(seed)) for seed in range(5)}) > 1


def test_a_sequence_without_frames_left(folder):
    np.save(folder / "Test" / "Test003.npy", features(103, 1))
    np.save(folder / "Test" / "Test003_gt.npy", [1])
    for seed in range(50):
        data = frame_sequences(folder, contamination=0.25, seed=seed)
        assert sum(data.test_lengths.values()) == len(data.x_test)
        if data.test_lengths["Test003"] == 0:
            assert data.split_by_sequence(data.y_test)["Test003"].shape == (0,)
            return
    pytest.fail("never drawn")


def test_transductive(folder):
    data = frame_sequences(folder, contamination=0.2).transductive()
    np.testing.assert_array_equal(data.x_test, data.x_train)
    parts = data.split_by_sequence(data.y_test)
    assert list(parts) == [*TRAIN, "contaminants"] and parts["contaminants"].tolist() == [1, 1, 1]


def test_test_frames_that_are_all_normal(folder):
    for name, truth in TRUTH.items():
        np.save(folder / "Test" / f"{name}_gt.npy", np.zeros(len(truth), bool))
    assert not frame_sequences(folder).y_test.any()


def test_features_are_standardised_by_the_training_frames(folder):
    data = frame_sequences(folder)
    prepared = np.array(data.preprocessing(data.x_train))
    np.testing.assert_allclose(prepared.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(prepared.std(axis=0), [1, 1, 0], atol=1e-6)


def test_a_model_on_features(folder):
    data = frame_sequences(folder, contamination=0.2)
    encoder = kocc.networks.mlp([3, 8, 4], seed=0)
    model = kocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=4, epochs=1, verbose=0)
    scores = data.split_by_sequence(model.score(data.x_test))
    assert {name: len(s) for name, s in scores.items()} == data.test_lengths
    # The sequences of the test part are far away from those of training.
    assert (
        frame_auc(
            np.repeat([0, 1], [12, 6]), np.r_[model.score(data.x_train[:12]), *scores.values()]
        )
        > 0.9
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(contamination=1.0), r"`contamination` must be in \[0, 1\). Received: contaminatio"),
        (dict(contamination=-0.1), r"`contamination` must be in \[0, 1\)"),
        (dict(seed=-1), "`seed` must be an integer of at least 0"),
        (dict(unreadable="ignore"), "`unreadable` must be one of"),
        (dict(image_size=8), "`image_size` and `unreadable` must be left out: .* holds features"),
        (dict(unreadable="skip"), "`image_size` and `unreadable` must be left out"),
    ],
)
def test_bad_options(folder, options, message):
    with pytest.raises(ValueError, match=message):
        frame_sequences(folder, **options)
