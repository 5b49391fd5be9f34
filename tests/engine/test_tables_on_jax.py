"""Tables with text and dates on JAX, without TensorFlow."""

import os
import subprocess
import sys

import pytest

from kerasocc.datasets import TableFeatures
from tests.datasets.mixed_examples import make_frame

SCORE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ImportError("tensorflow is blocked in this test")

sys.meta_path.insert(0, Blocked())
import keras
import numpy as np
import kerasocc
from tests.datasets.mixed_examples import make_frame

assert keras.backend.backend() == "jax"
frame = make_frame(60).drop(columns=["customer", "fraud"])
features = kerasocc.datasets.TableFeatures().adapt(frame)
network = kerasocc.networks.mlp([features.width, 4], seed=0)
model = kerasocc.DeepSVDD(network, preprocessing=features, seed=0)
model.compile()
model.fit(frame, epochs=1, verbose=0)
scores = model.score(frame[frame.columns[::-1]])
model.save(sys.argv[1])
np.testing.assert_array_equal(kerasocc.load_model(sys.argv[1]).score(frame), scores)
assert np.ptp(scores) > 0
try:
    kerasocc.export(model, "nowhere")
except ValueError as error:
    assert "must run on the TensorFlow backend" in str(error)
np.save(sys.argv[2], features.encode(frame))
"""


@pytest.mark.slow
def test_jax(tmp_path):
    import numpy as np

    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    paths = [str(tmp_path / "m.keras"), str(tmp_path / "x.npy")]
    found = subprocess.run(
        [sys.executable, "-c", SCORE, *paths], env=environment, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr[-3000:]
    frame = make_frame(60).drop(columns=["customer", "fraud"])
    expected = TableFeatures().adapt(frame).encode(frame)
    np.testing.assert_array_equal(np.load(paths[1]), expected)
