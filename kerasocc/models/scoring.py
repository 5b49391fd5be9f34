"""Scores, embeddings, calibration and the metrics of a ranking."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_fraction, check_integer, check_one_of_two
from kerasocc.models.labels import check_evaluation_labels
from kerasocc.models.sources import Batch, Source, as_source


class Scoring:
    """The inference half of `OneClassModel`."""

    def score(
        self, x: Any, *, batch_size: int | None = None, steps: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """Anomaly scores.

        Args:
            x: Array of shape `(samples, ...)` or a dataset of batches.
            batch_size: Samples per pass; the scores do not depend on it.
            steps: Number of batches, needed for endless datasets only.
            verbose: 1 shows a progress bar.

        Returns:
            Array of shape `(samples,)`, float32, larger is more anomalous.

        Raises:
            ValueError: For data that do not fit or hold NaN or infinity, and
                before the first fit.
        """
        source = as_source(x)
        self.ensure_built(source)
        if source.num_samples is None or source.num_samples > source.rows_read_at_once:
            # Not to say it after a long pass. A short one is not made to wait for the answer.
            self._check_fitted()
        scores = self.map_source(
            "score_if_fitted", source, batch_size=batch_size, steps=steps, verbose=verbose
        )
        if not np.isfinite(scores).all():
            self._check_fitted()
            check_scores(scores)
        return scores

    def score_if_fitted(self, x: Any) -> Any:
        """Scores of inputs `(batch, ...)`, shape `(batch,)`; NaN before the first fit."""
        fitted = self.has_state()
        return self(x) if fitted is True else keras.ops.where(fitted, self(x), np.nan)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None) -> np.ndarray:
        """Anomaly scores, as `score`; with `callbacks` through Keras's own loop."""
        if callbacks is not None:
            self._scoring_source(x)
            return super().predict(x, batch_size, verbose, steps, callbacks)
        return self.score(x, batch_size=batch_size, steps=steps, verbose=verbose == 1)

    def embed(
        self, x: Any, *, batch_size: int | None = None, steps: int | None = None
    ) -> np.ndarray:
        """Embeddings `phi(x)`, shape `(samples, d)`, in inference mode."""
        source = as_source(x)
        self.ensure_built(source)
        return self.map_source("embedding", source, batch_size=batch_size, steps=steps)

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
    ) -> Any:
        """Mean objective, exact rank AUC and average precision.

        Args:
            x: Array of shape `(samples, ...)` or a dataset of batches `(x, y)`.
            y: 0 normal, 1 anomaly, shape `(samples,)`; the AUC and the average
                precision are left out where it is None or holds one class only.
            batch_size: Samples per pass.
            verbose: 1 prints the results.
            sample_weight: Weights of the objective; the ranking ignores them.
            steps: Batches of an endless dataset.
            callbacks: Get `on_test_begin` and `on_test_end`.
            return_dict: Whether to return a dict instead of a list.

        Returns:
            `{"loss", "auc", "average_precision"}` or its values in this order.
        """
        hooks = keras.callbacks.CallbackList(callbacks, model=self)
        hooks.on_test_begin()
        source = self._scoring_source(x, y, sample_weight)
        seen: list[tuple[Any, Any]] = []
        losses, scores = self.map_source(
            "loss_and_score", source, batch_size=batch_size, steps=steps, seen=seen
        )
        labels, weights = (
            None if any(part is None for part in column) else np.concatenate(column)
            for column in zip(*seen, strict=True)
        )
        loss = float(np.mean(losses if weights is None else losses * weights))
        results = {"loss": loss + float(keras.ops.convert_to_numpy(self.weight_penalty()))}
        if labels is not None:
            check_evaluation_labels(labels)
            if 0 < labels.sum() < len(labels):
                results |= ranking_metrics(labels, check_scores(scores))
        hooks.on_test_end(results)
        if verbose not in (0, "auto"):
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        return results if return_dict else list(results.values())

    def calibrate(
        self, x: Any, *, contamination: float | None = None, fpr: float | None = None
    ) -> float:
        """Set the decision threshold to a quantile of the scores of `x`.

        Args:
            x: Samples, shape `(samples, ...)`.
            contamination: Fraction of anomalies in `x`, in [0, 1): as many of its
                samples, at most, will be flagged.
            fpr: Instead: false positive rate on `x`, which holds normal samples
                only; the same computation under the name of the other use.

        Returns:
            The threshold; a score above it is an anomaly.
        """
        check_one_of_two(("contamination", "fpr"), (contamination, fpr))
        name, rate = ("fpr", fpr) if contamination is None else ("contamination", contamination)
        rate = check_fraction(name, rate, zero=True)
        self.threshold.assign(threshold_at(self.score(x), rate))
        return float(keras.ops.convert_to_numpy(self.threshold))

    def is_anomaly(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Decisions, shape `(samples,)`, bool: whether the score exceeds the threshold.

        Raises:
            ValueError: Before `calibrate`.
        """
        threshold = keras.ops.convert_to_numpy(self.threshold)
        if np.isinf(threshold):
            raise ValueError(
                "The decision threshold is not set. Call `calibrate(x, contamination=...)` "
                "or `calibrate(x, fpr=...)` first."
            )
        return self.score(x, batch_size=batch_size) > threshold

    def map_source(
        self,
        method: str,
        source: Source,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        verbose: int = 0,
        seen: list | None = None,
        mean: bool = False,
    ) -> Any:
        """Apply a method of the model to every sample, in stored order.

        Args:
            method: Name of a method from a tensor `(batch, ...)` to a tensor
                `(batch, ...)` or a tuple of them.
            source: The samples.
            batch_size: Samples that go through the model at once; default 8000, fewer if
                they, or the views that the model makes of them, are large.
            steps: Number of batches to stop after.
            verbose: 1 shows a progress bar.
            seen: Gets the labels and weights of the batches, `(y, sample_weight)`.
            mean: Whether to return the mean over the samples, float64, for which the
                results are not held.

        Returns:
            NumPy array (or tuple of arrays), samples first.
        """
        size = batch_size
        if size is None:
            size = max(1, source.rows_at_once // self.views_per_sample)
        check_integer("batch_size", size, minimum=1)
        # A dataset keeps its batches, and a number of steps counts those of this size.
        read = size if steps is not None else max(size, source.rows_read_at_once)
        batches = source.batches(read, steps)
        if verbose:
            batches = _with_progress(batches, source, size)
        run = self._passes.mean if mean else self._passes.run
        return run(method, self._inputs(batches, seen), rows=size)

    def ensure_built(self, source: Source) -> None:
        """Build the model for the source's samples, or check that they fit it.

        Raises:
            ValueError: If the samples have another shape than the encoder takes.
        """
        shape = source.input_shape()
        if self.encoder_input_shape is not None:
            expected = self.encoder_input_shape[1:]
            matches = len(expected) == len(shape) and all(
                e is None or e == s for e, s in zip(expected, shape, strict=True)
            )
            if not matches:
                channel = "; add the channel axis with `x[..., None]`"
                raise ValueError(
                    f"`x` must hold samples of shape {expected}, which the encoder takes. "
                    f"Received: samples of shape {tuple(shape)}"
                    f"{channel if (*shape, 1) == expected else ''}"
                )
        self.build_by_call((None, *shape))

    def _scoring_source(self, x: Any, y: Any = None, sample_weight: Any = None) -> Source:
        source = as_source(x, y, sample_weight)
        self.ensure_built(source)
        self._check_fitted()
        return source

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise ValueError(f"{self.name} is not fitted yet. Call `fit` first.")

    @staticmethod
    def _inputs(batches: Iterator[Batch], seen: list | None) -> Iterator[np.ndarray]:
        for x, y, sample_weight in batches:
            if seen is not None:
                seen.append((y, sample_weight))
            yield x


def _with_progress(batches: Iterator[Batch], source: Source, size: int) -> Iterator[Batch]:
    total = None if source.num_samples is None else -(-source.num_samples // size)
    bar = keras.utils.Progbar(total, unit_name="batch")
    for batch in batches:
        yield batch
        bar.add(1 if total is None else -(-len(batch[0]) // size))
    if total is None:
        sys.stdout.write("\n")


def check_scores(scores: np.ndarray) -> np.ndarray:
    """Return the scores if all are finite.

    Raises:
        ValueError: Otherwise; the input was finite, so the weights are to blame.
    """
    bad = ~np.isfinite(scores)
    if bad.any():
        raise ValueError(
            f"The anomaly score is not finite for {int(bad.sum())} of {len(scores)} "
            f"samples (the first at index {int(bad.argmax())}) although the input is: "
            "the weights hold NaN or infinity or the values overflow. Train again with "
            "a smaller learning rate or with scaled inputs."
        )
    return scores


def threshold_at(scores: np.ndarray, rate: float) -> float:
    """Smallest score that at most a fraction `rate` of the scores exceeds.

    Args:
        scores: Shape `(samples,)`.
        rate: In [0, 1); 0 gives the largest score.
    """
    # The addend keeps a product such as 0.07 * 100 from falling below its integer.
    above = math.floor(rate * len(scores) + 1e-9)
    return float(np.sort(scores)[len(scores) - 1 - above])


def ranking_metrics(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Exact area under the ROC curve (ties count half) and average precision.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`; both classes present.
        scores: Larger is more anomalous, shape `(samples,)`.

    Returns:
        `{"auc": ..., "average_precision": ...}`.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
    }
