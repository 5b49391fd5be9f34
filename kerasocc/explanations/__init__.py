"""Explanations: which pixels and columns made an anomaly score, and how well maps find defects.

`model.explain(x)` gives them for a model; here are its parts, for scores of any kind, and the
metrics of heat maps against known masks.
"""

from kerasocc.explanations.columns import top_columns
from kerasocc.explanations.localization import aupro, pixel_auc
from kerasocc.explanations.occlusion import occlude_features, occlude_windows
from kerasocc.explanations.paths import integrated_gradients

__all__ = [
    "aupro",
    "integrated_gradients",
    "occlude_features",
    "occlude_windows",
    "pixel_auc",
    "top_columns",
]
