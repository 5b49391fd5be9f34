"""What a function of the TensorFlow graph computes from weights alone, taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerasocc.models.tracing import any_size, traced


def without_invariants(function: Callable, inputs: Any) -> tuple[Callable, list[Any], Any]:
    """Split a function, called in a loop, into what depends on its inputs and what does not.

    Called while the graph around the loop is made. What is computed from weights alone, such
    as a kernel with a normalization folded into it, gets into that graph, once; TensorFlow
    would compute it again in every round.

    Args:
        function: From a tensor `(batch, ...)` to a structure of tensors. One that changes a
            weight, such as the state of a random generator, is left as it is.
        inputs: Tensor of the shape and dtype of its inputs, `batch` of any size.

    Returns:
        The function, which takes the values of the second part as further arguments; these
        values; and what the function returns, as symbolic tensors.
    """
    import tensorflow as tf

    whole = tf.compat.v1.wrap_function(function, [any_size(inputs)])
    if any(operation.type.startswith("Assign") for operation in whole.graph.get_operations()):
        whole = traced(function, [any_size(inputs)])
        return whole, [], whole.structured_outputs
    fed = whole.inputs[0]
    values = _computed_from_weights_alone(whole.graph, fed)
    outputs = whole.structured_outputs
    rest = whole.prune([fed, *values], outputs)
    return rest, whole.prune([], values)(), outputs


def _computed_from_weights_alone(graph: Any, fed: Any) -> list[Any]:
    """Tensors of a graph that depend on weights and not on what is fed, and are used with it."""
    varying, invariant = {fed.op}, {}
    # Operations stand in the order in which they were made, what they use before them.
    for operation in graph.get_operations():
        uses = {tensor.op for tensor in operation.inputs} | set(operation.control_inputs)
        if operation.type == "ReadVariableOp":
            invariant[operation] = None
        elif uses & varying or operation.op_def.is_stateful:
            varying.add(operation)
        elif uses & invariant.keys():
            invariant[operation] = None
    return [
        tensor
        for operation in invariant
        for tensor in operation.outputs
        if any(user not in invariant for user in tensor.consumers())
    ]
