"""Models of columns that float32 does not tell apart: every way to the scores gives the same."""

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

import kerasocc as kocc

START = 1_700_000_000
"""A multiple of 128: float32 has it, and no other number from 64 less to 64 more."""
RANDOM = np.random.default_rng(0)
BAD = np.arange(300) % 5 == 4
# Normal rows and anomalies are 30 to 100 seconds apart; both are START as float32.
X = np.stack(
    [START + np.where(BAD, -50.0, 20.0) + RANDOM.uniform(0, 20, 300), RANDOM.normal(size=300)],
    axis=1,
)
Y = BAD.astype("int64")


@pytest.fixture(scope="module")
def data():
    return kocc.datasets.tabular((X, Y), validation=0.2)


def fitted(data, make=None, **options):
    encoder = kocc.networks.mlp([2, 8, 4], seed=0)
    make = make or kocc.DeepSVDD
    model = make(encoder, preprocessing=data.preprocessing, seed=0, **options)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    model.fit(data.x_train, epochs=20, batch_size=32, verbose=0)
    return model


def autoencoder(encoder, **options):
    return kocc.Autoencoder(encoder, kocc.networks.mlp_decoder([2, 8, 4], seed=0), **options)


def robust(encoder, **options):
    return kocc.RobustAutoencoder(encoder, kocc.networks.mlp_decoder([2, 8, 4], seed=0), **options)


@pytest.fixture(scope="module")
def model(data):
    return fitted(data, autoencoder)


def auc(model, x, y):
    return model.evaluate(x, y, return_dict=True)["auc"]


def test_the_rows_cannot_be_told_apart_in_float32(data):
    assert len(set(X[:, 0].astype("float32"))) == 1 and data.x_train.dtype == "float64"


@pytest.mark.parametrize("make", [autoencoder, kocc.OCNN, robust], ids=["ae", "oc-nn", "rae"])
def test_training(make, data):
    model = fitted(data, make)
    assert model.sample_dtype == "float64"
    scores = model.score(data.x_test)
    assert np.ptp(scores) > 0
    # Rows as the first ones but for the seconds: only these can make the difference.
    x = np.stack([data.x_test[:, 0], np.zeros(len(data.x_test))], axis=1)
    assert len(set(model.score(x))) > 20
    assert len(set(model.score(x.astype("float32")))) == 1
    if make is robust:
        assert model.denoise(x).shape == x.shape


def test_detection(data, model):
    assert auc(model, data.x_test, data.y_test) > 0.99
    nearest = kocc.NearestNeighbors(preprocessing=data.preprocessing)
    nearest.fit(data.x_train)
    assert auc(nearest, data.x_test, data.y_test) > 0.99


def test_all_ways_give_the_same_scores(data, model, tmp_path):
    x, expected = data.x_test, model.score(data.x_test)
    same = dict(rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, **same)
    np.testing.assert_allclose(model(x), expected, **same)
    np.testing.assert_allclose(model.score(tf.constant(x)), expected, **same)
    np.testing.assert_allclose(model.score(kocc.datasets.Rows(x)), expected, **same)
    dataset = tf.data.Dataset.from_tensor_slices(x).batch(7)
    np.testing.assert_allclose(model.score(dataset), expected, **same)
    np.testing.assert_allclose(
        [model.score(x[i : i + 1])[0] for i in range(5)], expected[:5], **same
    )
    model.save(tmp_path / "m.keras")
    loaded = kocc.load_model(tmp_path / "m.keras")
    assert loaded.sample_dtype == "float64"
    np.testing.assert_array_equal(loaded.score(x), expected)


def test_training_from_disk_and_from_a_dataset(data):
    for make_source in (
        kocc.datasets.Rows,
        lambda x: tf.data.Dataset.from_tensor_slices(x).batch(32),
    ):
        model = autoencoder(
            kocc.networks.mlp([2, 8, 4], seed=0), preprocessing=data.preprocessing, seed=0
        )
        model.compile(optimizer=keras.optimizers.Adam(1e-2))
        model.fit(make_source(data.x_train), epochs=20, batch_size=32, verbose=0)
        assert auc(model, data.x_test, data.y_test) > 0.99


def test_an_ensemble_with_a_member_of_float32(data, model, tmp_path):
    narrow = autoencoder(kocc.networks.mlp([2, 8, 4], seed=1), seed=1)
    narrow.compile(optimizer="adam")
    narrow.fit(np.float32(data.x_train[:, :] * [0, 1]), verbose=0)
    ensemble = kocc.Ensemble([narrow, model])
    ensemble.standardize(data.x_train * [1, 1])
    assert ensemble.sample_dtype == "float64"
    parts = ensemble.member_scores(data.x_test)
    assert parts.shape == (len(data.x_test), 2)
    ensemble.save(tmp_path / "e.keras")
    loaded = kocc.load_model(tmp_path / "e.keras")
    np.testing.assert_allclose(loaded.score(data.x_test), ensemble.score(data.x_test), rtol=1e-5)


def test_values_beyond_float32_are_infinite(model):
    x = X[:3].copy()
    x[1, 1] = 1e300
    with pytest.raises(ValueError, match="NaN or infinity in 1 of 3 samples, the first at index 1"):
        model.score(x)


def test_exports_take_float64(data, model, tmp_path):
    x, expected = data.x_test, model.score(data.x_test)
    kocc.export(model, tmp_path / "saved", signatures=["serving_default"])
    scorer = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"]
    np.testing.assert_allclose(scorer(inputs=tf.constant(x))["score"], expected, rtol=1e-4)
    kocc.export(model, tmp_path / "m.onnx", format="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    np.testing.assert_allclose(session.run(["score"], {"inputs": x})[0], expected, rtol=1e-4)
    with pytest.raises(ValueError, match="LiteRT has no arithmetic in float64"):
        kocc.export(model, tmp_path / "m.tflite", format="litert")
    assert not (tmp_path / "m.tflite").exists()


def test_mixed_precision(data):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = fitted(data, autoencoder)
    finally:
        keras.config.set_dtype_policy("float32")
    assert auc(mixed, data.x_test, data.y_test) > 0.99
