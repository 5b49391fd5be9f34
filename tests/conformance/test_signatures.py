"""Every model, signature and format gives the scores of the model without this package."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerasocc as kocc
from tests.conformance.registry import CASES
from tests.conformance.test_export import fitted, subtracted

RUN = """
import sys, warnings
sys.modules["kerasocc"] = sys.modules["keras"] = None
warnings.filterwarnings("ignore")
import numpy as np
import onnxruntime
import tensorflow as tf

def contents(arrays, name):
    rows = zip(arrays[name], arrays[name + "_size"])
    return tf.constant([bytes(row[:size]) for row, size in rows])

def run(folder):
    arrays = dict(np.load(folder + "/inputs.npz"))
    inputs = {
        "serving_uint8": {"inputs": tf.constant(arrays["x"].astype("uint8"))},
        "serving_images": {"image_bytes": contents(arrays, "images")},
        "serving_examples": {"example_bytes": contents(arrays, "examples")},
    }
    found = {}
    loaded = tf.saved_model.load(folder + "/model")
    for key, signature in loaded.signatures.items():
        given = inputs.get(key, {"inputs": tf.constant(arrays["x"])})
        for output, value in signature(**given).items():
            found[f"{key}/{output}"] = value.numpy()
    session = onnxruntime.InferenceSession(folder + "/model.onnx")
    outputs = [output.name for output in session.get_outputs()]
    for output, value in zip(outputs, session.run(None, {"inputs": arrays["x"]})):
        found[f"onnx/{output}"] = value
    runner = tf.lite.Interpreter(folder + "/model.tflite").get_signature_runner()
    for output, value in runner(inputs=arrays["x"]).items():
        found[f"litert/{output}"] = value
    np.savez(folder + "/outputs.npz", **found)
    assert sys.modules["kerasocc"] is sys.modules["keras"] is None

for line in sys.stdin:
    run(line.strip())
    print("done", flush=True)
"""
BROKEN = 3


def png(image):
    content = io.BytesIO()
    Image.fromarray(image[..., 0]).save(content, "PNG")
    return content.getvalue()


def example(content):
    import tensorflow as tf

    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
    features = tf.train.Features(feature={"image/encoded": feature})
    return tf.train.Example(features=features).SerializeToString()


def packed(contents):
    size = max(map(len, contents))
    return np.array([np.frombuffer(c.ljust(size, b"\0"), "uint8") for c in contents])


@pytest.fixture(scope="module")
def x(digits):
    """Whole numbers, the same for signatures of bytes and of floats."""
    return digits.x_test[:40].astype("uint8").astype("float32")


@pytest.fixture(scope="module")
def other_process():
    """A process that cannot import the package: from the name of a folder to outputs in it."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", RUN], text=True, **pipes) as process:

        def run(folder):
            process.stdin.write(f"{folder}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"

        yield run
        process.stdin.close()


def run_without_the_package(model, x, folder, other_process):
    contents = [png(image) for image in x.astype("uint8")]
    contents[BROKEN] = contents[BROKEN][:30]
    arrays = {"x": x}
    for name, values in (("images", contents), ("examples", [example(c) for c in contents])):
        arrays |= {name: packed(values), f"{name}_size": [len(v) for v in values]}
    np.savez(folder / "inputs.npz", **arrays)
    kocc.export(model, folder / "model")
    kocc.export(model, folder / "model.onnx", format="onnx")
    kocc.export(model, folder / "model.tflite", format="litert")
    other_process(folder)
    return dict(np.load(folder / "outputs.npz"))


def assert_parity(model, x, found):
    """Values to 1e-5 of the largest terms they are made of, and equal decisions."""
    scores = model.score(x)
    slack = 1e-5 * (np.abs(scores).max() + subtracted(model))
    threshold = float(model.threshold.numpy())
    clear = np.abs(scores - threshold) > 2 * slack
    for key, values in found.items():
        signature, output = key.split("/")
        readable = np.ones(len(x), bool)
        if signature in ("serving_images", "serving_examples"):
            readable[BROKEN] = False
        if output == "score":
            np.testing.assert_allclose(values[readable], scores[readable], 1e-5, slack, key)
            assert np.isnan(values[~readable]).all()
        elif output == "is_anomaly":
            expected = np.where(readable, scores > threshold, True)
            np.testing.assert_array_equal(values[clear], expected[clear], key)
        elif output == "threshold":
            np.testing.assert_array_equal(values, np.full(len(x), threshold, "float32"), key)
        elif output == "heat_map":
            np.testing.assert_allclose(values, model.explain(x), rtol=1e-4, atol=1e-5)
        elif output in ("embedding", "reconstruction"):
            expected = model.embed(x) if output == "embedding" else model.reconstruct(x)
            atol = 1e-5 * np.abs(expected).max()
            np.testing.assert_allclose(values, expected, 1e-5, atol, err_msg=key)
        else:
            assert output == "valid", key
            np.testing.assert_array_equal(values, readable, key)


SIGNATURES = {
    "serving_default",
    "serving_uint8",
    "serving_images",
    "serving_examples",
    "embed",
    "onnx",
    "litert",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_every_signature_in_a_process_without_the_package(case, digits, x, tmp_path, other_process):
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    model = fitted(case, digits)
    found = run_without_the_package(model, x, tmp_path, other_process)
    expected = SIGNATURES | ({"reconstruct"} if hasattr(model, "reconstruct") else set())
    expected |= set() if model.own_explanation is None else {"explain"}
    assert {key.split("/")[0] for key in found} == expected
    assert_parity(model, x, found)
