"""How much of a training set is anomalous, from the losses of a trained model."""

from __future__ import annotations

import numpy as np

LARGEST = 0.5
"""More than this and the other part would be the anomalies."""


def estimate_contamination(losses: np.ndarray) -> float:
    """Estimate the fraction of anomalies from the losses `L_n` of all samples.

    Args:
        losses: Shape `(samples,)`, finite.

    Returns:
        In [0, 0.5].
    """
    from sklearn.mixture import GaussianMixture

    values = np.log(losses - losses.min() + 1e-3 * np.ptp(losses) + 1e-12)[:, None]
    if len(values) < 20 or np.ptp(values) == 0:
        return 0.0
    one, two = (GaussianMixture(n, random_state=0, n_init=3).fit(values) for n in (1, 2))
    if one.bic(values) <= two.bic(values):
        return 0.0
    upper = int(np.argmax(two.means_[:, 0]))
    return min(float(two.weights_[upper]), LARGEST)
