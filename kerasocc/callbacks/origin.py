"""Whether a hyperplane that separates embeddings from the origin says anything."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

SAMPLES = 1024
"""Number of training samples that are looked at."""
LEAST_SEPARATION = 0.35
"""Separation below which the embeddings count as lying around the origin."""


def separation_from_origin(embeddings: np.ndarray) -> float:
    """How far embeddings lie to one side of the origin, between 0 and 1.

    `||mean(phi / ||phi||)||`, which is 0 for embeddings in all directions and 1 for a single
    direction, times the ratio of the first to the last decile of `||phi||`, which is near 0 where
    embeddings reach down to the origin and 1 where all have one length.

    Embeddings far from the origin have about 1, centred ones 0. Random Fourier features of
    standardised columns have at least `exp(-1)`, 0.37, at the default `gamma`.

    Args:
        embeddings: `phi`, shape `(samples, d)`.
    """
    length = np.linalg.norm(embeddings.astype("float64"), axis=1)
    direction = embeddings / np.maximum(length, 1e-30)[:, None]
    shortest, longest = np.quantile(length, [0.1, 0.9])
    return float(np.linalg.norm(direction.mean(axis=0)) * shortest / max(longest, 1e-30))


def warn_if_around_origin(model: Any, embeddings: np.ndarray) -> None:
    """Warn if the embeddings of the training samples lie around the origin.

    Args:
        model: Is named in the warning.
        embeddings: What its hyperplane separates from the origin, shape `(samples, d)`.
    """
    separation = separation_from_origin(embeddings)
    if separation < LEAST_SEPARATION:
        warnings.warn(
            f"The embeddings of the training samples of {model.name} lie around the origin "
            f"(separation {separation:.2f}, below {LEAST_SEPARATION}), which makes the "
            "origin a normal point: a hyperplane that separates them from it says nothing about "
            "samples farther out, and may rank them as the most normal. Put "
            "`kerasocc.networks.fourier_features` in front (with a smaller `gamma` if they are "
            "there), or scale the embeddings to length 1 with `normalize=True`. "
            "`QuantileUpdate(action='log')` silences this warning.",
            stacklevel=2,
        )
