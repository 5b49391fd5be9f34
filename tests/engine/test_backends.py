"""The same losses on the other Keras backends, without TensorFlow where it is not needed."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

TRAIN = """
import json, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ImportError("tensorflow is blocked in this test")

if "{backend}" == "jax":
    sys.meta_path.insert(0, Blocked())

import keras
import numpy as np
import kerasocc as kocc

assert keras.backend.backend() == "{backend}"
data = kocc.datasets.one_vs_rest("digits", normal_class=3)
x = data.x_train[:100]
generator = np.random.default_rng(0)

def encoder():
    network = kocc.networks.lenet("digits", seed=0)
    shapes = [w.shape for w in network.trainable_weights]
    for weight, shape in zip(network.trainable_weights, shapes):
        weight.assign(0.1 * np.random.default_rng(len(shape)).normal(size=shape))
    return network

decoder = kocc.networks.mlp_decoder([64, 32], seed=0)
decoder = keras.Sequential([decoder, keras.layers.Reshape((8, 8, 1))])
for weight in decoder.trainable_weights:
    weight.assign(0.1 * generator.normal(size=weight.shape))

losses = []
for model in (
    kocc.DeepSVDD(encoder(), preprocessing=data.preprocessing, seed=0, weight_decay=1e-3),
    kocc.DeepSVDD(encoder(), objective="soft-boundary", preprocessing=data.preprocessing, seed=0),
    kocc.Autoencoder(encoder(), decoder, preprocessing=data.preprocessing, seed=0),
):
    model.compile(optimizer=keras.optimizers.SGD(1e-4))
    update = kocc.callbacks.RadiusUpdate(warmup_epochs=1, update="batch")
    callbacks = [update] if hasattr(model, "radius") else []
    if hasattr(model, "decoder"):
        callbacks = [kocc.callbacks.LatentLabels(mode="hard", contamination=0.2, warmup=1)]
    history = model.fit(
        x, batch_size=20, epochs=3, verbose=0, callbacks=callbacks,
        sample_weight=np.linspace(0.5, 1.5, 100),
        validation_data=(data.x_test, data.y_test),
    ).history
    losses += history["loss"] + history["val_loss"] + history["val_auc"]
    if hasattr(model, "decoder"):
        losses += callbacks[0].labels.tolist()
    losses += model.predict(data.x_test[:5], verbose=0).tolist()
    losses += [float(model.calibrate(x, contamination=0.1)), float(model.test_on_batch(x))]
model.save(sys.argv[1])
scores = kocc.load_model(sys.argv[1]).score(data.x_test[:5])
losses += scores.tolist()
"""

REGULARIZE = """
from pathlib import Path
from kerasocc.callbacks import RadiusUpdate
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer

initial = Path(sys.argv[2])
writes = "{backend}" == "tensorflow"
rows, labels = x[:40].reshape(40, 64) / 16, np.tile([0, 0, 1, -1], 10)

def build(noise=False, model=kocc.DeepSVDD, rate=1e-3, **options):
    # No Adam for the encoder: the gradient of a bias before a BatchNorm is rounding noise.
    head = keras.optimizers.Adam(3e-3, epsilon=1e-12)
    regularizer = (
        NoiseRegularizer(k=6, seed=0, head_optimizer=head)
        if noise
        else VarianceRegularizer(threshold=5.0)
    )
    encoder = kocc.networks.mlp([64, 12, 4], use_bias=True, seed=0)
    model = model(encoder, regularizer=regularizer, weight_decay=1e-3, seed=0, **options)
    model.compile(optimizer=keras.optimizers.SGD(rate, momentum=0.9))
    return model

def train(model, epochs=5, batch_size=20, callbacks=None):
    y = labels if model.uses_labels else None
    options = dict(batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0)
    return model.fit(rows, y, callbacks=callbacks, **options).history

def fixed_labels(shape, low, high, seed):
    tasks = keras.ops.arange(shape[-2] * shape[-1])
    return keras.ops.reshape(keras.ops.cast(tasks % 3 == 0, "int32"), shape)

histories = {}
draw = keras.random.randint
keras.random.randint = fixed_labels
for case, noise, options, callbacks in (
    ("one-class variance", False, {}, []),
    ("one-class noise", True, {}, []),
    ("sad variance", False, dict(model=kocc.DeepSAD, eta=2.0), []),
    ("sad noise", True, dict(model=kocc.DeepSAD, eta=2.0), []),
    ("soft", False, dict(objective="soft-boundary"), [RadiusUpdate(warmup_epochs=2)]),
):
    model = build(noise, **options)
    path = initial / f"{case}.weights.h5"
    model.save_weights(path) if writes else model.load_weights(path)
    histories[case] = train(model, callbacks=callbacks)
keras.random.randint = draw
# Saved in the middle of the annealing, with c_t and the state of the optimizer.
if writes:
    half = build()
    train(half, epochs=2)
    half.save(initial / "half.keras")
resumed = kocc.load_model(initial / "half.keras")
# The file does not say what TensorFlow makes of "auto"; JAX would run operation by operation.
assert resumed.jit_compile == ("{backend}" == "jax")
histories["resumed"] = train(resumed, epochs=3)

# Labels as the backend draws them; one batch per epoch, so that every step is logged.
still = dict(noise=True, model=kocc.DeepSAD, rate=0.0)
steps = train(build(**still), batch_size=40)
model = build(**still)
head, network = model.regularizer.head_weights, model.encoder.trainable_weights
before = [keras.ops.convert_to_numpy(weight) for weight in (*head, *network)]
first = train(model, epochs=1, batch_size=40)["regularization"]
after = [keras.ops.convert_to_numpy(weight) for weight in (*head, *network)]
moves = [np.abs(new - old).ravel() for new, old in zip(after, before)]
steps["moves of the head"] = np.concatenate(moves[:2]).tolist()
steps["move of the encoder"] = float(np.concatenate(moves[2:]).max())
steps["in two fits"] = first + train(model, epochs=4, batch_size=40)["regularization"]
print(json.dumps({"losses": losses, "histories": histories, "noise": steps}))
"""


def run_under(backend, path, initial):
    """What the script prints.

    Args:
        backend: A Keras backend.
        path: Where a model is saved.
        initial: Folder of initial weights, which TensorFlow writes and the others read.
    """
    environment = {**os.environ, "KERAS_BACKEND": backend}
    script = (TRAIN + REGULARIZE).replace("{backend}", backend)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, path, initial],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tensorflow_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tensorflow")
    return run_under("tensorflow", folder / "model.keras", folder), folder


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_as_with_tensorflow(backend, tensorflow_run, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    expected, folder = tensorflow_run
    found = run_under(backend, tmp_path / "model.keras", folder)
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-4, atol=1e-5)
    check_histories(found["histories"], expected["histories"])
    check_noise(found["noise"])
    check_noise(expected["noise"])


def check_histories(found, expected):
    """Losses, penalties, c_t, d_t and radius of regularized trainings."""
    assert len(expected) == 6
    for case, history in expected.items():
        assert set(found[case]) == set(history)
        assert min(history["regularization_weight"]) > 0.0
        for name, values in history.items():
            np.testing.assert_allclose(
                found[case][name], values, rtol=1e-4, err_msg=f"{case}: {name}"
            )


def check_noise(steps):
    """What holds of labels that no other backend draws."""
    weight = 0.0
    for step in range(5):
        ratio = steps["loss"][step] / steps["regularization"][step]
        weight = 0.9 * weight + 0.5 * 0.1 * ratio
        assert steps["regularization_weight"][step] == pytest.approx(weight, rel=1e-5)
    # Seed and epoch decide on the labels, also in a second fit.
    assert steps["in two fits"] == pytest.approx(steps["regularization"], rel=1e-6)
    # The first step of Adam is its rate, whatever the gradient.
    np.testing.assert_allclose(steps["moves of the head"], 3e-3, rtol=1e-2)
    assert steps["move of the encoder"] == 0.0


LOAD = """
import sys
import numpy as np
import kerasocc as kocc
data = kocc.datasets.one_vs_rest("digits", normal_class=3)
print(kocc.load_model(sys.argv[1]).score(data.x_test[:5]).tolist())
"""


@pytest.mark.slow
def test_jax_loads_a_file_of_tensorflow(tensorflow_run):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    expected, folder = tensorflow_run
    run = subprocess.run(
        [sys.executable, "-c", LOAD, folder / "model.keras"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    scores = json.loads(run.stdout.splitlines()[-1])
    np.testing.assert_allclose(scores, expected["losses"][-5:], rtol=1e-4)
