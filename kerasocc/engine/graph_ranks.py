"""Ranks and p-values of scores in a graph, by operations that every exported format has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops


def p_values_in_graph(calibration_scores: Any, scores: Any) -> Any:
    """As `calibration.p_values`, of tensors, by operations that every exported format has.

    Args:
        calibration_scores: `s_i`, in ascending order, shape `(n,)`, `n` known.
        scores: `s`, shape `(samples,)`.

    Returns:
        Shape `(samples,)`, float32.
    """
    count = calibration_scores.shape[0]
    ranks = ranks_in_graph(lambda i: ops.take(calibration_scores, i), count, scores)
    return ops.cast(ranks, "float32") / float(count + 1)


def ranks_in_graph(score_at: Callable[[Any], Any], count: int, scores: Any) -> Any:
    """The ranks `1 + #{i: s_i >= s}` of scores, in a graph.

    A binary search: comparing all pairs would take memory for `samples * n` numbers, and
    `searchsorted` is no operation of ONNX and LiteRT.

    Args:
        score_at: From positions, int32 of shape `(samples,)`, to the `s_i` there, which ascend.
        count: `n`.
        scores: `s`, shape `(samples,)`.

    Returns:
        Shape `(samples,)`, int32.
    """
    below = ops.zeros_like(scores, dtype="int32")
    step = 1 << (count.bit_length() - 1)
    while step:
        # The largest position whose scores before it are all below `s`, a bit at a time.
        further = below + step
        last = score_at(ops.minimum(further, count) - 1)
        is_below = ops.logical_and(ops.less_equal(further, count), ops.less(last, scores))
        below = ops.where(is_below, further, below)
        step //= 2
    return 1 + count - below
