"""`OneClassDetector`: a one-class model as a scikit-learn outlier detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OutlierMixin,
    TransformerMixin,
)
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from kerasocc.checks import check_choice, check_fraction
from kerasocc.datasets.preprocessing import IMAGE_PREPROCESSINGS, TABLE_PREPROCESSINGS
from kerasocc.engine.decisions import Detector
from kerasocc.estimators.keras_state import with_models, without_models

NONE = "none"
"""The value of `preprocessing` that leaves the samples as they are."""


@dataclass(kw_only=True, eq=False, repr=False)
class OneClassDetector(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, OutlierMixin, BaseEstimator
):
    """Base of all detectors: one model, the scale of its samples, and its threshold.

    The signs are scikit-learn's: `score_samples` and `decision_function` are larger for more
    normal samples, `predict` gives +1 for normal samples and -1 for anomalies. `model_`, as all
    models of this package, scores anomalies higher.

    `X` has shape `(samples, features)`: array, list, data frame (whose column names are checked
    from then on) or sparse matrix, which is made dense; or it holds images, shape
    `(samples, height, width, channels)`. `y` is ignored except where a class says otherwise.
    Parameters are checked by `fit`.

    A threshold from the scores of samples that the model was trained on flags far more new
    normal samples than it promises. So by default a part of `X` is held out, which is not trained
    on, and the threshold is the conformal quantile of its scores: a new normal sample is flagged
    with a probability of at most `fpr` (`model_.calibration` has the interval). That takes
    samples that are normal. With `contamination` all samples train, and as many of them
    are flagged by `fit_predict`: what to do with contaminated data whose anomalies are wanted.

    Args:
        preprocessing: How samples are scaled: for tables `"standard"`, `"min-max"`, `"robust"`,
            `"quantile"`, for images `"contrast"`, `"unit"`, `"imagenet"`, or `"none"`. None for
            the usual one of the method.
        contamination: Share of the training samples that `fit_predict` flags, in [0, 0.5]; None
            for a threshold by `fpr`.
        fpr: False positive rate on new normal samples, in [0, 1).
        held_out: Share of the training samples that is held out to set the threshold.
        random_state: Seed, generator or None: of the weights, the order of the samples and
            the held-out part.
        verbose: As that of `fit` of a Keras model.

    Attributes:
        model_: The fitted model of this package, with its own methods (`p_values`, `select`,
            `calibrate`, `save`; `kerasocc.export` takes it).
        offset_: What `decision_function` subtracts from `score_samples`.
        n_features_in_: Number of features; for images their height.
        feature_names_in_: Names of the columns, of data frames alone.
        history_: Values per epoch.
    """

    preprocessing: str | None = None
    contamination: float | None = None
    fpr: float = 0.05
    held_out: float = 0.2
    random_state: Any = None
    verbose: Any = 0

    uses_labels: ClassVar[bool] = False
    """Whether `y` changes what is trained."""

    # What a subclass defines.

    def _fitted_model(
        self, x: np.ndarray, y: np.ndarray | None, sample_weight: np.ndarray | None, seed: int
    ) -> tuple[Detector, dict[str, list[float]]]:
        """A fitted model and its history.

        Args:
            x: Training samples, shape `(samples, ...)`.
            y: Their labels where `uses_labels`, else None.
            sample_weight: Shape `(samples,)`, or None.
            seed: Of all that is random.
        """
        raise NotImplementedError

    def _usual_preprocessing(self, is_image: bool) -> str:
        """The value of `preprocessing` that None stands for."""
        raise NotImplementedError

    def _checked_labels(self, y: Any, samples: np.ndarray) -> np.ndarray | None:
        """What is trained with of `y`."""
        return None

    # scikit-learn.

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train a new model and set its threshold.

        Args:
            X: Training samples, (nearly) all normal.
            y: Ignored, unless the class says otherwise.
            sample_weight: Factors of the losses, shape `(samples,)`, not negative. A sample of
                weight 0 is left out; the threshold counts the others alike.

        Returns:
            The detector.

        Raises:
            ValueError: For parameters and data that cannot be used, by name.
            CollapseError: If the training ended in hypersphere collapse.
        """
        self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray | None:
        """Do what `fit` says; returns the training scores by `contamination`, else None."""
        samples = self._checked(X, reset=True)
        labels = self._checked_labels(y, samples)
        if sample_weight is not None:
            weights = _checked_weights(sample_weight, samples)
            samples, labels, sample_weight = _rows(weights != 0, samples, labels, weights)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        trained, others = self._divided(len(samples), labels, seed)
        rows = _rows(trained, samples, labels, sample_weight)
        self.model_, self.history_ = self._fitted_model(*rows, seed)
        self._sample_shape = samples.shape[1:]
        if self.contamination is None:
            self.offset_ = -self.model_.calibrate(samples[others], fpr=self.fpr)
            return None
        # What a sample would score if it were new: none is its own neighbour.
        scores = self.model_.training_scores(samples, labels)
        self.offset_ = -self.model_.flag_share(scores, self.contamination)
        return scores

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the anomaly scores: larger is more normal, shape `(samples,)`, float64."""
        check_is_fitted(self)
        return -self.model_.score(self._checked(X)).astype("float64")

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples(X) - offset_`: negative for anomalies, shape `(samples,)`."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """+1 for normal samples, -1 for anomalies, shape `(samples,)`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_predict(self, X: Any, y: Any = None, **options: Any) -> np.ndarray:
        """Train, and say which training samples are anomalies.

        By `contamination`, no sample counts as its own neighbour here, as it does in `predict`.

        Args:
            X: Training samples.
            y: As for `fit`.
            **options: Further arguments of `fit`.

        Returns:
            +1 for normal samples, -1 for anomalies, shape `(samples,)`.
        """
        if self.contamination is None or options:
            return self.fit(X, y, **options).predict(X)
        return np.where(self._fit(X, y) > -self.offset_, -1, 1)

    def transform(self, X: Any) -> np.ndarray:
        """The embeddings of the samples, shape `(samples, d)`, float32."""
        check_is_fitted(self)
        embedded = self.model_.embed(self._checked(X))
        return embedded.reshape(len(embedded), -1)

    @property
    def _n_features_out(self) -> int:
        return self.model_.embed(np.zeros((1, *self._sample_shape), "float32")).size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        return without_models(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(with_models(state))

    # What all of them share.

    def _checked(self, X: Any, *, reset: bool = False) -> np.ndarray:
        """The samples as an array; with `reset` features and their names are those of `X`."""
        found = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            allow_nd=True,
            # There is nothing to be held out of one sample.
            ensure_min_samples=2 if reset else 1,
        )
        return found if isinstance(found, np.ndarray) else found.toarray()

    def _divided(
        self, count: int, labels: np.ndarray | None, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the samples that train, and of those that set the threshold."""
        every = np.arange(count)
        if self.contamination is not None:
            check_contamination(self.contamination, zero=True)
            return every, every
        check_fraction("fpr", self.fpr, zero=True)
        check_fraction("held_out", self.held_out)
        normal = every if labels is None else np.flatnonzero(labels >= 0)
        order = np.random.default_rng(seed).permutation(normal)
        others = order[: max(round(self.held_out * len(order)), 1)]
        if not len(others) or len(others) == count:
            raise ValueError(
                "`X` must hold normal samples, of which a part is held out and the others train. "
                f"Received: {len(normal)} normal samples, held_out={self.held_out!r}"
            )
        return np.setdiff1d(every, others), np.sort(others)

    def _scaling(self, x: np.ndarray) -> keras.layers.Layer | None:
        """The layer that scales samples of shape `(samples, ...)`, adapted to them."""
        is_image = x.ndim == 4
        recipes = IMAGE_PREPROCESSINGS if is_image else TABLE_PREPROCESSINGS
        name = self._chosen_preprocessing(is_image)
        check_choice("preprocessing", name, [*recipes, NONE])
        return None if name == NONE else recipes[name](x)

    def _chosen_preprocessing(self, is_image: bool) -> str:
        usual = self._usual_preprocessing(is_image)
        return usual if self.preprocessing is None else self.preprocessing

    def _model_options(self, x: np.ndarray, seed: int) -> dict[str, Any]:
        """The arguments that all models share."""
        names = getattr(self, "feature_names_in_", None)
        return {
            "preprocessing": self._scaling(x),
            "seed": seed,
            "feature_names": None if names is None else list(names),
        }


def check_contamination(value: Any, *, zero: bool = False) -> float:
    """Return a share of anomalies, at most 0.5, and above 0 unless `zero`."""
    try:
        rate = check_fraction("contamination", value, zero=zero)
    except ValueError:
        rate = 1.0
    if rate > 0.5:
        raise ValueError(
            f"`contamination` must be in {'[' if zero else '('}0, 0.5]. Received: "
            f"contamination={value!r}"
        )
    return rate


def _checked_weights(given: Any, samples: np.ndarray) -> np.ndarray:
    weights = check_array(given, ensure_2d=False, input_name="sample_weight", dtype="float64")
    if weights.shape != (len(samples),):
        raise ValueError(
            f"`sample_weight` must have shape ({len(samples)},). Received: shape {weights.shape}"
        )
    if not weights.any():
        raise ValueError("`sample_weight` must hold weights above zero. Received: zero alone")
    return weights


def _rows(which: np.ndarray, *arrays: np.ndarray | None) -> tuple[np.ndarray | None, ...]:
    """Some rows of each array; None for None."""
    return tuple(None if array is None else array[which] for array in arrays)
