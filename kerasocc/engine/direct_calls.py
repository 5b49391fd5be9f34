"""What TensorFlow does not document about calls of its functions: see `keras_contract`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def direct_call(compiled: Any) -> Callable[..., Any]:
    """A function of TensorFlow that takes its tensors as they are.

    The call of a `ConcreteFunction` binds them to the names of its arguments, casts them and looks
    for gradients to record, which takes longer than a small network computes.

    Args:
        compiled: A `ConcreteFunction` of tensors alone, whose results need no gradients.

    Returns:
        A function of the tensors and of `in_one_thread`: whether the operations run one after the
        other in the thread of the caller, who then waits for no other. Loops, branches and graphs
        on several devices do not run in this way, and run as ever.
    """
    import tensorflow as tf
    from tensorflow.python.eager.context import function_executor_type

    function, captured = compiled.inference_fn, compiled.captured_inputs
    attributes = [a for o in compiled.graph.get_operations() for a in o.node_def.attr.values()]
    has_branches = any(a.HasField("func") or a.list.func for a in attributes)
    is_simple = not has_branches and len(tf.config.list_logical_devices()) == 1

    def call(*tensors: Any, in_one_thread: bool = False) -> Any:
        if not (in_one_thread and is_simple):
            return function.call_preflattened([*tensors, *captured])
        with function_executor_type("SINGLE_THREADED_EXECUTOR"):
            return function.call_preflattened([*tensors, *captured])

    return call
