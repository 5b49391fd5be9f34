"""One class is normal, the others are anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction, check_integer
from kerasocc.datasets.one_class import OneClassDataset, Pool, cut, split
from kerasocc.datasets.preprocessing import contrast_min_max, min_max

KNOWN = ("digits",)
"""Data sets known by name."""


def one_vs_rest(
    source: str | tuple[Any, Any],
    *,
    normal_class: Any = 0,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: Sequence[Any] | None = None,
    validation: float = 0.0,
    test: float = 0.4,
    seed: int = 0,
) -> OneClassDataset:
    """Cut a labelled data set into a one-class problem.

    Args:
        source: `"digits"` (scikit-learn's 8x8 digits, embedded), or arrays
            `(x, classes)` of shapes `(samples, ...)` and `(samples,)`.
        normal_class: The class that is normal.
        contamination: Fraction of hidden anomalies in the unlabelled training
            samples, in [0, 1); they are added to all of the normal ones.
        labelled: Fraction of labelled anomalies in the training samples, in [0, 1).
        labelled_classes: Classes that labelled anomalies are drawn from; default all.
        validation: Fraction of the training part that is held out for validation,
            anomalies included, in [0, 1).
        test: Fraction of the samples that is the test part, in (0, 1).
        seed: Seed of all draws.

    Returns:
        The data set, samples raw, with its `preprocessing` layer.

    Raises:
        ValueError: For unknown names and classes, fractions out of range, and more
            anomalies asked for than there are.

    Example:
        >>> data = kerasocc.datasets.one_vs_rest("digits", normal_class=3)
        >>> model = kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing)
    """
    name, pool = _load(source)
    generator = np.random.default_rng([check_integer("seed", seed, minimum=0), 1])
    train_part, test_part = split(pool, check_fraction("test", test), generator)
    is_image = pool.x.ndim == 4
    return cut(
        f"{name}-{normal_class}",
        train_part,
        test_part,
        normal_class=normal_class,
        make_preprocessing=contrast_min_max if is_image else min_max,
        contamination=contamination,
        labelled=labelled,
        labelled_classes=labelled_classes,
        validation=validation,
        seed=seed,
    )


def _load(source: str | tuple[Any, Any]) -> tuple[str, Pool]:
    if isinstance(source, str):
        if source not in KNOWN:
            raise ValueError(
                f"`source` must be one of {list(KNOWN)} or arrays `(x, classes)`. "
                f"Received: {source!r}"
            )
        from sklearn.datasets import load_digits

        digits = load_digits()
        return source, Pool(digits.images[..., None].astype("float32"), digits.target)
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a name or a pair of arrays `(x, classes)`. "
            f"Received: {type(source).__name__}"
        )
    x, classes = np.asarray(source[0]), np.asarray(source[1])
    if x.ndim < 2 or classes.shape != (len(x),):
        raise ValueError(
            "`source` must be `(x, classes)` of shapes (samples, ...) and (samples,). "
            f"Received: shapes {x.shape} and {classes.shape}"
        )
    return "arrays", Pool(x, classes)
