"""Exported scorers by TensorFlow's C API, in a process without Python's TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasocc

pytestmark = pytest.mark.slow


@pytest.fixture(params=["table", "images"])
def model(request):
    if request.param == "table":
        network, shape = kerasocc.networks.mlp([6, 16, 4]), (6,)
    else:
        network, shape = kerasocc.networks.lenet("digits"), (8, 8, 1)
    model = kerasocc.DeepSVDD(network, seed=0)
    model.compile("adam")
    model.fit(samples(100, shape), epochs=1, verbose=0)
    model.calibrate(samples(50, shape), fpr=0.1)
    model.shape = shape
    return model


def samples(rows, shape):
    return np.random.default_rng(rows).normal(size=(rows, *shape)).astype("float32")


@pytest.mark.parametrize("rows", [1, 64])
def test_scores(rows, model, tmp_path):
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    library = Path(tf.__file__).parent
    if not (library / "libtensorflow_cc.so.2").exists():
        pytest.skip("TensorFlow's library is not a file of its own here")
    kerasocc.export(model, tmp_path / "model", signatures=["serving_default"])
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    x = samples(rows, model.shape)
    saved = saved_model_pb2.SavedModel.FromString(
        (tmp_path / "model" / "saved_model.pb").read_bytes()
    )
    definition = saved.meta_graphs[0].signature_def["serving_default"]
    np.save(tmp_path / "x.npy", x)
    request = {
        "library": str(library),
        "model": str(tmp_path / "model"),
        "feed": definition.inputs["inputs"].name,
        "fetch": definition.outputs["score"].name,
        "samples": str(tmp_path / "x.npy"),
        "result": str(tmp_path / "scores.npy"),
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    script = str(Path(__file__).with_name("c_api.py"))
    done = subprocess.run(
        [sys.executable, script, str(tmp_path / "request.json")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.load(tmp_path / "scores.npy")
    np.testing.assert_allclose(found, model.score(x), rtol=1e-5)
    np.testing.assert_allclose(found, signature(inputs=tf.constant(x))["score"], rtol=1e-6)
