"""A preprocessing layer that was never adapted is refused by name."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets.preprocessing import MinMaxScaling, Preprocessing, Standardization
from kerasocc.datasets.preprocessing import min_max as make_min_max


@pytest.fixture
def x(random):
    return (100.0 + 10.0 * random.normal(size=(64, 6))).astype("float32")


def svdd(preprocessing, encoder=None):
    encoder = encoder or kocc.networks.mlp([6, 8, 4], seed=0)
    model = kocc.DeepSVDD(encoder, preprocessing=preprocessing, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), run_eagerly=True)
    return model


def chain():
    return Preprocessing([MinMaxScaling(per_feature=True), Standardization()])


LAYERS = {
    "MinMaxScaling": MinMaxScaling,
    "MinMaxScaling of columns": lambda: MinMaxScaling(per_feature=True),
    "Standardization": Standardization,
    "chain": chain,
    "Normalization": keras.layers.Normalization,
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_never_adapted(make, x):
    layer = make()
    name = "(MinMaxScaling|Standardization)" if make is chain else type(layer).__name__
    message = f"must be adapted. Received: {name} '.*', which was never adapted"
    for use in ("fit", "score", "embed", "evaluate", "initialize_center", "train_on_batch"):
        with pytest.raises(ValueError, match=message):
            getattr(svdd(make()), use)(x)
    model = kocc.Autoencoder(
        kocc.networks.mlp([6, 4]), kocc.networks.mlp_decoder([6, 4]), preprocessing=layer
    )
    # It counts as fitted from the start.
    model.compile()
    uses = (model.score, model.predict, model.predict_on_batch, model.test_on_batch)
    for use in (*uses, model.train_on_batch):
        with pytest.raises(ValueError, match=message):
            use(x)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("copy", ["clone", "config"])
def test_copies_of_a_model(copy, make, x):
    layer = make()
    layer.adapt(x)
    model = svdd(layer)
    model.fit(x, epochs=1, verbose=0)
    if copy == "clone":
        clone = keras.models.clone_model(model)
    else:
        clone = type(model).from_config(model.get_config())
    clone.compile(optimizer="adam", run_eagerly=True)
    with pytest.raises(ValueError, match="must be adapted"):
        clone.fit(x, verbose=0)
    # The way out that the message names.
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.score(x), model.score(x))
    clone.fit(x, epochs=1, verbose=0)


def test_a_layer_of_the_encoder(x):
    encoder = keras.Sequential(
        [keras.Input((6,)), keras.layers.Normalization(), keras.layers.Dense(4, use_bias=False)]
    )
    with pytest.raises(ValueError, match="Normalization '.*', which was never adapted"):
        svdd(None, encoder).fit(x, verbose=0)
    encoder.layers[0].adapt(x)
    svdd(None, encoder).fit(x, epochs=1, verbose=0)


def test_in_an_ensemble(x):
    model = kocc.Ensemble([kocc.NearestNeighbors(k=3), kocc.NearestNeighbors(k=3)])
    with pytest.raises(ValueError, match="must be adapted"):
        kocc.Ensemble([svdd(Standardization()), svdd(None)]).fit(x, epochs=1, verbose=0)
    model.fit(x, epochs=1, verbose=0)


def test_given_statistics_need_no_adaptation(x):
    layer = keras.layers.Normalization(mean=100.0, variance=100.0)
    svdd(layer).fit(x, epochs=1, verbose=0)


def test_files_keep_what_layers_are_adapted_to(x, tmp_path):
    model, path = svdd(make_min_max(x)), tmp_path / "model.keras"
    model.fit(x, epochs=1, verbose=0)
    model.save(path)
    np.testing.assert_array_equal(kocc.load_model(path).score(x), model.score(x))


def test_a_layer_that_is_adapted_again_is_compiled_again(x):
    for make in (keras.layers.Normalization, Standardization):
        layer = make()
        layer.adapt(x)
        model = svdd(layer)
        model.fit(x, epochs=1, verbose=0)
        before = model.score(x)
        layer.adapt(2.0 * x + 7.0)
        expected = keras.ops.convert_to_numpy(model(x))
        assert np.abs(expected - before).max() > 1e-2
        np.testing.assert_allclose(model.score(x), expected, rtol=1e-4)


def test_never_adapted_ones_of_ours_compute_nothing(x):
    for make in (MinMaxScaling, Standardization, chain):
        assert np.isnan(keras.ops.convert_to_numpy(make()(x))).all()
