"""Samples identified by their position in the training set."""

from __future__ import annotations

import zlib

from kerasocc.datasets.storage.rows import rows_at_once
from kerasocc.engine.sources import Source

ORDER = (
    "`x` must hold the same samples in the same order at every pass: the noise and the latent "
    "label of a sample are found by its position. Remove `shuffle` and random alterations from "
    "the dataset, use `shuffle(..., reshuffle_each_iteration=False)`, or pass arrays, whose order "
    "`fit` draws itself. Received: a dataset that differs between two passes"
)


def check_order(source: Source) -> tuple[str, tuple[int, ...]]:
    """Read a source, twice where it may change, and check that the order is the same.

    Returns:
        Fingerprint of the samples in stored order, eight hexadecimal digits, and their
        shape `(samples, ...)`.

    Raises:
        ValueError: If the positions of the samples differ from pass to pass.
    """
    found = _read_through(source)
    # The samples of a `PyDataset` have numbers; only what makes them can differ.
    if source.may_change_between_passes and _read_through(source) != found:
        raise ValueError(ORDER)
    return found


def check_ends(source: Source, steps: int | None, why: str) -> None:
    """Raise `ValueError` for a dataset that does not end where it says so itself.

    Args:
        source: A dataset, or arrays, which do.
        steps: `steps_per_epoch`.
        why: What the positions are needed for.
    """
    if not source.has_random_access and (steps is not None or source.endless):
        raise ValueError(
            f"A dataset that ends, without `steps_per_epoch`, is needed {why}, found by its "
            f"position. Received: steps_per_epoch={steps}"
            f"{' and an endless dataset' * source.endless}"
        )


def fingerprint(checksum: int, shape: tuple[int, ...]) -> str:
    """Eight hexadecimal digits of a checksum of the samples and their shape."""
    return f"{zlib.crc32(str(tuple(map(int, shape))).encode(), checksum):08x}"


def _read_through(source: Source) -> tuple[str, tuple[int, ...]]:
    shape, sizes, checksum = source.input_shape(), [], 0
    for x, _, _ in source.batches(rows_at_once(shape)):
        sizes.append(len(x))
        checksum = zlib.crc32(x, checksum)
    if source.has_numbered_batches and not _are_equal_but_the_last(sizes):
        raise ValueError(
            "All batches of `x` but the last must be of one size: the noise and the latent label "
            f"of a sample are found by its position. Received: sizes {sorted(set(sizes))}"
        )
    shape = (sum(sizes), *shape)
    return fingerprint(checksum, shape), shape


def _are_equal_but_the_last(sizes: list[int]) -> bool:
    return all(size == sizes[0] for size in sizes[:-1]) and sizes[-1] <= sizes[0]
