"""Nothing compiled outlives a change of the layers that it was compiled from."""

import importlib.util
import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.structure import Structure


@pytest.fixture
def x(random):
    return random.normal(size=(64, 6)).astype("float32")


@pytest.fixture
def model(x):
    """A model that has compiled everything it can compile."""
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), steps_per_execution=1)
    model.fit(x, epochs=1, verbose=0)
    for method in (model.score, model.embed, model.predict_on_batch, model.test_on_batch):
        method(x)
    return model


def quantize(model):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have a `quantize` method")
        model.quantize("int8")


def quantize_one_layer(model):
    model.encoder.layers[0].quantize("int8")


def enable_lora(model):
    layer = model.encoder.layers[0]
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.ones(layer.lora_kernel_b.shape))


def replace_policy(model):
    for layer in model.encoder.layers:
        layer.dtype_policy = "mixed_bfloat16"


def replace_activation(model):
    model.encoder.layers[-1].activation = keras.activations.tanh


def replace_number(model):
    (leaky,) = (e for e in model.encoder.layers if isinstance(e, keras.layers.LeakyReLU))
    leaky.negative_slope = 0.9


CHANGES = [
    quantize,
    quantize_one_layer,
    enable_lora,
    replace_policy,
    replace_activation,
    replace_number,
]


@pytest.mark.parametrize("change", CHANGES)
def test_scores_are_those_of_the_changed_layers(change, model, x):
    if change is replace_policy and keras.backend.backend() == "jax":
        pytest.skip("a compiled program of JAX rounds fewer intermediate results")
    before = model.score(x)
    change(model)
    expected = keras.ops.convert_to_numpy(model(x))
    # Far more than what a compiled function rounds otherwise.
    assert np.abs(expected - before).max() > 1e-3
    for scores in (model.score(x), model.predict(x), model.predict_on_batch(x)):
        np.testing.assert_allclose(scores, expected, rtol=1e-4)
    embeddings = keras.ops.convert_to_numpy(model.encoder(x))
    np.testing.assert_allclose(model.embed(x), embeddings, rtol=1e-4, atol=1e-5)
    assert model.test_on_batch(x) == pytest.approx(expected.mean(), rel=1e-4)
    assert model.evaluate(x)[0] == pytest.approx(expected.mean(), rel=1e-4)


def test_a_quantized_model_is_stored_as_it_scores(model, x, tmp_path):
    quantize(model)
    model.compile(optimizer="adam")
    scores = model.score(x)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert loaded.encoder.layers[0].quantization_mode == "int8"
    np.testing.assert_allclose(loaded.score(x), scores, rtol=1e-5)


def test_lora_is_trained_once_the_optimizer_knows_it(model, x):
    enable_lora(model)
    layer = model.encoder.layers[0]
    frozen = np.array(layer._kernel)
    with pytest.raises(ValueError, match=r"`compile` again.*Received: 3 weights .* 2 that"):
        model.fit(x, epochs=1, verbose=0)
    with pytest.raises(ValueError, match="`compile` again with a new optimizer"):
        model.train_on_batch(x)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    model.fit(x, epochs=1, verbose=0)
    assert np.abs(np.array(layer.lora_kernel_b) - 1.0).max() > 1e-3
    np.testing.assert_array_equal(layer._kernel, frozen)


def test_a_frozen_layer_is_not_trained(model, x):
    layer, other = model.encoder.layers[0], model.encoder.layers[-1]
    layer.trainable = False
    before = [np.array(layer.kernel), np.array(other.kernel)]
    with pytest.raises(ValueError, match=r"trained have changed .*`trainable`"):
        model.fit(x, epochs=1, verbose=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    model.fit(x, epochs=1, verbose=0)
    np.testing.assert_array_equal(layer.kernel, before[0])
    assert np.abs(np.array(other.kernel) - before[1]).max() > 1e-3


@pytest.mark.parametrize(
    "make",
    [
        lambda encoder: kocc.DeepSVDD(encoder),
        lambda encoder: kocc.DeepSAD(encoder),
    ],
)
def test_nothing_to_train(make, x):
    encoder = kocc.networks.mlp([6, 8, 4], seed=0)
    encoder.trainable = False
    model = make(encoder)
    model.compile()
    with pytest.raises(ValueError, match=r"`encoder` must have weights.*'mlp' without any"):
        model.fit(x, verbose=0)
    # It can score around a center all the same.
    model.initialize_center(x)
    assert np.isfinite(model.score(x)).all()


def test_models_with_weights_beside_the_encoder_take_a_frozen_one(x):
    for make in (kocc.OCNN, kocc.NeuTraLAD, kocc.NearestNeighbors):
        encoder = kocc.networks.mlp([6, 8, 4], seed=0)
        encoder.trainable = False
        before = encoder.get_weights()
        model = make(encoder, seed=0)
        model.compile()
        model.fit(x, epochs=1, verbose=0)
        assert np.isfinite(model.score(x)).all()
        for weight, old in zip(encoder.trainable_weights, before, strict=False):
            np.testing.assert_array_equal(weight, old)


def test_an_unchanged_model_compiles_once(model, x):
    loop, passes = model.train_functions._loop._compiled, model.inference._compiled
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, contamination=0.1)
    model.score(x)
    assert model.train_functions._loop._compiled is loop
    assert model.inference._compiled is passes


class Counting(keras.layers.Layer):
    """A layer that changes an attribute of its own whenever it is traced."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x


def test_a_layer_that_counts_its_calls_is_not_compiled_for_every_score(x):
    counting = Counting()
    encoder = keras.Sequential([keras.Input((6,)), counting, keras.layers.Dense(4, use_bias=False)])
    model = kocc.DeepSVDD(encoder)
    model.initialize_center(x)
    model.score(x)
    passes, calls = dict(model.inference._compiled), counting.calls
    model.score(x)
    assert model.inference._compiled == passes and counting.calls == calls


def test_structure_tells_changes_from_new_values(model, x):
    structure = Structure(model)
    assert not structure.has_changed()
    weight = model.encoder.layers[0].kernel
    weight.assign(2.0 * weight)
    model.threshold.assign(1.0)
    model.stop_training = True
    assert not structure.has_changed()
    model.encoder.layers[0].kernel.trainable = False
    assert structure.has_changed() and not structure.has_changed()
    model.add_state("calibration_scores", (3,))
    assert structure.has_changed() and not structure.has_changed()


class Shifted(keras.layers.Layer):
    """A layer whose settings are a tuple and an array."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.factors, self.offset = (1.0, 2.0), np.zeros(6, "float32")

    def call(self, x):
        return self.factors[0] * x + self.factors[1] * self.offset


@pytest.mark.parametrize(("name", "value"), [("factors", (3.0, 0.0)), ("offset", np.ones(6))])
def test_settings_that_are_tuples_or_arrays(name, value, x):
    shifted = Shifted()
    encoder = keras.Sequential([keras.Input((6,)), shifted, keras.layers.Dense(4, use_bias=False)])
    model = kocc.DeepSVDD(encoder)
    model.initialize_center(x)
    before = model.score(x)
    setattr(shifted, name, value if name == "factors" else value.astype("float32"))
    expected = keras.ops.convert_to_numpy(model(x))
    assert np.abs(expected - before).max() > 1e-3
    np.testing.assert_allclose(model.score(x), expected, rtol=1e-4)


@pytest.mark.slow
def test_on_jax():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    if keras.backend.backend() == "jax":
        pytest.skip("it runs on jax")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", __file__],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        check=True,
        timeout=300,
    )
