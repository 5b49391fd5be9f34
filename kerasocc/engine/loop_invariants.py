"""Loop-invariant code motion: what a graph computes from weights alone leaves the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerasocc.engine.graphs import (
    assigns_variables,
    is_stateful,
    prune_graph,
    reads_variable,
    wrap_in_graph,
)
from kerasocc.engine.tensors import any_batch_size, compiled_for


def hoist_loop_invariants(function: Callable, inputs: Any) -> tuple[Callable, list[Any], Any]:
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
    signature = [any_batch_size(inputs)]
    whole = wrap_in_graph(function, signature)
    if assigns_variables(whole):
        whole = compiled_for(function, signature)
        return whole, [], whole.structured_outputs
    fed = whole.inputs[0]
    values = _invariant_tensors(whole.graph, fed)
    outputs = whole.structured_outputs
    rest = prune_graph(whole, [fed, *values], outputs)
    return rest, prune_graph(whole, [], values)(), outputs


def _invariant_tensors(graph: Any, fed: Any) -> list[Any]:
    """Tensors of a graph that depend on weights, not on what is fed, and are used with it."""
    varying, invariant = {fed.op}, {}
    # Operations stand in the order in which they were made, what they use before them.
    for operation in graph.get_operations():
        uses = {tensor.op for tensor in operation.inputs} | set(operation.control_inputs)
        if reads_variable(operation):
            invariant[operation] = None
        elif uses & varying or is_stateful(operation):
            varying.add(operation)
        elif uses & invariant.keys():
            invariant[operation] = None
    return [
        tensor
        for operation in invariant
        for tensor in operation.outputs
        if any(user not in invariant for user in tensor.consumers())
    ]
