"""Which training samples a model of nearest neighbours stores."""

from __future__ import annotations

import numpy as np


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


def greedy_coreset(embeddings: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Positions of `count` samples that cover all of them, in ascending order.

    The first is drawn, each further one is the sample that is farthest from those before it, so
    that no sample is more than twice as far from the nearest chosen one as it would have to be
    (greedy k-center). It takes `samples * count` distances.

    Args:
        embeddings: Shape `(samples, d)`.
        count: At most this many; all of fewer samples.
        seed: Seed of the draw of the first one.

    Reference:
        Sener and Savarese, Active Learning for Convolutional Neural Networks: A Core-Set
        Approach, ICLR 2018, algorithm 1.
    """
    samples = len(embeddings)
    if samples <= count:
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
