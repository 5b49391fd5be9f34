"""Loops of ONNX files, in the form that every runtime takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def name_invariants(model: Any) -> None:
    """Give what a loop leaves as it is a name of its own among the outputs of its body.

    tf2onnx hands such a value on by naming an input of the body as its output, which OpenVINO
    refuses, though ONNX allows it.

    Args:
        model: `onnx.ModelProto`, changed in place.
    """
    from onnx import helper

    for body in _bodies(model.graph):
        inputs = {value.name for value in body.input}
        for number, value in enumerate(body.output):
            if value.name in inputs:
                passed, value.name = value.name, f"{value.name}/output_{number}"
                body.node.append(helper.make_node("Identity", [passed], [value.name]))


def _bodies(graph: Any) -> Iterator[Any]:
    """The bodies of the loops of a graph, those within other graphs too."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                if node.op_type == "Loop":
                    yield attribute.g
                yield from _bodies(attribute.g)
