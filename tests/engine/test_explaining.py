"""`model.explain`: exact where a score is known by hand, and of the right shape for every model."""

import json

import keras
import numpy as np
import pandas
import pytest

import kerasocc as kocc
from kerasocc.datasets import Rows
from kerasocc.datasets.preprocessing import standardize
from tests.conformance.registry import build, every_model
from tests.other_backends import run_on

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(40, 3)).astype("float32")
KERNEL = np.array([[1.0], [-2.0], [0.5]], "float32")


def linear_encoder():
    encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    encoder.set_weights([KERNEL])
    return encoder


class LinearModel(kocc.OneClassModel):
    """The score is the embedding itself."""

    def loss_of(self, representation, targets):
        return representation[:, 0]

    def score_of(self, representation):
        return representation[:, 0]


def linear(**options):
    return LinearModel(linear_encoder(), **options)


def test_a_linear_score_is_explained_exactly():
    model = linear()
    expected = ROWS * KERNEL[:, 0]
    np.testing.assert_allclose(model.explain(ROWS), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.explain(ROWS, "occlusion"), expected, rtol=1e-4, atol=1e-5)
    gradients = model.explain(ROWS, "gradients")
    np.testing.assert_allclose(gradients, np.tile(np.abs(KERNEL.T), (40, 1)), rtol=1e-6)


def test_a_baseline_is_compared_with():
    normal = ROWS[:7]
    expected = (ROWS - np.median(normal, axis=0)) * KERNEL[:, 0]
    for method in ("integrated-gradients", "occlusion"):
        found = linear().explain(ROWS, method, baseline=normal)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_score_is_explained_from_the_preprocessing_on():
    scaling = standardize(ROWS * 10 + 5)
    model = linear(preprocessing=scaling)
    raw = ROWS * 10 + 5
    scaled = keras.ops.convert_to_numpy(scaling(raw))
    np.testing.assert_allclose(model.explain(raw), scaled * KERNEL[:, 0], rtol=1e-4, atol=1e-5)


def test_integrated_gradients_add_up(digits):
    model = kocc.DeepSVDD(
        kocc.networks.lenet("digits", seed=0), preprocessing=digits.preprocessing, seed=0
    )
    model.initialize_center(digits.x_train)
    x, normal = digits.x_test[:20], digits.x_train[:50]
    found = model.explain(x, "integrated-gradients", baseline=normal, steps=64)
    prepared = keras.ops.convert_to_numpy(digits.preprocessing(normal))
    at_baseline = model.score_of_prepared(np.median(prepared, axis=0, keepdims=True))
    difference = model.score(x) - float(at_baseline[0])
    assert found.shape == (20, 8, 8, 1)
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), difference, rtol=0.02, atol=0.02)


def test_gradients_are_those_of_finite_differences():
    model = kocc.HypersphereClassifier(kocc.networks.mlp([3, 8, 4], use_bias=True, seed=0))
    found = model.explain(ROWS, "gradients")
    step = 1e-2 * np.eye(3, dtype="float32")
    expected = np.stack([model.score(ROWS + e) - model.score(ROWS - e) for e in step], 1) / 2e-2
    close = np.isclose(found, np.abs(expected), rtol=0.02, atol=1e-3)
    # A few steps cross a corner of a leaky ReLU.
    assert close.mean() > 0.9


def test_the_reconstruction_error_of_every_feature_is_exact(digits):
    for preprocessing in (None, digits.preprocessing):
        model = kocc.Autoencoder(
            kocc.networks.lenet("digits", seed=0),
            kocc.networks.lenet_decoder("digits", seed=0),
            preprocessing=preprocessing,
        )
        found = model.explain(digits.x_test[:20])
        assert found.shape == (20, 8, 8, 1)
        scores = model.score(digits.x_test[:20])
        np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), scores, rtol=1e-5)
    prepared = keras.ops.convert_to_numpy(digits.preprocessing(digits.x_test[:20]))
    expected = (prepared - model.reconstruct(digits.x_test[:20])) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_channels_are_added_up():
    x = RANDOM.uniform(size=(3, 16, 16, 3)).astype("float32")
    encoder = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    encoder.add(keras.layers.Dense(1, use_bias=False))
    model = LinearModel(encoder)
    kernel = np.array(encoder.get_weights()[0]).reshape(16, 16, 3)
    found = model.explain(x, "gradients")
    np.testing.assert_allclose(
        found, np.tile(np.abs(kernel).sum(-1)[None, ..., None], (3, 1, 1, 1)), rtol=1e-4
    )
    own_mean = x.mean(axis=(1, 2), keepdims=True)
    expected = ((x - own_mean) * kernel).sum(-1, keepdims=True)
    np.testing.assert_allclose(model.explain(x), expected, rtol=1e-3, atol=1e-5)
    single = model.explain(x, "occlusion", window=1, stride=1)
    np.testing.assert_allclose(single, expected, rtol=1e-3, atol=1e-4)
    assert model.explain(x, "occlusion").shape == (3, 16, 16, 1)


def table():
    frame = pandas.DataFrame(
        {"city": ["Bonn", "Kiel", "Ulm", "Ulm"] * 10, "size": ROWS[:, 0], "age": ROWS[:, 1]}
    )
    features = kocc.datasets.TableFeatures(scaling="standard")
    features.adapt(frame)
    return frame, features


@pytest.mark.parametrize("method", ["integrated-gradients", "gradients", "occlusion"])
def test_features_are_added_up_to_columns(method):
    frame, features = table()
    assert [name.split("=")[0] for name in features.encoded_names] == ["city"] * 4 + ["size", "age"]
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, use_bias=False)])
    weights = np.array([1.0, 2.0, -1.0, 0.5, 3.0, 0.0], "float32")
    encoder.set_weights([weights[:, None]])
    model = LinearModel(encoder, preprocessing=features)
    found = model.explain(frame[["age", "city", "size"]], method)
    scaled = keras.ops.convert_to_numpy(features(features.encode(frame)))
    each = np.abs(np.tile(weights, (40, 1))) if method == "gradients" else scaled * weights
    expected = np.stack([each[:, :4].sum(1), each[:, 4], each[:, 5]], axis=1)
    assert found.shape == (40, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_batches_and_sources_do_not_matter(tmp_path):
    import tensorflow as tf

    model = kocc.HypersphereClassifier(kocc.networks.mlp([3, 8, 4], seed=0))
    np.save(tmp_path / "x.npy", ROWS)
    mapped = Rows(np.load(tmp_path / "x.npy", mmap_mode="r"))
    for method in model.explanation_methods:
        whole = model.explain(ROWS, method)
        for x, size in ((ROWS, 7), (mapped, None), (tf.data.Dataset.from_tensors(ROWS), 9)):
            np.testing.assert_allclose(
                model.explain(x, method, batch_size=size), whole, rtol=1e-4, atol=1e-5
            )


def test_explaining_leaves_the_score_alone():
    model = linear(preprocessing=standardize(ROWS + 3.0))
    before = model.score(ROWS)
    model.explain(ROWS)
    np.testing.assert_array_equal(model.score(ROWS), before)
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), before)


@every_model
def test_every_model_is_explained(case, digits):
    model = build(case, digits, run_eagerly=True)
    model.fit(digits.x_train[:64], batch_size=32, epochs=1, verbose=0)
    x = digits.x_test[:3]
    for method in model.explanation_methods:
        found = model.explain(x, method, steps=2, window=4)
        assert found.shape == (3, 8, 8, 1) and found.dtype == np.float32
        assert np.isfinite(found).all()
        # The score of an ensemble may be a rank.
        assert found.std() > 0 or (case.name == "ensemble" and method != "occlusion")


def test_ensembles_of_rows_need_a_baseline():
    members = [kocc.HypersphereClassifier(kocc.networks.mlp([3, 4], seed=s)) for s in (0, 1)]
    model = kocc.Ensemble(members)
    model.standardize(ROWS)
    assert model.explain(ROWS, baseline=ROWS).shape == (40, 3)
    with pytest.raises(ValueError, match="`baseline` must be given to explain an ensemble"):
        model.explain(ROWS)


BAD = {
    "method": (dict(method="saliency"), "`method` must be one of"),
    "another model's method": (dict(method="reconstruction"), "`method` must be one of"),
    "steps": (dict(steps=0), "`steps` must be an integer of at least 1"),
    "batch size": (dict(batch_size=0), "`batch_size` must be an integer of at least 1"),
    "window": (dict(window=9), "`window` must be at most the shorter side of the images, 8"),
    "stride": (dict(window=2, stride=3), "`stride` must be at most `window`, 2"),
    "baseline": (dict(baseline=np.zeros((2, 7, 8, 1))), "`baseline` must hold samples of shape"),
    "empty baseline": (dict(baseline=np.zeros((0, 8, 8, 1))), "`baseline` must hold at least one"),
    "samples": (dict(x=np.zeros((2, 7, 8, 1))), "`x` must hold samples of shape"),
}


@pytest.mark.parametrize("bad", BAD)
def test_errors(bad, digits):
    options, message = BAD[bad]
    model = kocc.HypersphereClassifier(kocc.networks.lenet("digits", use_bias=True))
    with pytest.raises(ValueError, match=message):
        model.explain(**{"x": digits.x_test[:2], **options})


def test_an_unfitted_model_is_not_explained(digits):
    model = kocc.DeepSVDD(kocc.networks.lenet("digits"))
    with pytest.raises(ValueError, match="is not fitted yet"):
        model.explain(digits.x_test)


ON_ANOTHER_BACKEND = """
import json, sys, keras, numpy as np, kerasocc as kocc
model = kocc.load_model(sys.argv[1])
x = np.load(sys.argv[2])
print(json.dumps({m: model.explain(x, m, steps=4).tolist() for m in model.explanation_methods}))
history = model.fit(x, outliers=255 - x, batch_size=6, epochs=2, verbose=0).history["loss"]
assert np.isfinite(history).all() and history[0] != history[1]
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_explain_alike(backend, tmp_path):
    x = RANDOM.uniform(0, 255, size=(6, 8, 8, 1)).astype("float32")
    model = kocc.FCDD(kocc.networks.fcdd("digits", seed=0), seed=0)
    model.compile(optimizer="adam")
    paths = [str(tmp_path / "model.keras"), str(tmp_path / "x.npy")]
    model.save(paths[0])
    np.save(paths[1], x)
    found = json.loads(run_on(backend, ON_ANOTHER_BACKEND, *paths))
    assert set(found) == {"heat-map", "integrated-gradients", "gradients", "occlusion"}
    for method, values in found.items():
        expected = model.explain(x, method, steps=4)
        np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-6)
        assert expected.std() > 0
