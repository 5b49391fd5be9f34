"""`Explainable`: which pixels and columns made the scores of a model."""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_choice, check_integer
from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.datasets.storage.rows import rows_in_flight
from kerasocc.engine.decisions import Detector
from kerasocc.engine.input_gradients import input_gradient
from kerasocc.engine.sources import Source
from kerasocc.explanations.columns import sum_over_columns, typical_row
from kerasocc.explanations.occlusion import occlude_features, occlude_windows
from kerasocc.explanations.paths import integrated_gradients

GENERAL = ("integrated-gradients", "gradients", "occlusion")
"""Methods for every model."""
REFERENCE_SAMPLES = 1000
"""Most samples of a `baseline` that its median is taken of."""

inputs_are_prepared: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "inputs_are_prepared", default=False
)
"""Whether inputs of a model have passed its preprocessing: a score is explained from there on."""


class Explainable(Detector):
    """How the scores of a model are explained.

    Attributes:
        own_explanation: Name of the method that `contributions` is of; None without.
    """

    own_explanation: str | None = None

    def contributions(self, x: Any) -> Any:
        """The model's own explanation, a tensor.

        Args:
            x: Tensor of inputs, shape `(batch, ...)`.

        Returns:
            Shape of the prepared inputs, or for images `(batch, height, width, 1)`, float32.
        """
        raise NotImplementedError

    @property
    def explanation_methods(self) -> tuple[str, ...]:
        """What `explain` takes as `method`, the default first."""
        if self.own_explanation is not None:
            return (self.own_explanation, *GENERAL)
        # The score of an ensemble may be a rank, which has no gradient.
        return GENERAL if hasattr(self, "prepare") else GENERAL[::-1]

    def explain(
        self,
        x: Any,
        method: str | None = None,
        *,
        baseline: Any = None,
        steps: int = 32,
        window: int | None = None,
        stride: int | None = None,
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Which pixels or columns made the scores.

        - `"heat-map"`, of `FCDD`: its anomaly map on the scale of the image.
        - `"reconstruction"`, of autoencoders: the squared error of every feature.
        - `"integrated-gradients"`: contributions that add up to the difference between the score
          and that of the baseline.
        - `"gradients"`: the absolute gradient of the score, how fast it changes.
        - `"occlusion"`: what the score loses when a window of an image, or a column of a table,
          is replaced by the baseline.

        The first two are exact: they add up to the score. The others explain the score from the
        preprocessed sample on.

        Args:
            x: Samples, as for `score`.
            method: One of the above; None for the model's own, or else integrated gradients
                (occlusion for an ensemble, whose score may be a rank).
            baseline: Samples whose median (after the preprocessing; of categories and dates the
                most frequent) is compared with, normal ones as a rule. None compares an image
                with its own mean colour, other samples with 0 after the preprocessing, which is
                the mean of standardized columns.
            steps: Points on the path of integrated gradients.
            window: Side of the window that occludes an image, in pixels; default an eighth of
                the shorter side, at least 2.
            stride: Pixels from window to window; default half a window.
            batch_size: Samples per pass; the result does not depend on it.

        Returns:
            Float32, larger is more anomalous; for images `(samples, height, width, 1)`, for
            rows of a table `(samples, columns)`, the columns of the table before they became
            features; else the shape of `x`.

        Raises:
            ValueError: If the model is not fitted or an argument is not allowed.

        Reference:
            Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017; Zeiler and
            Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.
        """
        names = self.explanation_methods
        method = names[0] if method is None else check_choice("method", method, names)
        check_integer("steps", steps, minimum=1)
        source = self.scoring_source(x)
        shape = tuple(source.input_shape())
        is_general = method not in ("gradients", self.own_explanation)
        if is_general and baseline is None and len(shape) != 3 and not hasattr(self, "prepare"):
            raise ValueError(
                "`baseline` must be given to explain an ensemble of rows: normal samples, whose "
                "median the columns are compared with. Received: baseline=None"
            )
        reference = None if baseline is None else self._median(baseline)
        sides = _window_of(shape, window, stride)
        if batch_size is None:
            batch_size = max(1, rows_in_flight(shape) // getattr(self, "views_per_sample", 1))
        check_integer("batch_size", batch_size, minimum=1)

        def of_batch(samples: np.ndarray) -> np.ndarray:
            if method == self.own_explanation:
                return self._map("contributions", samples)
            prepared = self._map("prepared_inputs", samples)
            compared = _neutral(prepared) if reference is None else reference
            if method == "gradients":
                return np.abs(self._gradient(prepared))
            if method == "integrated-gradients":
                return integrated_gradients(self._gradient, prepared, compared, steps)
            if len(shape) == 3:
                return occlude_windows(self._score, prepared, compared, *sides)
            flat = prepared.reshape(len(prepared), -1)
            score = _of_shape(self._score, shape)
            groups = self._feature_groups() or list(np.arange(flat.shape[1])[:, None])
            return occlude_features(score, flat, np.reshape(compared, (len(compared), -1)), groups)

        return np.concatenate(
            [self._reduced(of_batch(part), shape) for part in _parts(source, batch_size)]
        )

    # Methods of tensors that `inference` compiles.

    def prepared_inputs(self, x: Any) -> Any:
        """Inputs `(batch, ...)` as the score is explained from, float32."""
        return self.prepare(x) if self._explains_prepared(x.shape[1:]) else _as_float(x)

    def score_of_prepared(self, prepared: Any) -> Any:
        """Scores, shape `(batch,)`, of what `prepared_inputs` returned."""
        token = inputs_are_prepared.set(self._explains_prepared(prepared.shape[1:]))
        try:
            return self(prepared)
        finally:
            inputs_are_prepared.reset(token)

    def gradient_of_prepared(self, prepared: Any) -> Any:
        """Gradient of the score for what `prepared_inputs` returned, the same shape."""
        return input_gradient(self.score_of_prepared, prepared)

    def _explains_prepared(self, shape: tuple[int | None, ...]) -> bool:
        """Whether prepared samples have the shape of raw ones, so that both have the pixels."""
        known = getattr(self, "prepared_shape", None)
        return known is not None and tuple(known(tuple(shape))) == tuple(shape)

    def _map(self, method: str, samples: np.ndarray) -> np.ndarray:
        return np.asarray(self.inference.run(method, [samples]), "float32")

    def _score(self, prepared: np.ndarray) -> np.ndarray:
        return self._map("score_of_prepared", prepared)

    def _gradient(self, prepared: np.ndarray) -> np.ndarray:
        found = self._map("gradient_of_prepared", prepared)
        # A root or a maximum has no gradient at a corner, where it may become NaN.
        return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)

    def _median(self, baseline: Any) -> np.ndarray:
        """The median of prepared samples, shape `(1, ...)`."""
        try:
            source = self.source_of(baseline)
            self.ensure_built(source)
        except ValueError as error:
            raise ValueError(str(error).replace("`x`", "`baseline`")) from error
        samples = source.subset(REFERENCE_SAMPLES, source.rows_at_once)
        parts = [
            self._map("prepared_inputs", samples[start : start + source.rows_at_once])
            for start in range(0, len(samples), source.rows_at_once)
        ]
        prepared, groups = np.concatenate(parts), self._feature_groups()
        if groups is not None and prepared.ndim == 2:
            return typical_row(prepared, groups)
        return np.median(prepared, axis=0, keepdims=True)

    def _feature_groups(self) -> list[np.ndarray] | None:
        """Positions of the features of every column of a table with text or dates, or None."""
        return None if self.table_features is None else feature_groups(self.table_features)

    def _reduced(self, found: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Contributions of pixels and of columns, from those of channels and of features."""
        if len(shape) == 3:
            return found.sum(axis=-1, keepdims=True)
        groups = self._feature_groups()
        if groups is not None and found.shape[1:] == shape:
            return sum_over_columns(found, groups)
        return found.reshape(len(found), *(found.shape[1:] if groups else shape))


def feature_groups(features: TableFeatures) -> list[np.ndarray]:
    """Positions of the features of every column of a table."""
    widths = [len(column.feature_names) for column in features.columns]
    return np.split(np.arange(sum(widths)), np.cumsum(widths)[:-1])


def _as_float(x: Any) -> Any:
    return keras.ops.cast(x, "float32")


def _neutral(prepared: np.ndarray) -> np.ndarray:
    """What samples are compared with where no others are given; see `explain`."""
    if prepared.ndim == 4:
        return prepared.mean(axis=(1, 2), keepdims=True)
    return np.zeros((1, *prepared.shape[1:]), "float32")


def _of_shape(
    score: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]
) -> Callable[[np.ndarray], np.ndarray]:
    """A function of flat samples from one of samples of a shape."""
    return lambda flat: score(flat.reshape(len(flat), *shape))


def _parts(source: Source, batch_size: int) -> Iterator[np.ndarray]:
    for x, _, _ in source.batches(batch_size):
        yield from (x[start : start + batch_size] for start in range(0, len(x), batch_size))


def _window_of(shape: tuple[int, ...], window: int | None, stride: int | None) -> tuple[int, int]:
    """Side and stride of the window that occludes images of a shape."""
    side = min(shape[:2]) if len(shape) == 3 else math.inf
    if window is None:
        window = 2 if side == math.inf else min(max(side // 8, 2), side)
    if check_integer("window", window, minimum=1) > side:
        raise ValueError(
            f"`window` must be at most the shorter side of the images, {side}. Received: "
            f"window={window}"
        )
    stride = max(window // 2, 1) if stride is None else check_integer("stride", stride, minimum=1)
    if stride > window:
        raise ValueError(
            f"`stride` must be at most `window`, {window}, so that every pixel is covered. "
            f"Received: stride={stride}"
        )
    return window, stride
