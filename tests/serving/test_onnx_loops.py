"""A loop's body names what it leaves unchanged twice, and the results stay."""

import numpy as np
import pytest

from kerasocc.serving.onnx_loops import name_invariants

onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")


def body(nodes):
    """The body of a loop that changes `total`, and hands `step` on twice."""
    from onnx import TensorProto
    from onnx.helper import make_graph, make_tensor_value_info

    number = make_tensor_value_info("number", TensorProto.INT64, [])
    flag = make_tensor_value_info("flag", TensorProto.BOOL, [])
    total, step, other, changed = (
        make_tensor_value_info(name, TensorProto.FLOAT, [2])
        for name in ("total", "step", "other", "total_out")
    )
    return make_graph(
        nodes, "body", [number, flag, total, step, other], [flag, changed, step, step]
    )


def looping(inner):
    from onnx import TensorProto
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

    loop = make_node("Loop", ["count", "", "x", "step", "x"], ["sum", "same", "too"], body=inner)
    inputs = [make_tensor_value_info("count", TensorProto.INT64, [])]
    inputs += [make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "step")]
    outputs = [make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in loop.output]
    graph = make_graph([loop], "main", inputs, outputs)
    return make_model(graph, opset_imports=[make_opsetid("", 15)], ir_version=8)


def run(model):
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    x, step = np.array([1.0, 2.0], "float32"), np.array([0.5, 1.0], "float32")
    return session.run(None, {"count": np.array(3), "x": x, "step": step})


def test_nested_loops_give_the_same():
    from onnx.helper import make_node

    inner = body([make_node("Add", ["total", "step"], ["total_out"])])
    values = ["count", "", "total", "step", "other"]
    outer = body([make_node("Loop", values, ["total_out", "kept", "kept_too"], body=inner)])
    model = looping(outer)
    before = run(model)
    name_invariants(model)
    after = run(model)
    # Nine steps.
    np.testing.assert_allclose(after[0], [5.5, 11.0])
    np.testing.assert_array_equal(after, before)
    bodies = [model.graph.node[0].attribute[0].g]
    bodies.append(bodies[0].node[0].attribute[0].g)
    for graph in bodies:
        assert not {v.name for v in graph.input} & {v.name for v in graph.output}
