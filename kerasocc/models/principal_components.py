"""The principal components of embeddings."""

from __future__ import annotations

import numpy as np

MOST_COMPONENTS = 256
_ROWS = 10_000


def principal_components(rows: np.ndarray, components: float, seed: int) -> np.ndarray:
    """Directions of the largest variance, orthonormal, by randomized SVD.

    Args:
        rows: Shape `(samples, d)`; of more than 10,000 that many are drawn.
        components: Their number, or if it is below 1 the share of the variance that they hold
            together, by at most 256 of them.
        seed: Seed of the draws.

    Returns:
        Shape `(d, components)`, float32; no more components than `d` and the samples allow.
    """
    from sklearn.decomposition import PCA

    if len(rows) > _ROWS:
        drawn = np.random.default_rng(seed).choice(len(rows), _ROWS, replace=False)
        rows = rows[np.sort(drawn)]
    wanted = MOST_COMPONENTS if components < 1 else int(components)
    possible = max(1, min(wanted, *rows.shape))
    found = PCA(possible, svd_solver="randomized", random_state=seed).fit(rows)
    if components < 1:
        held = np.cumsum(found.explained_variance_ratio_)
        # Rounding can leave the last sum just below the share.
        possible = min(possible, int(np.searchsorted(held, components - 1e-6)) + 1)
    return found.components_[:possible].T.astype("float32")
