"""Recurrent encoders in LiteRT, whose loops are unrolled."""

import keras
import numpy as np
import pytest

import kerasocc
from tests.conformance.test_export import litert_scorer

pytestmark = pytest.mark.slow
X = np.random.default_rng(0).normal(size=(40, 5, 3)).astype("float32")


def fitted(encoder, x):
    model = kerasocc.NearestNeighbors(encoder, k=2)
    model.fit(x, verbose=0)
    return model


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "Bidirectional"])
def test_scores(kind, tmp_path):
    if kind == "Bidirectional":
        layer = keras.layers.Bidirectional(keras.layers.LSTM(3))
    else:
        layer = getattr(keras.layers, kind)(3)
    model = fitted(keras.Sequential([keras.Input((5, 3)), layer, keras.layers.Dense(2)]), X)
    kerasocc.export(model, tmp_path / "m", format="litert")
    found = litert_scorer(tmp_path / "m")(X[:7])["score"]
    np.testing.assert_allclose(found, model.score(X[:7]), rtol=1e-4, atol=1e-6)
    parts = [layer.forward_layer, layer.backward_layer] if kind == "Bidirectional" else [layer]
    assert not any(part.unroll for part in parts)


@keras.saving.register_keras_serializable(package="tests")
class Erfinv(keras.layers.Layer):
    def call(self, x):
        return keras.ops.erfinv(keras.ops.tanh(x))


def test_what_litert_does_not_have_is_one_line(tmp_path):
    model = fitted(keras.Sequential([keras.Input((3,)), Erfinv()]), X[:, 0])
    message = '`format="litert"` needs a model of the built-in operations of LiteRT.*tf.Erfinv'
    with pytest.raises(ValueError, match=message) as error:
        kerasocc.export(model, tmp_path / "m", format="litert")
    assert len(str(error.value)) < 300 and not (tmp_path / "m").exists()
