"""Scores, extreme images, hyperparameters and the graph of a model for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_installed, check_integer


class ScoreSummaries(keras.callbacks.Callback):
    """Write what `keras.callbacks.TensorBoard` does not: what the scores of a model look like.

    `keras.callbacks.TensorBoard` writes everything that a training logs, such as `epoch_loss`,
    `epoch_radius` and `epoch_embedding_spread`. This callback adds

    - a histogram of the scores, one per class with `labels`, and the scalars `score_mean` and
      `score_spread` (their standard deviation);
    - the images with the smallest and the largest scores, if the samples are images;
    - the hyperparameters, once;
    - the graph that computes a score, once, on the TensorFlow backend.

    Args:
        log_dir: Folder to write to; one of its own per training, such as that of `TensorBoard`.
        x: Samples to score, shape `(n, ...)`; None for up to `samples` of the training samples.
        labels: 0 normal, 1 anomaly, of `x`, shape `(n,)`, or None.
        every: Number of epochs between two histograms and pictures. The last epoch has one.
        samples: Number of training samples to score, where `x` is None.
        images: Most images of either end.
        hyperparameters: Values by name; None for the arguments of the model that are numbers,
            text or truth values, and the learning rate. An empty dict writes none.

    Raises:
        ValueError: If an argument is out of range, or TensorBoard is not installed.

    Example:
        >>> model.fit(x, epochs=50, callbacks=[
        ...     keras.callbacks.TensorBoard("logs/first"),
        ...     kerasocc.callbacks.ScoreSummaries("logs/first", x_val, y_val)])
    """

    def __init__(
        self,
        log_dir: str | os.PathLike,
        x: Any = None,
        labels: Any = None,
        *,
        every: int = 1,
        samples: int = 1000,
        images: int = 8,
        hyperparameters: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        check_installed("tensorboard", extra="tensorboard", purpose="`ScoreSummaries`")
        self.log_dir = os.fspath(log_dir)
        self.every = check_integer("every", every, minimum=1)
        self.samples = check_integer("samples", samples, minimum=1)
        self.images = check_integer("images", images, minimum=1)
        self.hyperparameters = hyperparameters
        self._x, self._labels = x, _checked_labels(x, labels)
        self._scored: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs=None):
        run = self.model.training_run
        self._scored = run.subset(self.samples) if self._x is None else self._x
        # All workers compute scores together, one of them writes.
        if not run.workers.is_chief:
            return
        import tensorflow as tf

        self._writer = tf.summary.create_file_writer(self.log_dir)
        with self._writer.as_default(step=0):
            _write_hyperparameters(self._hyperparameters())
            if keras.backend.backend() == "tensorflow":
                _write_graph(self.model, self._scored)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params.get("epochs"):
            return
        scores = np.asarray(self.model.score(self._scored))
        if self._writer is None:
            return
        with self._writer.as_default(step=epoch):
            self._write_scores(scores)
            if np.ndim(self._scored) == 4 and np.shape(self._scored)[-1] in (1, 3):
                self._write_extremes(scores)
        self._writer.flush()

    def on_train_end(self, logs=None):
        if self._writer is not None:
            self._writer.close()
        self._writer = self._scored = None

    def _write_scores(self, scores: np.ndarray) -> None:
        import tensorflow as tf

        tf.summary.scalar("score_mean", scores.mean(dtype="float64"))
        tf.summary.scalar("score_spread", scores.std(dtype="float64"))
        if self._labels is None:
            tf.summary.histogram("scores", scores)
            return
        for label, name in enumerate(("normal", "anomaly")):
            own = scores[self._labels == label]
            if len(own):
                tf.summary.histogram(f"scores/{name}", own)

    def _write_extremes(self, scores: np.ndarray) -> None:
        import tensorflow as tf

        order = np.argsort(scores, kind="stable")
        count = max(1, min(self.images, len(order) // 2))
        ends = {"smallest scores": order[:count], "largest scores": order[::-1][:count]}
        for name, chosen in ends.items():
            pictures = _as_bytes(np.asarray(self._scored[np.sort(chosen)]))
            ranks = np.argsort(np.argsort(chosen))
            shown = ", ".join(f"{scores[index]:.4g}" for index in chosen)
            tf.summary.image(name, pictures[ranks], max_outputs=count, description=shown)

    def _hyperparameters(self) -> dict[str, Any]:
        given = self.hyperparameters
        if given is None:
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            given = {**self.model.get_config(), "learning_rate": rate}
        return {k: v for k, v in given.items() if isinstance(v, (bool, int, float, str))}


def _checked_labels(x: Any, labels: Any) -> np.ndarray | None:
    if labels is None:
        return None
    labels = np.asarray(labels)
    if x is None or labels.shape != (len(x),) or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            "`labels` must be 0 (normal) or 1 (anomaly) for every sample of `x`. Received: "
            f"shape {labels.shape} for {'no `x`' if x is None else f'{len(x)} samples'}"
        )
    return labels


def _write_hyperparameters(values: Mapping[str, Any]) -> None:
    from tensorboard.plugins.hparams import api

    if values:
        api.hparams(dict(values))


def _write_graph(model: Any, x: Any) -> None:
    """Write the graph from samples to scores."""
    import tensorflow as tf

    first = np.asarray(x[:1])
    signature = tf.TensorSpec((None, *first.shape[1:]), first.dtype, name="samples")
    score = tf.function(lambda samples: model(samples, training=False))
    tf.summary.graph(score.get_concrete_function(signature).graph)


def _as_bytes(images: np.ndarray) -> np.ndarray:
    """Images as TensorBoard takes them: from 0 to 255, scaled together unless they are bytes."""
    if images.dtype == np.uint8:
        return images
    low, high = images.min(), images.max()
    return np.uint8(255 * (images - low) / (high - low if high > low else 1))
