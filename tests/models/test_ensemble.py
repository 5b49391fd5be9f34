"""Ensembles: scales and scores by hand, training, held-out scores, files, exports, backends."""

import importlib.util

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.engine.calibration import conformal_calibration
from kerasocc.models.score_scales import SCALES
from tests.conformance.test_export import DEFAULT, litert_scorer, onnx_scorer, saved_model_scorer
from tests.other_backends import run_on


@keras.saving.register_keras_serializable(package="tests")
class Column(kocc.OneClassModel):
    """Its score is a column of the samples plus a number."""

    def __init__(self, encoder, *, column=0, plus=0.0, **options):
        super().__init__(encoder, **options)
        self.column, self.plus = column, plus
        self.build_from_encoder()

    def represent(self, x, training=False):
        return self.embedding(x)[:, self.column] + self.plus

    def loss_of(self, representation, targets):
        return representation

    def score_of(self, representation):
        return representation

    def get_config(self):
        return {**super().get_config(), "column": self.column, "plus": self.plus}


def identity(columns=2):
    return keras.Sequential([keras.Input((columns,)), keras.layers.Identity()])


def columns(*plus, **options):
    members = [Column(identity(), column=i, plus=p) for i, p in enumerate(plus)]
    return kocc.Ensemble(members, **options)


def networks(count=2, *, width=6, preprocessing=None):
    encoders = [kocc.networks.mlp([4, width, 3], seed=seed) for seed in range(count)]
    options = dict(preprocessing=preprocessing)
    return [kocc.DeepSVDD(e, seed=seed, **options) for seed, e in enumerate(encoders)]


@pytest.fixture
def rows(random):
    return random.normal(size=(60, 4)).astype("float32")


REFERENCE = np.array([[1, 10], [2, 20], [4, 30], [8, 40], [16, 50]], "float32")


def test_log_median_by_hand():
    # The logarithms to base 2 are 0 to 4: median 2, quartiles 1 and 3.
    model = columns(0.0, -100.0)
    model.standardize(REFERENCE)
    first = np.log2([32, 2]) - 2
    # The second member has negative scores: median -70, quartiles -80 and -60.
    second = np.array([100.0 - 30.0, 25.0 - 30.0]) / 20
    expected = np.stack([first, second * 2], axis=1) * 1.349 / 2
    x = np.array([[32, 100], [2, 25]], "float32")
    np.testing.assert_allclose(model.member_scores(x), expected, rtol=1e-5)
    np.testing.assert_allclose(model.score(x), expected.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(model.disagreement(x), expected.std(axis=1), rtol=1e-5)
    np.testing.assert_allclose(model.member_scores(x, standardized=False), x - [0, 100])
    np.testing.assert_allclose(model.embed(x), np.concatenate([x, x], axis=1))


def test_rank_and_tail_by_hand():
    x = np.array([[3, 30], [99, 0]], "float32")
    rank, tail = (columns(0.0, -100.0, standardization=name) for name in ("rank", "tail"))
    for model in (rank, tail):
        model.standardize(REFERENCE)
    # 3 is in the middle of the second and the third of five, 1/4 and 2/4 of the way.
    share = np.array([[0.375, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(rank.member_scores(x), share, rtol=1e-5)
    np.testing.assert_allclose(tail.member_scores(x), -np.log((6 - 5 * share) / 6), rtol=1e-5)


@pytest.mark.parametrize("name", SCALES)
def test_equal_and_few_scores_have_a_scale(name):
    for reference in ([3.0, 3.0, 3.0], [0.0, 0.0, 0.0], [5.0], [0.0, 0.0, 0.0, 0.0, 7.0]):
        scale = SCALES[name](1)
        scale.adapt([np.float32(reference)])
        scores = np.float32([[0.0], [3.0], [8.0], [9.0]])
        found = keras.ops.convert_to_numpy(scale(scores))[:, 0]
        assert np.isfinite(found).all() and (np.diff(found) >= 0).all() and found[3] > found[0]


@pytest.mark.parametrize("name", SCALES)
def test_the_order_of_one_member_is_kept(name, random):
    scale, scores = SCALES[name](1), random.exponential(size=500).astype("float32")
    scale.adapt([scores])
    found = keras.ops.convert_to_numpy(scale(scores[:, None]))[:, 0]
    assert (np.diff(found[np.argsort(scores)]) >= 0).all()
    if name != "log-median":
        share = np.argsort(np.argsort(scores)) / 499
        expected = share if name == "rank" else -np.log((501 - 500 * share) / 501)
        np.testing.assert_allclose(found, expected, atol=0.3 if name == "tail" else 0.005)


def test_fit_trains_the_members_as_alone(rows):
    model, alone = kocc.Ensemble(networks()), networks()
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(rows, epochs=3, batch_size=16, verbose=0).history
    for number, member in enumerate(alone):
        member.compile(keras.optimizers.Adam(1e-2))
        losses = member.fit(rows, epochs=3, batch_size=16, verbose=0).history["loss"]
        np.testing.assert_array_equal(history[f"member_{number}_loss"], losses)
        np.testing.assert_array_equal(
            model.member_scores(rows, standardized=False)[:, number], member.score(rows)
        )
    scores = model.member_scores(rows)
    np.testing.assert_allclose(np.median(scores, axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(scores.mean(axis=1), model.score(rows), rtol=1e-5, atol=1e-6)
    assert model.members[0].optimizer is not model.members[1].optimizer


def test_neighbours_do_not_count_themselves(rows):
    model = kocc.Ensemble([kocc.NearestNeighbors(k=2)])
    model.fit(rows, verbose=0)
    logarithms = np.log(model.members[0].training_scores(rows))
    assert float(model.scale.location[0]) == pytest.approx(np.median(logarithms), rel=1e-5)
    assert model.score(rows).mean() < -0.5


def test_training_scores_with_labelled_anomalies(rows):
    y = np.zeros(len(rows), int)
    y[::5] = -1
    encoder = kocc.networks.mlp([rows.shape[1], 8, 2], seed=0)
    members = [kocc.DeepSAD(encoder, seed=0), kocc.NearestNeighbors(k=2)]
    model = kocc.Ensemble(members)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(rows, y, epochs=1, batch_size=16, verbose=0)
    # Labelled anomalies are new to the neighbours, which store the other samples.
    neighbors = np.empty(len(rows), "float32")
    neighbors[y == 0] = members[1].training_scores(rows[y == 0])
    neighbors[y == -1] = members[1].score(rows[y == -1])
    raw = np.stack([members[0].score(rows), neighbors], axis=1)
    expected = np.asarray(model.scale(raw)).mean(axis=1)
    found = model.training_scores(rows, y)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert (found[y == 0] > model.score(rows)[y == 0]).all()
    with pytest.raises(ValueError, match="needs the samples of the last `fit`"):
        model.training_scores(rows[:9], y[:9])


@pytest.mark.slow
def test_it_finds_anomalies(digits):
    def encoder(seed):
        return kocc.networks.lenet("digits", seed=seed)

    options = dict(preprocessing=digits.preprocessing, seed=0)
    members = [kocc.DeepSVDD(encoder(seed), **options) for seed in range(2)]
    members += [kocc.OCNN(encoder(2), train_encoder=True, **options)]
    model = kocc.Ensemble([*members, kocc.NearestNeighbors(**options)])
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(digits.x_train, epochs=10, batch_size=16, verbose=0)
    assert roc_auc_score(digits.y_test, model.score(digits.x_test)) > 0.97
    assert model.disagreement(digits.x_test).min() > 0
    assert model.embed(digits.x_test[:2]).shape == (2, 3 * 32 + 64)


def test_labelled_anomalies_go_to_the_members_that_use_them(rows):
    labels = np.zeros(60)
    labels[50:] = -1
    sad = kocc.DeepSAD(kocc.networks.mlp([4, 6, 3], seed=0), seed=0)
    neighbors = kocc.NearestNeighbors(k=2)
    model = kocc.Ensemble([sad, neighbors])
    model.compile("adam")
    model.fit(rows, labels, epochs=1, verbose=0)
    assert neighbors.memory.shape == (50, 4)
    assert float(model.scale.location[0]) == pytest.approx(
        np.median(np.log(sad.score(rows[:50]))), rel=1e-5
    )
    with pytest.raises(ValueError, match="labelled anomalies"):
        kocc.Ensemble([kocc.NearestNeighbors()]).fit(rows, labels, verbose=0)


def test_cross_calibration(rows):
    members = [kocc.NearestNeighbors(k=1) for _ in range(4)]
    model = kocc.Ensemble(members)
    model.fit(rows, calibration="cross", folds=2, fpr=0.1, verbose=0)
    even, odd = rows[::2], rows[1::2]
    # Member 0 and 2 are trained without the first fold, the samples at even positions.
    for number, (own, other) in enumerate([(odd, even), (even, odd)] * 2):
        np.testing.assert_array_equal(np.array(members[number].memory), own)
        distance = np.sqrt(((other[:, None] - own) ** 2).sum(-1)).min(axis=1)
        assert float(model.scale.location[number]) == pytest.approx(
            np.median(np.log(distance)), rel=1e-4
        )
    held_out = np.empty(60)
    held_out[::2] = model.member_scores(even)[:, [0, 2]].mean(axis=1)
    held_out[1::2] = model.member_scores(odd)[:, [1, 3]].mean(axis=1)
    np.testing.assert_allclose(model.held_out_scores, held_out, rtol=1e-6)
    assert (
        float(model.threshold.numpy())
        == conformal_calibration(model.held_out_scores, 0.1).threshold
    )


def test_cross_calibration_leaves_labelled_anomalies_out(rows):
    labels = np.zeros(60)
    labels[3] = -1
    encoders = [kocc.networks.mlp([4, 6, 3], seed=seed) for seed in range(2)]
    model = kocc.Ensemble([kocc.DeepSAD(e, seed=0) for e in encoders])
    model.compile("adam")
    model.fit(rows, labels, calibration="cross", folds=2, epochs=1, verbose=0)
    assert np.flatnonzero(np.isnan(model.held_out_scores)).tolist() == [3]


def test_a_shared_preprocessing_stays_one(rows, tmp_path):
    scaling = keras.layers.Normalization()
    scaling.adapt(5 * rows + 3)
    model = kocc.Ensemble(
        [*networks(preprocessing=scaling), kocc.NearestNeighbors(preprocessing=scaling)]
    )
    model.compile("adam")
    model.fit(5 * rows + 3, epochs=1, verbose=0)
    model.calibrate(rows, fpr=0.2)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))
    assert len({id(member.preprocessing) for member in loaded.members}) == 1
    kocc.export(loaded, tmp_path / "exported", signatures=DEFAULT)
    scorer = saved_model_scorer(tmp_path / "exported")
    np.testing.assert_allclose(scorer(rows)["score"], model.score(rows), rtol=1e-5, atol=1e-6)


# The conformance suite has an ensemble, whose scale is the default.
@pytest.mark.slow
@pytest.mark.parametrize("name", SCALES)
def test_files_and_exports(name, digits, tmp_path):
    x = digits.x_train[:40]
    encoders = [kocc.networks.lenet("digits", seed=seed) for seed in range(2)]
    regularizer = kocc.regularizers.NoiseRegularizer(k=5, seed=0)
    model = kocc.Ensemble(
        [
            kocc.DeepSVDD(encoders[0], regularizer=regularizer, seed=0),
            kocc.OCNN(encoders[1], seed=1),
            kocc.NearestNeighbors(k=3),
        ],
        standardization=name,
    )
    model.compile("adam")
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, fpr=0.5)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    test = digits.x_test[:30]
    for method in ("score", "is_anomaly", "embed", "disagreement", "member_scores"):
        np.testing.assert_array_equal(getattr(loaded, method)(test), getattr(model, method)(test))
    scorers = {"tf_saved_model": saved_model_scorer, "litert": litert_scorer}
    if importlib.util.find_spec("tf2onnx") and importlib.util.find_spec("onnxruntime"):
        scorers["onnx"] = onnx_scorer
    for format, load in scorers.items():
        kocc.export(loaded, tmp_path / format, format=format, signatures=DEFAULT)
        outputs = load(tmp_path / format)(test)
        np.testing.assert_allclose(outputs["score"], model.score(test), rtol=1e-4, atol=1e-4)
    # One of the members again, and the ensemble must notice.
    model.members[2].fit(digits.x_test[:20], verbose=0)
    model.standardize(x)
    assert not np.allclose(model.score(test), loaded.score(test), rtol=1e-3)


@pytest.mark.slow
def test_it_trains_on_after_loading(rows, tmp_path):
    model = kocc.Ensemble(networks())
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(rows, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        one.fit(rows, epochs=2, initial_epoch=1, verbose=0)
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))


def test_weights_files(rows, tmp_path):
    def make():
        return kocc.Ensemble([*networks(), kocc.NearestNeighbors(k=2)])

    model, other = make(), make()
    for one, x in ((model, rows), (other, rows[:30] + 1)):
        one.compile("adam")
        one.fit(x, epochs=1, verbose=0)
        one.score(rows)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.score(rows), model.score(rows))


OTHER_BACKEND = """
import sys, keras, numpy as np, kerasocc as kocc
rows = np.load(sys.argv[1])
model = kocc.load_model(sys.argv[3])
np.testing.assert_allclose(model.score(rows), np.load(sys.argv[2]), rtol=1e-4, atol=1e-5)
encoders = [kocc.networks.mlp([4, 6, 3], seed=seed) for seed in range(2)]
members = [kocc.DeepSVDD(e, seed=s) for s, e in enumerate(encoders)]
model = kocc.Ensemble([*members, kocc.NearestNeighbors()])
model.compile(keras.optimizers.Adam(1e-2))
history = model.fit(rows, epochs=3, verbose=0).history
assert history["member_1_loss"][-1] < history["member_1_loss"][0]
assert abs(np.median(model.member_scores(rows)[:, 0])) < 1e-4
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(rows, tmp_path, backend):
    model = kocc.Ensemble([*networks(), kocc.NearestNeighbors(k=2)])
    model.compile("adam")
    model.fit(rows, epochs=1, verbose=0)
    paths = [tmp_path / name for name in ("x.npy", "scores.npy", "model.keras")]
    np.save(paths[0], rows)
    np.save(paths[1], model.score(rows))
    model.save(paths[2])
    run_on(backend, OTHER_BACKEND, *paths)


def test_arguments(rows):
    one, two = networks()
    with pytest.raises(ValueError, match="`members` must be a list.*Received: an empty list"):
        kocc.Ensemble([])
    with pytest.raises(ValueError, match=r"`members` must be .*Received: \['Sequential'\]"):
        kocc.Ensemble([one, identity()])
    with pytest.raises(ValueError, match="must be different models"):
        kocc.Ensemble([one, one])
    with pytest.raises(ValueError, match=r"one shape.*\(4,\), \(2,\)"):
        kocc.Ensemble([one, Column(identity())])
    with pytest.raises(ValueError, match="`standardization` must be one of"):
        kocc.Ensemble([one], standardization="mean")
    model = kocc.Ensemble([one, two])
    with pytest.raises(ValueError, match="not fitted"):
        model.score(rows)
    with pytest.raises(ValueError, match="not fitted"):
        model.standardize(rows)
    with pytest.raises(ValueError, match="`callbacks` must be left out"):
        model.fit(rows, callbacks=[keras.callbacks.History()])
    with pytest.raises(ValueError, match="Call `compile"):
        model.fit(rows, verbose=0)
    model.compile("adam")
    with pytest.raises(ValueError, match="`calibration` must be one of"):
        model.fit(rows, calibration="split", verbose=0)
    with pytest.raises(ValueError, match="folds=5, 2 members"):
        model.fit(rows, calibration="cross", verbose=0)
    with pytest.raises(ValueError, match="`folds` must be an integer of at least 2"):
        model.fit(rows, calibration="cross", folds=1, verbose=0)
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(20)
    with pytest.raises(ValueError, match="needs arrays. Received: a dataset"):
        model.fit(dataset, calibration="cross", folds=2, verbose=0)
    with pytest.raises(ValueError, match="must come to an end"):
        model.fit(dataset.repeat(), steps_per_epoch=2, verbose=0)
