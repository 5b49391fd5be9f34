"""OpenVINO gives the scores of every model from its ONNX file, in batches of any size."""

import subprocess

import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.losses.nearest_neighbors import ROWS_PER_BLOCK
from tests.conformance.registry import CASES
from tests.conformance.test_export import fitted, subtracted
from tests.environments import python_of

pytestmark = pytest.mark.slow

RUN = """
import sys
import numpy as np
import openvino

x = np.load(sys.argv[1])
core = openvino.Core()
for path in sys.argv[2:]:
    # By default it computes in half precision where the processor can.
    model = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = {}
    for size in (1, 7, len(x)):
        for output, values in model({"inputs": x[:size]}).items():
            found[f"{output.any_name}/{size}"] = values
    np.savez(path + ".npz", **found)
"""


def computed(paths, x, folder):
    """The outputs by `output/size` of the batch, for each ONNX file."""
    np.save(folder / "x.npy", x)
    command = [python_of("openvino"), "-c", RUN, folder / "x.npy", *paths]
    subprocess.run(command, check=True, timeout=300)
    return [np.load(f"{path}.npz") for path in paths]


@pytest.fixture(scope="module")
def samples(digits):
    return digits.x_test[np.random.default_rng(0).permutation(len(digits.x_test))[:60]]


def test_every_model(digits, samples, tmp_path):
    python_of("openvino")
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    models = [fitted(case, digits) for case in CASES]
    paths = [tmp_path / f"{case.name}.onnx" for case in CASES]
    for model, path in zip(models, paths, strict=True):
        kocc.export(model, path, format="onnx")
    found = computed(paths, samples.astype("float32"), tmp_path)
    for case, model, outputs in zip(CASES, models, found, strict=True):
        scores, threshold = model.score(samples), float(model.threshold.numpy())
        slack = 1e-5 * (np.abs(scores).max() + subtracted(model))
        clear = np.abs(scores - threshold) > 2 * slack
        for size in (1, 7, 60):
            np.testing.assert_allclose(
                outputs[f"score/{size}"], scores[:size], rtol=1e-5, atol=slack, err_msg=case.name
            )
            decisions = outputs[f"is_anomaly/{size}"][clear[:size]]
            expected = (scores > threshold)[:size][clear[:size]]
            np.testing.assert_array_equal(decisions, expected, case.name)


def test_more_stored_samples_than_are_compared_at_once(tmp_path, random):
    x = random.normal(size=(2 * ROWS_PER_BLOCK, 6)).astype("float32")
    model = kocc.NearestNeighbors(k=3, seed=0)
    model.fit(x, verbose=0)
    model.calibrate(x[:100], fpr=0.1)
    kocc.export(model, tmp_path / "m.onnx", format="onnx")
    others = random.normal(size=(20, 6)).astype("float32")
    (found,) = computed([tmp_path / "m.onnx"], others, tmp_path)
    np.testing.assert_allclose(found["score/20"], model.score(others), rtol=1e-5)


def test_p_values_of_a_table(tmp_path, random):
    x = random.normal(size=(200, 6)).astype("float32")
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 16, 4], seed=0), seed=0)
    model.compile("adam")
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, fpr=0.1)
    kocc.export(model, tmp_path / "m.onnx", format="onnx")
    # Other samples: the rank of a calibration sample among them depends on its score's rounding.
    others = random.normal(size=(200, 6)).astype("float32")
    (found,) = computed([tmp_path / "m.onnx"], others, tmp_path)
    np.testing.assert_allclose(found["p_value/200"], model.p_values(others), rtol=1e-5)
    np.testing.assert_allclose(found["confidence/200"], model.confidence(others), rtol=1e-5)
