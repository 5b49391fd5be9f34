"""The detectors that are trained with outliers: the hypersphere classifier and FCDD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.defaults.training import FCDD as FCDD_TRAINING
from kerasocc.defaults.training import HYPERSPHERE_CLASSIFIER, IMAGES_WITH_OUTLIERS, Training
from kerasocc.estimators.labels import checked_labels
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.models.fcdd import FCDD
from kerasocc.models.hypersphere_classifier import HypersphereClassifier
from kerasocc.networks.fcdd import usual_fcdd

UNIFORM = "uniform"
"""The value of `outliers` that draws them."""
DRAWN_PER_SAMPLE = 4


@dataclass(kw_only=True, eq=False, repr=False)
class ExposedDetector(NetworkDetector):
    """Base of the detectors that are trained with outliers.

    Args:
        outliers: Samples that are not normal, of the shape of those of `X`; `"uniform"` draws
            them from the range of every feature in the training samples; None for the
            anomalies of `y` alone.
        outlier_fraction: Share of every batch that they are, in (0, 1).
    """

    outliers: Any = None
    outlier_fraction: float = 0.5

    uses_labels: ClassVar = True
    of_images: ClassVar = IMAGES_WITH_OUTLIERS

    def _checked_labels(self, y: Any, samples: np.ndarray) -> np.ndarray | None:
        return checked_labels(y, samples)

    def _fit_options(self, x: np.ndarray, seed: int) -> dict[str, Any]:
        outliers = self.outliers
        if isinstance(outliers, str):
            if outliers != UNIFORM:
                raise ValueError(
                    f"`outliers` must be samples, {UNIFORM!r} or None. Received: "
                    f"outliers={outliers!r}"
                )
            outliers = uniform_outliers(x, seed)
        if outliers is None:
            return {}
        return {"outliers": outliers, "outlier_fraction": self.outlier_fraction}


def uniform_outliers(x: np.ndarray, seed: int) -> np.ndarray:
    """Outliers from the range of every feature, four for each sample.

    Anomalies are where the density is low beside that of the uniform distribution: Steinwart
    et al., A Classification Framework for Anomaly Detection, JMLR 2005. In many dimensions they
    are far from everything, and teach little.

    Args:
        x: Shape `(samples, ...)`.
        seed: Of the draw.

    Returns:
        Shape `(4 * samples, ...)`, float32.
    """
    generator = np.random.default_rng([seed, 11])
    drawn = generator.uniform(size=(DRAWN_PER_SAMPLE * len(x), *x.shape[1:]))
    low, high = x.min(axis=0).astype("float64"), x.max(axis=0).astype("float64")
    return (low + drawn * (high - low)).astype("float32")


@dataclass(kw_only=True, eq=False, repr=False)
class HypersphereClassifierDetector(ExposedDetector):
    """Hypersphere classifier (Ruff et al., 2020): normal samples around the origin, outliers far.

    `y` has what is known of the samples, as for `DeepSADDetector`: -1 for an anomaly.

    Args:
        outliers: Samples that are not normal, of the shape of those of `X`: rows of other
            tables, images of other things. `"uniform"`, the default, draws them from the range
            of every feature in the training samples; None for the anomalies of `y` alone.
        outlier_fraction: Share of every batch that they are, in (0, 1).

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Example:
        >>> from kerasocc.estimators import HypersphereClassifierDetector
        >>> detector = HypersphereClassifierDetector(outliers=X_other, random_state=0)
        >>> detector.fit(X_train).predict(X_new)  # +1 normal, -1 anomaly

    References:
        - Ruff et al., Rethinking Assumptions in Deep Anomaly Detection, arXiv 2006.00339, 2020.
        - Steinwart et al., A Classification Framework for Anomaly Detection, JMLR 2005.
    """

    outliers: Any = UNIFORM

    of_tables: ClassVar = HYPERSPHERE_CLASSIFIER

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> HypersphereClassifier:
        return HypersphereClassifier(encoder, **options)


@dataclass(kw_only=True, eq=False, repr=False)
class FCDDDetector(ExposedDetector):
    """FCDD (Liznerski et al., ICLR 2021): the heat map of an image is its anomaly score.

    For images, shape `(samples, height, width, channels)`; `model_.explain(X)` gives the heat
    maps. `y` has what is known of the samples, as for `DeepSADDetector`: -1 for an anomaly.

    Args:
        outliers: Images that are not normal, of the shape of those of `X`: of other things, or
            altered ones (`kerasocc.datasets.alterations`). None for the anomalies of `y` alone,
            one of which there must be.
        outlier_fraction: Share of every batch that they are, in (0, 1).
        receptive_field: Pixels per side that a cell of the map sees; None finds it.
        heat_map_width: Standard deviation of the heat maps' Gaussian in pixels; None for that
            of the receptive field.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Liznerski et al., Explainable Deep One-Class Classification, ICLR 2021.
    """

    receptive_field: int | None = None
    heat_map_width: float | None = None

    of_images: ClassVar = FCDD_TRAINING

    def _training(self, is_image: bool) -> Training:
        if not is_image:
            raise ValueError(
                "`X` must hold images, shape (samples, height, width, channels), over which the "
                "network of FCDD moves. Received: rows of a table"
            )
        if self.hidden is not None:
            raise ValueError(
                f"`hidden` must be None: FCDD is for images. Received: hidden={self.hidden!r}"
            )
        return super()._training(is_image)

    def _make_encoder(self, x: np.ndarray, seed: int) -> keras.Model:
        return usual_fcdd(tuple(x.shape[1:]), seed=seed)

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> FCDD:
        return FCDD(
            encoder,
            receptive_field=self.receptive_field,
            heat_map_width=self.heat_map_width,
            **options,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.sparse = False
        return tags
