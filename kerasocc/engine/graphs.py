"""What TensorFlow does not document about graphs: see `keras_contract`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def wrap_in_graph(function: Callable, signature: list[Any]) -> Any:
    """A function of the TensorFlow graph that `prune_graph` can take parts of.

    Unlike a `ConcreteFunction` it reads variables inside of its graph.

    Args:
        function: From tensors to a structure of tensors.
        signature: `tf.TensorSpec`s of its arguments.

    Returns:
        With the attributes `graph`, `inputs` and `structured_outputs`.
    """
    import tensorflow as tf

    return tf.compat.v1.wrap_function(function, signature)


def prune_graph(wrapped: Any, feeds: list[Any], fetches: Any) -> Callable:
    """The part of a wrapped function that computes `fetches` from `feeds`, tensors of its graph."""
    return wrapped.prune(feeds, fetches)


def assigns_variables(wrapped: Any) -> bool:
    """Whether a wrapped function changes a variable."""
    return any(op.type.startswith("Assign") for op in wrapped.graph.get_operations())


def reads_variable(operation: Any) -> bool:
    """Whether an operation of a graph reads the value of a variable."""
    return operation.type == "ReadVariableOp"


def is_stateful(operation: Any) -> bool:
    """Whether an operation of a graph may give another result every time it runs."""
    return operation.op_def.is_stateful


def forget_custom_gradients(graph: Any) -> None:
    """Have TensorFlow let go of a graph that nobody differentiates any more.

    It registers a gradient for every `tf.custom_gradient` of a graph, and for every all-reduce of
    an optimizer, also that of one replica, and keeps it for ever; with it the graph, and with the
    graph the memory of all weights that it reads.

    Args:
        graph: Of a `ConcreteFunction`. Loops and branches are part of it; a `tf.function` that it
            calls, which others may call and differentiate, is not.
    """
    from tensorflow.python.framework.ops import gradient_registry

    entries = gradient_registry._registry
    for name in [name for name in entries if name.startswith("CustomGradient")]:
        if _is_part_of(_graph_of(entries[name]["type"]), graph):
            del entries[name]


def _graph_of(registered: Callable) -> Any:
    """The graph of the results whose gradient a registered function is, None if unknown."""
    import tensorflow as tf

    gradient = inspect.getclosurevars(registered).nonlocals.get("tape_grad_fn")
    results = gradient and inspect.getclosurevars(gradient).nonlocals.get("result")
    return next((r.graph for r in tf.nest.flatten(results) if hasattr(r, "graph")), None)


def _is_part_of(inner: Any, graph: Any) -> bool:
    from tensorflow.python.ops.control_flow_v2_func_graphs import ControlFlowFuncGraph

    while inner is not graph and isinstance(inner, ControlFlowFuncGraph):
        inner = inner.outer_graph
    return inner is graph
