"""What an ONNX file says of its model beside the graph."""

import numpy as np
import onnx
import onnxruntime
import pandas
import pytest

import kerasocc
from kerasocc.serving.onnx_metadata import OnnxMetadata, add_metadata


def rewrite(path, **metadata):
    model = onnx.load(path)
    add_metadata(model, **metadata)
    onnx.save(model, path)


def identity(path):
    """A graph that returns what it gets."""
    tensors = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None])
        for name in ("inputs", "score")
    ]
    node = onnx.helper.make_node("Identity", ["inputs"], ["score"])
    graph = onnx.helper.make_graph([node], "g", tensors[:1], tensors[1:])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 15)], ir_version=10
    )
    onnx.helper.set_model_props(model, {"owner": "me"})
    onnx.save(model, path)


def read(path):
    session = onnxruntime.InferenceSession(str(path))
    entries = session.get_modelmeta().custom_metadata_map
    return session, entries, OnnxMetadata.read(entries)


def test_it_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "x.onnx"
    identity(path)
    scores = np.array([0.1, 0.2, 1 / 3], "float32")
    rewrite(path, columns=["a", "flöw rate"], calibration_scores=scores)
    session, entries, found = read(path)
    assert found.columns == ("a", "flöw rate") and entries["owner"] == "me"
    np.testing.assert_array_equal(found.calibration_scores, scores)
    x = np.ones(2, "float32")
    np.testing.assert_array_equal(session.run(None, {"inputs": x})[0], x)
    rewrite(path, columns=None, calibration_scores=None)
    assert read(path)[2] == OnnxMetadata()


def test_files_of_other_origin_say_nothing(tmp_path):
    identity(tmp_path / "x.onnx")
    assert read(tmp_path / "x.onnx")[2] == OnnxMetadata()


@pytest.mark.slow
def test_exports_have_it(tmp_path):
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(size=(100, 3)), columns=["a", "b", "flow rate"])
    model = kerasocc.DeepSVDD(kerasocc.networks.mlp([3, 8, 2]))
    model.compile("adam")
    model.fit(frame, epochs=1, verbose=0)
    kerasocc.export(model, tmp_path / "plain.onnx", format="onnx")
    assert read(tmp_path / "plain.onnx")[2] == (("a", "b", "flow rate"), None)
    model.calibrate(frame, fpr=0.1)
    kerasocc.export(model, tmp_path / "x.onnx", format="onnx")
    found = read(tmp_path / "x.onnx")[2]
    np.testing.assert_array_equal(found.calibration_scores, model.sorted_calibration_scores())
