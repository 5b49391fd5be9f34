"""Nearest neighbours in many random subsets: by hand, hidden anomalies, files, backends."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.losses import nearest_neighbors
from kerasocc.models import neighbor_memory
from tests.models.neighbors import fitted
from tests.other_backends import run_on

OPTIONS = dict(k=2, max_samples=7, subsets=5, seed=3)


@pytest.fixture
def rows(random):
    return random.normal(size=(70, 4)).astype("float32")


@pytest.mark.parametrize(("k", "expected"), [(1, [1.5, 0.5]), (2, [3.25, 3.75])])
def test_by_hand(k, expected):
    # Two sets, {0, 4} and {1, 10}: they are 3 and 1, 2 and 7 away from 3; 0 and 4, 1 and 10 from 0.
    memory = np.float32([[0], [4], [1], [10]])
    found = nearest_neighbors.mean_distances(np.float32([[3], [0]]), memory, k, 2)
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-6)


def distances(x, memory):
    return np.sort(np.linalg.norm(x[:, None].astype("float64") - memory, axis=-1), axis=1)


@pytest.mark.parametrize("standardize", [False, True])
def test_the_mean_over_subsets(rows, standardize):
    model = fitted(rows, standardize=standardize, **OPTIONS)
    assert model.memory.shape == (35, 4)
    scaled = rows / np.array(model.deviation)
    np.testing.assert_allclose(np.array(model.memory), scaled[model.positions], rtol=1e-5)
    subsets = model.positions.reshape(5, 7)
    assert all(len(set(subset)) == 7 for subset in subsets.tolist())
    assert len({tuple(subset) for subset in subsets.tolist()}) == 5
    x = rows[:20] + 0.3
    found = [distances(x / np.array(model.deviation), scaled[s])[:, :2].mean(1) for s in subsets]
    np.testing.assert_allclose(model.score(x), np.mean(found, axis=0), rtol=1e-5)


def test_a_training_sample_is_none_of_its_neighbours(rows):
    model = fitted(rows, **OPTIONS)
    expected = np.zeros(70)
    for subset in model.positions.reshape(5, 7):
        for sample in range(70):
            others = rows[[s for s in subset if s != sample]]
            expected[sample] += distances(rows[[sample]], others)[0, :2].mean() / 5
    np.testing.assert_allclose(model.training_scores(rows), expected, rtol=1e-5)
    stored = np.unique(model.positions)
    loss = [distances(rows[s], rows[s])[:, 1:3].mean() for s in model.positions.reshape(5, 7)]
    assert model.history.history["loss"] == pytest.approx([np.mean(loss)])
    assert (model.score(rows)[stored] < expected[stored]).all()


def test_copies_are_neighbours_of_each_other():
    near = neighbor_memory.own_distances(np.zeros((6, 2)), 1, 2)
    np.testing.assert_array_equal(near, np.zeros((6, 1)))


def test_subsets_that_share_no_sample_keep_their_order(random):
    x = random.normal(size=(500, 2)).astype("float32")
    model = fitted(x, k=1, subsets=2, max_samples=3, seed=0)
    assert len(set(model.positions)) == 6 and (np.diff(model.positions) < 0).any()
    np.testing.assert_array_equal(np.array(model.memory), x[model.positions])


@pytest.mark.parametrize(("k", "size"), [(1, 8), (3, 24)])
def test_a_subset_has_eight_samples_for_every_neighbour(random, k, size):
    x = random.normal(size=(100, 2)).astype("float32")
    model = fitted(x, k=k, subsets=5, seed=0)
    assert model.memory.shape == (5 * size, 2)
    assert model.get_config()["max_samples"] == size
    assert kocc.NearestNeighbors(k=k).get_config()["max_samples"] == 10_000


def test_few_samples_are_one_set(rows):
    one = fitted(rows, k=3, seed=0)
    same = fitted(rows, k=3, seed=0, subsets=50, max_samples=70)
    np.testing.assert_array_equal(one.score(rows + 0.1), same.score(rows + 0.1))
    np.testing.assert_array_equal(one.training_scores(rows), same.training_scores(rows))


def test_it_finds_anomalies_that_are_alike(random):
    normal = random.normal(size=(600, 3))
    hidden = random.normal([4, 4, 4], 0.01, size=(30, 3))
    x = np.concatenate([normal[:300], hidden[:15]]).astype("float32")
    new, labels = (
        np.concatenate([normal[300:], hidden[15:]]).astype("float32"),
        np.arange(315) > 299,
    )
    # To each other they are nearer than normal samples are.
    assert roc_auc_score(labels, fitted(x, k=5).score(new)) < 0.1
    model = fitted(x, k=1, subsets=100, seed=0)
    assert roc_auc_score(labels, model.score(new)) > 0.98
    assert roc_auc_score(np.arange(315) > 299, model.training_scores(x)) > 0.98


def test_the_seed_draws_the_subsets(rows):
    one, same = fitted(rows, **OPTIONS), fitted(rows, **OPTIONS)
    np.testing.assert_array_equal(one.positions, same.positions)
    assert fitted(rows, **{**OPTIONS, "seed": 4}).positions.tolist() != one.positions.tolist()


def test_datasets_and_files_store_the_same(rows, tmp_path):
    import tensorflow as tf

    expected = np.array(fitted(rows, **OPTIONS).memory)
    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(16)
    np.testing.assert_array_equal(np.array(fitted(dataset, **OPTIONS).memory), expected)
    np.save(tmp_path / "rows.npy", rows)
    lazy = kocc.datasets.Rows(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    np.testing.assert_array_equal(np.array(fitted(lazy, **OPTIONS).memory), expected)


@pytest.mark.parametrize("samples", [70, 6])
def test_saved_models_score_the_same(rows, samples, tmp_path):
    x = rows[:samples]
    model = fitted(x, standardize=True, **OPTIONS)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))
    np.testing.assert_array_equal(loaded.training_scores(x), model.training_scores(x))
    model.save_weights(tmp_path / "model.weights.h5")
    fresh = kocc.NearestNeighbors(standardize=True, **OPTIONS)
    fresh.build_by_call((None, 4))
    fresh.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(fresh.score(rows), model.score(rows))


OTHER_BACKEND = """
import sys, numpy as np, kerasocc as kocc
rows, expected, own = (np.load(path) for path in sys.argv[1:4])
model = kocc.NearestNeighbors(k=2, max_samples=7, subsets=5, seed=3)
model.fit(rows, verbose=0)
for found in (model, kocc.load_model(sys.argv[4])):
    np.testing.assert_allclose(found.score(rows + 0.1), expected, rtol=1e-4)
    np.testing.assert_allclose(found.training_scores(rows), own, rtol=1e-4)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(rows, tmp_path, backend):
    model = fitted(rows, **OPTIONS)
    paths = [tmp_path / name for name in ("x.npy", "scores.npy", "own.npy", "model.keras")]
    for path, values in zip(
        paths, (rows, model.score(rows + 0.1), model.training_scores(rows)), strict=False
    ):
        np.save(path, values)
    model.save(paths[3])
    run_on(backend, OTHER_BACKEND, *paths)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(subsets=0), "`subsets` must be an integer of at least 1. Received: subsets=0"),
        (dict(subsets=3, max_samples="all"), "`max_samples` must be an integer of at least 6"),
        (dict(subsets=3, max_samples=None), "`subsets` must be None without `max_samples`"),
        (dict(subsets=3, coreset="greedy"), "Received: subsets=3, .*, coreset='greedy'"),
    ],
)
def test_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        kocc.NearestNeighbors(**options)
