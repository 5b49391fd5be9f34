"""Distances to the nearest of stored samples, by matrix products, block by block."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

ROWS_PER_BLOCK = 2048
"""Stored samples whose distances to a batch are held at once."""
_FAR = 1e18
"""Coordinate of the rows that fill up the last block: its square is finite in float32."""
_SMALL = 2048
"""Values of a set of samples whose differences from each sample are taken at once."""
_TINY = 1e-30
"""Smallest squared distance whose root is taken: the root has no gradient at 0."""


def nearest_distances(
    x: Any, memory: Any, count: int, *, rows_per_block: int = ROWS_PER_BLOCK
) -> Any:
    """Euclidean distances to the `count` nearest of stored samples, the smallest first.

    Which samples of a block are near is found by `||x||^2 + ||m||^2 - 2 <x, m>`, one matrix
    product. Its terms cancel for samples that are close to each other: in float32 it is wrong by
    some 1e-7 of the squared distances from the mean of the stored samples, which is subtracted
    first. So more than `count` samples are taken, and their distances computed anew from the
    differences.

    Args:
        x: Samples, shape `(batch, d)`, float32.
        memory: Stored samples, shape `(m, d)`, float32; `m` is known.
        count: Number of distances, at most `m`.
        rows_per_block: Most stored samples that are compared with the batch at once.

    Returns:
        Shape `(batch, count)`, float32.
    """
    rows, size = memory.shape
    center = ops.mean(memory, axis=0, keepdims=True)
    x, memory = x - center, memory - center
    # A block of less than `count` samples would not fill the result.
    blocks = 1 if 2 * count > rows_per_block else math.ceil(rows / rows_per_block)
    if blocks == 1:
        return _root(_nearest_in(x, memory, count))
    height = math.ceil(rows / blocks)
    filled = ops.pad(memory, ((0, blocks * height - rows), (0, 0)), constant_values=_FAR)
    parts = ops.reshape(filled, (blocks, height, size))

    def add_block(number: Any, best: Any) -> Any:
        found = _nearest_in(x, ops.take(parts, number, axis=0), count)
        return _smallest(ops.concatenate([best, found], axis=1), count)[0]

    return _root(ops.fori_loop(1, blocks, add_block, _nearest_in(x, parts[0], count)))


def mean_distances(x: Any, memory: Any, count: int, subsets: int = 1) -> Any:
    """Mean Euclidean distance to the `count` nearest of stored samples.

    Args:
        x: Samples, shape `(batch, d)`, float32.
        memory: Stored samples, shape `(subsets * size, d)`, float32.
        count: Number of distances, at most `size`.
        subsets: Number of sets that `memory` holds one after the other. The nearest are sought in
            each of them, and the mean is that over all sets (LeSiNN).

    Returns:
        Shape `(batch,)`, float32.

    Reference:
        Pang, Ting and Albrecht, LeSiNN: Detecting Anomalies by Identifying Least Similar Nearest
        Neighbours, ICDM Workshops 2015.
    """
    if subsets == 1:
        return ops.mean(nearest_distances(x, memory, count), axis=-1)
    center = ops.mean(memory, axis=0, keepdims=True)
    x = x - center
    parts = ops.reshape(memory - center, (subsets, -1, memory.shape[1]))

    is_small = parts.shape[1] * parts.shape[2] <= _SMALL

    def mean_in(part: Any) -> Any:
        if is_small:
            squared = _nearest_of_few(x, part, count)
        else:
            squared = _nearest_in(x, part, count, spare=2)
        return ops.mean(_root(squared), axis=-1)

    def add_set(number: Any, total: Any) -> Any:
        return total + mean_in(ops.take(parts, number, axis=0))

    return ops.fori_loop(1, subsets, add_set, mean_in(parts[0])) / subsets


def _nearest_in(x: Any, block: Any, count: int, spare: int | None = None) -> Any:
    """Squared distances to the nearest rows of a block, shape `(batch, count)`.

    Those of `spare` rows more are computed from the differences; None for `count + 8`.
    """
    # The squared length of `x` is the same for all rows.
    relative = ops.sum(ops.square(block), axis=-1) - 2.0 * ops.matmul(x, ops.transpose(block))
    spare = count + 8 if spare is None else spare
    candidates = min(count + spare, block.shape[0])
    _, positions = _smallest(relative, candidates)
    differences = ops.expand_dims(x, 1) - ops.take(block, positions, axis=0)
    return _smallest(ops.sum(ops.square(differences), axis=-1), count)[0]


def _nearest_of_few(x: Any, block: Any, count: int) -> Any:
    """As `_nearest_in`, by the differences from all rows of the block."""
    squared = ops.sum(ops.square(ops.expand_dims(x, 1) - block), axis=-1)
    return ops.min(squared, axis=1, keepdims=True) if count == 1 else _smallest(squared, count)[0]


def _smallest(values: Any, count: int) -> tuple[Any, Any]:
    negative, positions = ops.top_k(-values, count)
    return -negative, positions


def _root(squared: Any) -> Any:
    return ops.sqrt(ops.maximum(squared, _TINY))
