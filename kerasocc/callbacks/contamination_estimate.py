"""How much of a training set is anomalous, from the losses of a trained model."""

from __future__ import annotations

import numpy as np

FENCE = 1.5
"""Interquartile ranges between the upper quartile and what lies outside."""


def estimate_contamination(losses: np.ndarray) -> float:
    """Estimate the fraction of anomalies from the losses `L_n` of all samples.

    It is the fraction above Tukey's upper fence, `Q3 + 1.5 (Q3 - Q1)`. Nothing but the
    losses is known, so this is a guess: heavy tails of the normal samples count as
    anomalies, and anomalies that the model finds normal do not. On 24 tables and
    feature sets with 0 to 20 % contamination its mean error was 5.3 points, against 5.9
    of always guessing 10 % (`benchmarks/contamination_estimate.py`). A ratio that is
    known from elsewhere is better.

    Args:
        losses: Shape `(samples,)`, finite.

    Returns:
        In [0, 0.25].

    Reference:
        Tukey, Exploratory Data Analysis, 1977.
    """
    lower, upper = np.quantile(losses, [0.25, 0.75])
    return float(np.mean(losses > upper + FENCE * (upper - lower)))
