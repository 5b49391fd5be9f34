"""One class is normal, the others are anomalies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasocc.checks import check_fraction, check_integer
from kerasocc.datasets.image_sets import load_image_set
from kerasocc.datasets.one_class import OneClassDataset, Pool, cut, split
from kerasocc.datasets.preprocessing import contrast_min_max, min_max

TEST_FRACTION = 0.4
"""Of sources that have no test part of their own."""


def one_vs_rest(
    source: str | tuple[Any, Any],
    *,
    normal_class: Any = 0,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: Sequence[Any] | None = None,
    validation: float = 0.0,
    test: float | None = None,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Cut a labelled data set into a one-class problem.

    Args:
        source: `"digits"` (scikit-learn's 8x8 digits, embedded), the name of an
            image set of tensorflow-datasets (`"mnist"`, `"fashion_mnist"`,
            `"cifar10"`, ...), or arrays `(x, classes)` of shapes `(samples, ...)`
            and `(samples,)`.
        normal_class: The class that is normal: its number or, where the set has
            names, its name.
        contamination: Fraction of hidden anomalies in the unlabelled training
            samples, in [0, 1); they are added to all of the normal ones.
        labelled: Fraction of labelled anomalies in the training samples, in [0, 1).
        labelled_classes: Classes that labelled anomalies are drawn from; default all.
        validation: Fraction of the training part that is held out for validation,
            anomalies included, in [0, 1).
        test: Fraction of the samples that is the test part, in (0, 1); default
            0.4. None for a set that has a test part of its own.
        seed: Seed of all draws.
        data_dir: See `image_sets.load_image_set`.

    Returns:
        The data set, samples raw, with its `preprocessing` layer.

    Raises:
        ValueError: For unknown names and classes, fractions out of range, and more
            anomalies asked for than there are.
        OSError: If a set can be neither found nor downloaded.

    Example:
        >>> data = kerasocc.datasets.one_vs_rest("digits", normal_class=3)
        >>> model = kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing)
    """
    check_integer("seed", seed, minimum=0)
    loaded = _load(source, test, seed, data_dir)
    if labelled_classes is not None:
        labelled_classes = [loaded.number(value) for value in labelled_classes]
    is_image = loaded.train.x.ndim == 4
    return cut(
        f"{loaded.name}-{normal_class}",
        loaded.train,
        loaded.test,
        normal_class=loaded.number(normal_class),
        make_preprocessing=contrast_min_max if is_image else min_max,
        contamination=contamination,
        labelled=labelled,
        labelled_classes=labelled_classes,
        validation=validation,
        seed=seed,
    )


class _Loaded(NamedTuple):
    name: str
    train: Pool
    test: Pool
    class_names: list[str]

    def number(self, value: Any) -> Any:
        """The class of a name; what is no name stays as it is."""
        return self.class_names.index(value) if value in self.class_names else value


def _load(
    source: str | tuple[Any, Any],
    test: float | None,
    seed: int,
    data_dir: str | os.PathLike | None,
) -> _Loaded:
    if isinstance(source, str) and source != "digits":
        if test is not None:
            raise ValueError(
                f"`test` must be None: {source!r} has a test part of its own. "
                f"Received: test={test!r}"
            )
        return _Loaded(source, *load_image_set(source, data_dir))
    name, pool = _load_digits() if isinstance(source, str) else _load_arrays(source)
    fraction = TEST_FRACTION if test is None else check_fraction("test", test)
    parts = split(pool, fraction, np.random.default_rng([seed, 1]))
    return _Loaded(name, *parts, class_names=[])


def _load_digits() -> tuple[str, Pool]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return "digits", Pool(digits.images[..., None].astype("float32"), digits.target)


def _load_arrays(source: tuple[Any, Any]) -> tuple[str, Pool]:
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
