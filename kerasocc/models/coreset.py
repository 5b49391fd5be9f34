"""Which training samples a model of nearest neighbours stores."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.checks import check_integer


def random_coreset(samples: int, count: int, seed: int) -> np.ndarray:
    """Positions of `count` of the samples, drawn without replacement, in ascending order.

    Args:
        samples: Number of samples.
        count: At most this many; all of fewer samples.
        seed: Seed of the draw.
    """
    if samples <= count:
        return np.arange(samples)
    return np.sort(np.random.default_rng(seed).choice(samples, count, replace=False))


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


def greedy_coreset(embeddings: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """Positions of `count` samples that cover all of them, in ascending order.

    The first is drawn, each further one is the sample that is farthest from those before it, so
    that no sample is more than twice as far from the nearest chosen one as it would have to be
    (greedy k-center). It takes `samples * count` distances.

    Args:
        embeddings: Shape `(samples, d)`.
        count: At most this many; all of fewer samples, and for None.
        seed: Seed of the draw of the first one.

    Reference:
        Sener and Savarese, Active Learning for Convolutional Neural Networks: A Core-Set
        Approach, ICLR 2018, algorithm 1.
    """
    samples = len(embeddings)
    if count is None or samples <= count:
        return np.arange(samples)
    points = embeddings.astype("float32") - embeddings.mean(axis=0, dtype="float64")
    points = points.astype("float32")
    chosen = [int(np.random.default_rng(seed).integers(samples))]
    distance = np.full(samples, np.inf, "float32")
    while len(chosen) < count:
        differences = points - points[chosen[-1]]
        np.minimum(distance, np.einsum("ij,ij->i", differences, differences), out=distance)
        # Of copies of chosen samples, whose distance is 0, none is chosen twice.
        distance[chosen[-1]] = -1.0
        chosen.append(int(distance.argmax()))
    return np.sort(chosen)


def matched_positions(stored: np.ndarray, embeddings: np.ndarray) -> np.ndarray | None:
    """Positions of stored embeddings among those that they were chosen from.

    Args:
        stored: Shape `(m, d)`.
        embeddings: Shape `(samples, d)`, computed anew: the last bits may differ.

    Returns:
        Shape `(m,)`; None if one of them is not there, or two of them have one position.
    """
    from sklearn.metrics import pairwise_distances_argmin_min

    positions, distances = pairwise_distances_argmin_min(stored, embeddings)
    largest = np.linalg.norm(embeddings.astype("float64"), axis=1).max()
    is_other = distances.max() > 1e-5 * largest
    return None if is_other or len(np.unique(positions)) < len(positions) else positions


MAX_SAMPLES = 10_000
"""Most stored samples by default."""
SAMPLES_PER_NEIGHBOR = 8
"""Size of a subset by default, for every neighbour that is sought in it: LeSiNN has one of 8."""


def check_max_samples(max_samples: Any, k: int, subsets: int | None) -> int | None:
    """Return the number of samples to store, or of each subset; None for all samples.

    Args:
        max_samples: A number, None, or `"auto"`.
        k: Number of neighbours.
        subsets: Number of subsets, None for one set.
    """
    if max_samples is None:
        return None
    if isinstance(max_samples, str) and max_samples == "auto":
        return MAX_SAMPLES if subsets is None else SAMPLES_PER_NEIGHBOR * k
    return check_integer("max_samples", max_samples, minimum=k + 1)


def check_subsets(subsets: Any, max_samples: Any, coreset: str) -> int | None:
    """Return a number of random subsets of `max_samples` samples, or None for none."""
    if subsets is None:
        return None
    if max_samples is None or coreset != "random":
        raise ValueError(
            "`subsets` must be None without `max_samples`, which is their size, and with a "
            f"`coreset` other than 'random'. Received: subsets={subsets!r}, "
            f"max_samples={max_samples!r}, coreset={coreset!r}"
        )
    return check_integer("subsets", subsets, minimum=1)


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
