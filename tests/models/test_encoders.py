"""Encoders of every kind: right, or refused in one line."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasocc as kocc


@pytest.fixture
def x(random):
    return random.normal(size=(64, 10)).astype("float32")


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """A network that does not tell the shape of its outputs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(8, use_bias=False)
        self.outer = layers.Dense(4, use_bias=False)

    def call(self, x):
        return self.outer(keras.ops.relu(self.hidden(x)))


class DictOutputs(Subclassed):
    def call(self, x):
        return {"embedding": super().call(x)}


def fitted(model, x):
    model.compile(run_eagerly=True)
    model.fit(x, epochs=1, verbose=0)
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda e: kocc.DeepSVDD(e, seed=0),
        lambda e: kocc.OCNN(e, seed=0),
        lambda e: kocc.NeuTraLAD(e, seed=0),
        lambda e: kocc.NearestNeighbors(e, k=3),
        lambda e: kocc.Autoencoder(e, kocc.networks.mlp_decoder([10, 4], seed=0), seed=0),
    ],
    ids=["DeepSVDD", "OCNN", "NeuTraLAD", "NearestNeighbors", "Autoencoder"],
)
# The encoder has no seed, so that OC-NN may warn.
@pytest.mark.filterwarnings("ignore:The embeddings of the training samples")
def test_a_subclass_without_an_output_shape(make, x, tmp_path):
    model = fitted(make(Subclassed()), x)
    scores = model.score(x)
    assert scores.shape == (64,) and scores.std() > 1e-3 * np.abs(scores).mean()
    with pytest.raises(ValueError, match=r"samples of shape \(10,\).*Received: .*\(9,\)"):
        model.score(x[:, 1:])
    path = tmp_path / "model.keras"
    model.save(path)
    np.testing.assert_allclose(kocc.load_model(path).score(x), scores, rtol=1e-5)


def functional(outputs=1, inputs=("a",), as_dict=False):
    tensors = [keras.Input((10,), name=name) for name in inputs]
    joined = tensors[0] if len(tensors) == 1 else layers.Concatenate()(tensors)
    made = [layers.Dense(4, use_bias=False)(joined) for _ in range(outputs)]
    given = dict(zip(inputs, tensors, strict=True)) if as_dict else tensors
    return keras.Model(given, made if outputs > 1 else made[0])


def test_a_list_of_one_input(x):
    assert fitted(kocc.DeepSVDD(functional(), seed=0), x).score(x).shape == (64,)


REFUSED = {
    "two inputs": (lambda: functional(inputs="ab"), "one input tensor.*with 2 inputs"),
    "two in a dict": (lambda: functional(inputs="ab", as_dict=True), "one input tensor.*2 inputs"),
    "one in a dict": (lambda: functional(as_dict=True), "1 inputs in a dict"),
    "two outputs": (lambda: functional(outputs=2), r"single tensor.*\[\(None, 4\), \(None, 4\)\]"),
    "a dict": (DictOutputs, "single tensor.*'embedding'"),
    "a sequence": (
        lambda: keras.Sequential([keras.Input((10,)), layers.Reshape((5, 2))]),
        "end it with `Flatten`",
    ),
    "a function": (lambda: lambda x: x, "must be a Keras model. Received: function"),
}


@pytest.mark.parametrize("make, message", REFUSED.values(), ids=REFUSED)
def test_refused(make, message, x):
    for method in (kocc.DeepSVDD, kocc.OCNN, kocc.NearestNeighbors):
        with pytest.raises(ValueError, match=message) as error:
            fitted(method(make()), x)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("built", [True, False])
def test_resizing_as_preprocessing(built, random, tmp_path):
    images = random.random((40, 12, 12, 1)).astype("float32")
    first = [keras.Input((8, 8, 1))] if built else []
    parts = [layers.Conv2D(4, 3, use_bias=False), layers.Flatten()]
    model = kocc.DeepSVDD(
        keras.Sequential([*first, *parts]), preprocessing=layers.Resizing(8, 8), seed=0
    )
    fitted(model, images)
    scores = model.score(images)
    assert scores.std() > 0
    small = keras.ops.convert_to_numpy(layers.Resizing(8, 8)(images))
    if built:
        np.testing.assert_allclose(model.score(small), scores, rtol=1e-5)
    path = tmp_path / "model.keras"
    model.save(path)
    np.testing.assert_allclose(kocc.load_model(path).score(images), scores, rtol=1e-5)


def test_no_rows(x, tmp_path):
    model = fitted(kocc.DeepSVDD(kocc.networks.mlp([10, 8, 4], seed=0), seed=0), x)
    model.calibrate(x, fpr=0.1)
    with pytest.raises(ValueError, match=r"at least one sample. Received: shape \(0, 10\)"):
        model.score(x[:0])
    with pytest.raises(ValueError, match=r"at least one sample. Received: shape \(0, 10\)"):
        model.predict_on_batch(x[:0])
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    kocc.export(model, tmp_path / "exported", signatures=["serving_default"])
    served = tf.saved_model.load(tmp_path / "exported")
    outputs = served.signatures["serving_default"](inputs=tf.constant(x[:0]))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "score": (0,),
        "is_anomaly": (0,),
        "p_value": (0,),
        "threshold": (0,),
        "confidence": (0,),
    }
