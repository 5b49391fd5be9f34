"""What a model of nearest neighbours stores: which samples, and at what scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.checks import check_integer
from kerasocc.models.coreset import random_coreset


def check_subsets(subsets: Any, max_samples: int | None, coreset: str) -> int | None:
    """Return a number of random subsets of `max_samples` samples, or None for none."""
    if subsets is None:
        return None
    if max_samples is None or coreset != "random":
        raise ValueError(
            "`subsets` must be None without `max_samples`, which is their size, and with a "
            f"`coreset` other than 'random'. Received: subsets={subsets!r}, "
            f"max_samples={max_samples}, coreset={coreset!r}"
        )
    return check_integer("subsets", subsets, minimum=1)


def drawn_positions(
    samples: int, max_samples: int | None, subsets: int | None, seed: int
) -> np.ndarray:
    """Positions of random samples in ascending order; of subsets one after the other.

    Args:
        samples: Number of samples.
        max_samples: Number of those that are drawn, at most all of them; None for all.
        subsets: How often they are drawn, None for once. Subsets of all samples are one.
        seed: Seed of the draws.

    Returns:
        Shape `(min(samples, max_samples),)`, or `(subsets * max_samples,)`.
    """
    size = samples if max_samples is None else max_samples
    if subsets is None or samples <= size:
        return random_coreset(samples, size, seed)
    seeds = np.random.SeedSequence(seed).generate_state(subsets)
    return np.concatenate([random_coreset(samples, size, int(own)) for own in seeds])


def check_positions(positions: np.ndarray | None, stored: int, samples: int) -> np.ndarray:
    """Return the positions of the stored ones among samples that are those of the last `fit`.

    Args:
        positions: What is known of them; None in a loaded model.
        stored: Number of stored samples.
        samples: Number of samples.
    """
    if positions is None or len(positions) != stored or positions.max() >= samples:
        reason = ", in a loaded model" if positions is None else ""
        raise ValueError(
            "`training_scores` needs the samples of the last `fit`, and to know which of them "
            f"are stored. Received: {samples} samples{reason}; {stored} are stored"
        )
    return positions


def own_distances(memory: np.ndarray, k: int, subsets: int) -> np.ndarray:
    """Distances of stored samples from their neighbours in their own subset, without themselves.

    Args:
        memory: The subsets one after the other, shape `(subsets * size, d)`.
        k: Number of neighbours, less than `size`.
        subsets: Number of subsets.

    Returns:
        The smallest first, shape `(subsets * size, k)`, float64.
    """
    from sklearn.neighbors import NearestNeighbors

    parts = np.split(memory.astype("float64"), subsets)
    return np.concatenate([NearestNeighbors(n_neighbors=k).fit(p).kneighbors()[0] for p in parts])


def column_deviations(rows: np.ndarray) -> np.ndarray:
    """Standard deviations of columns, shape `(d,)`, float32; 1 for a constant one."""
    deviation = rows.std(axis=0, dtype="float64")
    # That of a constant is 0 up to rounding.
    varies = deviation > 1e-6 * np.abs(rows).max(axis=0)
    return np.where(varies, deviation, 1.0).astype("float32")
