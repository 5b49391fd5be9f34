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
    history = model.fit(
        x, batch_size=20, epochs=3, verbose=0, callbacks=callbacks,
        sample_weight=np.linspace(0.5, 1.5, 100),
        validation_data=(data.x_test, data.y_test),
    ).history
    losses += history["loss"] + history["val_loss"] + history["val_auc"]
    losses += model.predict(data.x_test[:5], verbose=0).tolist()
    losses += [float(model.calibrate(x, contamination=0.1)), float(model.test_on_batch(x))]
model.save(sys.argv[1])
scores = kocc.load_model(sys.argv[1]).score(data.x_test[:5])
losses += scores.tolist()
print(json.dumps(losses))
"""


def losses_under(backend, path):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRAIN.replace("{backend}", backend), path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tensorflow_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("tensorflow") / "model.keras"
    return losses_under("tensorflow", str(path)), path


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_losses_equal_those_of_tensorflow(backend, tensorflow_run, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    losses = losses_under(backend, str(tmp_path / "model.keras"))
    np.testing.assert_allclose(losses, tensorflow_run[0], rtol=1e-4, atol=1e-5)


LOAD = """
import sys
import numpy as np
import kerasocc as kocc
data = kocc.datasets.one_vs_rest("digits", normal_class=3)
print(kocc.load_model(sys.argv[1]).score(data.x_test[:5]).tolist())
"""


def test_jax_loads_a_file_of_tensorflow(tensorflow_run):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    losses, path = tensorflow_run
    run = subprocess.run(
        [sys.executable, "-c", LOAD, path],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    scores = json.loads(run.stdout.splitlines()[-1])
    np.testing.assert_allclose(scores, losses[-5:], rtol=1e-4)
