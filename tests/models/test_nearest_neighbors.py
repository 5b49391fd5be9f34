"""Nearest neighbours: scores by hand, what is stored, files, exports, backends."""

import importlib.util

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors as Reference

import kerasocc as kocc
from kerasocc.losses import nearest_neighbors
from kerasocc.models.coreset import greedy_coreset, matched_positions, random_coreset
from tests.conformance.test_export import DEFAULT, litert_scorer, onnx_scorer, saved_model_scorer
from tests.models.neighbors import fitted
from tests.other_backends import run_on

TRIANGLE = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]], "float32")


@pytest.fixture
def rows(random):
    return random.normal(size=(70, 4)).astype("float32")


def test_by_hand():
    model = fitted(TRIANGLE, k=2)
    # Itself and (0, 1); itself and (0, 0).
    np.testing.assert_allclose(model.score(TRIANGLE[[0, 2]]), [0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(model.score([[3.0, 0.0]]), [(3 + np.sqrt(10)) / 2], rtol=1e-6)
    # The others: distances 5 and 1, 5 and sqrt(18), 1 and sqrt(18).
    own = [3.0, (5 + np.sqrt(18)) / 2, (1 + np.sqrt(18)) / 2]
    np.testing.assert_allclose(model.training_scores(TRIANGLE), own, rtol=1e-6)
    history = model.fit(TRIANGLE, epochs=3, verbose=0).history
    assert history["loss"] == pytest.approx([np.mean(own)] * 3)
    assert int(model.epochs_trained.numpy()) == 4


@pytest.mark.parametrize("k", [1, 5])
def test_as_scikit_learn(rows, k):
    model, x = fitted(rows, k=k), rows[:20] + 0.3
    distances, _ = Reference(n_neighbors=k).fit(rows).kneighbors(x)
    np.testing.assert_allclose(model.score(x), distances.mean(axis=1), rtol=1e-5)
    distances, _ = Reference(n_neighbors=k).fit(rows).kneighbors()
    np.testing.assert_allclose(model.training_scores(rows), distances.mean(axis=1), rtol=1e-5)


def test_it_finds_anomalies(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    for network in (None, encoder):
        model = fitted(digits.x_train, encoder=network, preprocessing=digits.preprocessing)
        assert roc_auc_score(digits.y_test, model.score(digits.x_test)) > 0.95
        assert model.embed(digits.x_test[:3]).shape == (3, 64 if network is None else 32)
    # Its own encoder is as it was.
    fresh = kocc.networks.lenet("digits", seed=0)
    for one, other in zip(encoder.weights, fresh.weights, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))


def test_the_memory_is_what_the_encoder_makes_of_the_samples(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    model = fitted(digits.x_train, encoder=encoder, preprocessing=digits.preprocessing)
    np.testing.assert_allclose(np.array(model.memory), model.embed(digits.x_train), rtol=1e-5)


def test_standardized_columns_have_equal_weight(rows):
    stretched = rows * np.float32([1, 1000, 1e-3, 1]) + np.float32([0, 5000, 0, 0])
    constant = np.concatenate([stretched, np.full((70, 1), 0.1, "float32")], axis=1)
    expected = fitted(rows / rows.std(axis=0)).score(rows / rows.std(axis=0))
    for coreset in ("random", "greedy"):
        model = fitted(constant, standardize=True, coreset=coreset)
        np.testing.assert_allclose(model.score(constant), expected, rtol=1e-3)
    np.testing.assert_allclose(np.array(model.deviation), [*stretched.std(axis=0), 1.0], rtol=1e-5)
    assert not np.allclose(fitted(constant).score(constant), expected, rtol=0.1)


def test_another_fit_replaces_the_samples(rows):
    model = fitted(rows)
    before = model.score(rows)
    model.fit(rows[:30] + 5, verbose=0)
    assert model.memory.shape == (30, 4)
    np.testing.assert_array_equal(model.score(rows), fitted(rows[:30] + 5).score(rows))
    assert (model.score(rows) > before).all()


def test_random_coreset(rows):
    assert random_coreset(5, 5, 0).tolist() == random_coreset(5, 9, 0).tolist() == [0, 1, 2, 3, 4]
    model = fitted(rows, max_samples=20, seed=3)
    assert model.memory.shape == (20, 4) and len(set(model.positions)) == 20
    np.testing.assert_array_equal(np.array(model.memory), rows[model.positions])
    assert fitted(rows, max_samples=20, seed=3).positions.tolist() == model.positions.tolist()
    assert fitted(rows, max_samples=20, seed=4).positions.tolist() != model.positions.tolist()
    # Samples that are not stored have a full set of neighbours without themselves.
    scores, own = model.score(rows), model.training_scores(rows)
    stored = np.isin(np.arange(70), model.positions)
    np.testing.assert_array_equal(scores[~stored], own[~stored])
    assert (scores[stored] < own[stored]).all()


def test_stored_samples_are_found_again(random):
    rows = random.normal(size=(50, 3)).astype("float32") + 100
    places = np.array([3, 8, 40])
    rounded = rows[places] * np.float32(1 + 1e-7)
    assert matched_positions(rounded, rows).tolist() == [3, 8, 40]
    assert matched_positions(rows[places] + 0.1, rows) is None
    # Which of two copies is which cannot be told.
    assert matched_positions(rows[[3, 3]], rows) is None


def test_greedy_coreset():
    # From any first one the farthest follow: both ends, then the middle of the largest gap.
    line = np.array([[0.0], [1.0], [4.0], [5.0], [10.0]])
    for seed in range(5):
        assert {0, 4} & set(greedy_coreset(line, 2, seed).tolist())
        three = set(greedy_coreset(line, 3, seed).tolist())
        covered = np.abs(line - line[sorted(three)].T).min(axis=1).max()
        assert covered <= 2 * 1.0, (seed, three)
    assert greedy_coreset(line, 9, 0).tolist() == [0, 1, 2, 3, 4]
    copies = greedy_coreset(np.zeros((6, 2)), 4, 0)
    assert len(set(copies.tolist())) == 4


def test_a_greedy_coreset_covers_better(rows):
    far = [
        fitted(rows, k=1, max_samples=15, coreset=c, seed=0).score(rows).max()
        for c in ("greedy", "random")
    ]
    assert far[0] < 0.8 * far[1]


def test_datasets_store_the_same(rows):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(16)
    model, same = fitted(dataset, max_samples=20, seed=1), fitted(rows, max_samples=20, seed=1)
    np.testing.assert_array_equal(np.array(model.memory), np.array(same.memory))
    model.fit(dataset.repeat(), steps_per_epoch=2, verbose=0)
    assert model.memory.shape == (20, 4)
    assert kocc.NearestNeighbors(max_samples=None).fit(rows, verbose=0).model.memory.shape[0] == 70


def test_rows_on_disk(rows, tmp_path):
    np.save(tmp_path / "rows.npy", rows)
    lazy = kocc.datasets.Rows(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    model = fitted(lazy, max_samples=20, seed=1)
    np.testing.assert_array_equal(np.array(model.memory), rows[model.positions])


def test_files(rows, tmp_path):
    for options in ({}, dict(max_samples=30, coreset="greedy", standardize=True)):
        model = fitted(rows.reshape(70, 2, 2), **options)
        model.calibrate(rows.reshape(70, 2, 2), fpr=0.1)
        model.save(tmp_path / "model.keras")
        loaded = kocc.load_model(tmp_path / "model.keras")
        assert loaded.get_config() == model.get_config()
        x = rows.reshape(70, 2, 2) + 0.1
        np.testing.assert_array_equal(loaded.score(x), model.score(x))
        np.testing.assert_array_equal(loaded.is_anomaly(x), model.is_anomaly(x))
        found = loaded.training_scores(rows.reshape(70, 2, 2))
        expected = model.training_scores(rows.reshape(70, 2, 2))
        np.testing.assert_array_equal(found, expected)
        if options:
            # A loaded model finds its stored samples among those of the fit, and no others.
            with pytest.raises(ValueError, match="needs the samples of the last `fit`.*a loaded"):
                loaded.training_scores(x)
        with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
            loaded.score(rows)
        model.save_weights(tmp_path / "model.weights.h5")
        fresh = kocc.NearestNeighbors(**options)
        fresh.build_by_call((None, 2, 2))
        fresh.load_weights(tmp_path / "model.weights.h5")
        np.testing.assert_array_equal(fresh.score(x), model.score(x))


def test_an_interrupted_fit_is_taken_up(rows, tmp_path):
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / (epoch - 1))
    with pytest.raises(ZeroDivisionError):
        kocc.NearestNeighbors(max_samples=20, seed=1).fit(
            rows, epochs=4, verbose=0, callbacks=[backup, stop]
        )
    model = kocc.NearestNeighbors(max_samples=20, seed=1)
    history = model.fit(rows, epochs=4, verbose=0, callbacks=[backup]).history
    assert len(history["loss"]) == 2 and int(model.epochs_trained.numpy()) == 4
    expected = fitted(rows, max_samples=20, seed=1)
    np.testing.assert_array_equal(model.score(rows), expected.score(rows))


@pytest.mark.parametrize(
    ("rows_per_block", "options"),
    [
        (16, dict(standardize=True)),
        pytest.param(2048, dict(standardize=True), marks=pytest.mark.slow),
        pytest.param(2048, dict(k=2, subsets=5, max_samples=7, seed=3), marks=pytest.mark.slow),
    ],
)
def test_exports(rows, tmp_path, monkeypatch, rows_per_block, options):
    monkeypatch.setattr(nearest_neighbors, "ROWS_PER_BLOCK", rows_per_block)
    monkeypatch.setattr(
        nearest_neighbors.nearest_distances, "__kwdefaults__", {"rows_per_block": rows_per_block}
    )
    images = np.tile(rows, (1, 16)).reshape(70, 8, 8, 1)
    model = fitted(images, **options)
    model.calibrate(images, fpr=0.5)
    scorers = {"tf_saved_model": saved_model_scorer, "litert": litert_scorer}
    if importlib.util.find_spec("tf2onnx") and importlib.util.find_spec("onnxruntime"):
        scorers["onnx"] = onnx_scorer
    for format, load in scorers.items():
        kocc.export(model, tmp_path / format, format=format, signatures=DEFAULT)
        scorer = load(tmp_path / format)
        for x in (images[:7] + 0.1, images[:1]):
            outputs = scorer(x)
            np.testing.assert_allclose(outputs["score"], model.score(x), rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(outputs["is_anomaly"], model.is_anomaly(x))


OTHER_BACKEND = """
import sys, numpy as np, kerasocc as kocc
from kerasocc.losses import nearest_neighbors
nearest_neighbors.nearest_distances.__kwdefaults__["rows_per_block"] = 16
rows = np.load(sys.argv[1])
expected = np.load(sys.argv[2])
model = kocc.NearestNeighbors(max_samples=40, standardize=True, seed=5)
model.fit(rows, validation_data=(rows, np.arange(70) % 2), verbose=0)
np.testing.assert_allclose(model.score(rows + 0.1), expected, rtol=1e-4)
np.testing.assert_allclose(kocc.load_model(sys.argv[3]).score(rows + 0.1), expected, rtol=1e-4)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(rows, tmp_path, backend):
    model = fitted(rows, max_samples=40, standardize=True, seed=5)
    paths = [tmp_path / name for name in ("x.npy", "scores.npy", "model.keras")]
    np.save(paths[0], rows)
    np.save(paths[1], model.score(rows + 0.1))
    model.save(paths[2])
    run_on(backend, OTHER_BACKEND, *paths)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(k=0), "`k` must be an integer of at least 1. Received: k=0"),
        (dict(k=7, max_samples=7), "`max_samples` must be an integer of at least 8"),
        (dict(coreset="best"), "`coreset` must be one of"),
        (dict(encoder=3), "`encoder` must be a Keras model"),
    ],
)
def test_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        kocc.NearestNeighbors(**options)


def test_what_it_does_not_do(rows):
    model = kocc.NearestNeighbors(k=5)
    with pytest.raises(ValueError, match="more than k=5 samples.*Received: 5 samples"):
        model.fit(rows[:5], verbose=0)
    with pytest.raises(ValueError, match="not fitted"):
        model.score(rows)
    with pytest.raises(ValueError, match="labelled anomalies .*Received: 1 of them"):
        model.fit(rows, np.arange(70) // 69 * -1, verbose=0)
    with pytest.raises(ValueError, match="must not hold `LatentLabels`"):
        model.fit(rows, verbose=0, callbacks=[kocc.callbacks.LatentLabels(mode="refine")])
    with pytest.raises(ValueError, match="no training steps"):
        model.train_on_batch(rows)
    model.fit(rows, verbose=0)
    with pytest.raises(ValueError, match="last `fit`.*Received: 10 samples"):
        model.training_scores(rows[:10])
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        model.score(rows[:, :3])


def test_principal_components_by_hand():
    # All variance lies along (1, 1), but for a hundredth across.
    along = np.float32([-3, -1, 0, 1, 3])
    x = np.stack([along + 0.1, along - 0.1], axis=1).astype("float32")
    x[2] = 0.0
    model = kocc.NearestNeighbors(k=1, components=1, seed=0)
    model.fit(x, verbose=0)
    np.testing.assert_allclose(np.abs(np.array(model.projection)), 0.5**0.5, atol=0.02)
    # What is across the direction does not count: (5, -5) has the projection of 0.
    found = model.score(np.float32([[5, -5], [4, 4]]))
    np.testing.assert_allclose(found, [0.0, 2**0.5], atol=0.2)


@pytest.mark.parametrize(("components", "expected"), [(0.5, 1), (0.97, 2), (2, 2), (1.0, 1)])
def test_components_hold_a_share_of_the_variance(components, expected, random, tmp_path):
    x = (random.normal(size=(400, 4)) * [3, 2, 0.3, 0.1]).astype("float32")
    model = fitted(x, components=components, seed=0)
    assert model.projection.shape == (4, expected)
    np.testing.assert_allclose(
        np.array(model.projection).T @ np.array(model.projection), np.eye(expected), atol=1e-5
    )
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        kocc.load_model(tmp_path / "model.keras").score(x), model.score(x)
    )


def test_all_components_change_nothing(random):
    x = random.normal(size=(60, 3)).astype("float32")
    new = random.normal(size=(9, 3)).astype("float32")
    for options in ({}, dict(standardize=True)):
        whole = fitted(x, components=3, seed=0, **options)
        np.testing.assert_allclose(whole.score(new), fitted(x, **options).score(new), rtol=1e-5)


@pytest.mark.parametrize("components", [0, -1, 1.5, True, "all", float("nan")])
def test_components_that_mean_nothing_are_refused(components):
    with pytest.raises(ValueError, match="`components` must be a whole number from 1 on, or a sh"):
        kocc.NearestNeighbors(components=components)
