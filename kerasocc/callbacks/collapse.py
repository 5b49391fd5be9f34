"""Detection of hypersphere collapse."""

from __future__ import annotations

import math
import warnings

import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_choice, check_integer, check_non_negative

CAUGHT_UP = 0.05
"""Share of random weights in moving statistics that have caught up with the samples."""


class CollapseError(RuntimeError):
    """Raised when a training ends with a network that maps all samples to one point."""


def report_collapse(message: str, action: str) -> None:
    """Raise a `CollapseError`, warn, or do nothing.

    Args:
        message: Text of the error or warning.
        action: `"raise"`, `"warn"` or `"log"`.
    """
    if action == "raise":
        raise CollapseError(message)
    if action == "warn":
        warnings.warn(message, stacklevel=3)


class CollapseMonitor(StateCallback):
    """Monitor the spread of the embeddings and report hypersphere collapse.

    A network that maps every sample to the center minimises the one-class objective and
    detects nothing (hypersphere collapse, section 3.4 of Deep SVDD). Logs
    `embedding_spread`, the root mean square over the dimensions of the standard deviation
    of `phi`, and `embedding_log_volume`, the sum over the dimensions of the logarithm of
    the standard deviation. Of a model whose embeddings count by their direction alone, which is
    `OCNN`, they are scaled to length 1 first.

    The network counts as collapsed if the spread, relative to the root mean square of the
    entries of the embeddings, is below `tolerance` after the training. It is looked at after the
    first epoch too, and a training is stopped there whose end it tells: if the network has
    collapsed in training mode as well and nothing in the objective leads out of it, or if the
    moving statistics of BatchNorm, with which the network scores, are so far from those of the
    samples that the remaining steps cannot bring them there.

    Args:
        samples: Number of training samples to embed.
        tolerance: Relative spread below which the network counts as collapsed.
        action: What to do if the network has collapsed: `"raise"` a `CollapseError`, `"warn"`
            and go on, or only `"log"` the spread.

    Attributes:
        spread: List of arrays of shape `(d,)`: the standard deviation of each embedding
            dimension after each epoch.
    """

    def __init__(self, *, samples: int = 256, tolerance: float = 1e-4, action: str = "raise"):
        super().__init__()
        self.samples = check_integer("samples", samples, minimum=2)
        self.tolerance = check_non_negative("tolerance", tolerance)
        self.action = check_choice("action", action, ["raise", "warn", "log"])
        self.spread: list[np.ndarray] = []
        self._sample = None

    def on_train_begin(self, logs=None):
        self.spread = []
        self._sample = self.model.training_run.subset(self.samples)

    def on_epoch_end(self, epoch, logs=None):
        spread, size = self._spread_and_size()
        self.spread.append(spread)
        if logs is not None:
            logs["embedding_spread"] = float(np.sqrt(np.mean(spread**2)))
            logs["embedding_log_volume"] = float(np.log(np.maximum(spread, 1e-30)).sum())
        relative = _relative(spread, size)
        epochs, steps = (self.params.get(name) or 1 for name in ("epochs", "steps"))
        if len(self.spread) == 1 and epoch + 1 < epochs and relative < self.tolerance:
            self._report_if_hopeless(relative, (epochs - epoch) * steps)

    def finish(self):
        relative = _relative(*self._spread_and_size())
        if relative < self.tolerance:
            in_training = self._relative_in_training()
            lags = in_training is not None and in_training >= self.tolerance
            message = self._about_statistics(relative) if lags else self._about_collapse(relative)
            report_collapse(message, self.action)
        self._sample = None

    def _report_if_hopeless(self, relative: float, steps: int) -> None:
        """Report a collapse that the training cannot end without.

        Args:
            relative: Relative spread in inference mode.
            steps: How many steps the training has in all.
        """
        in_training = self._relative_in_training()
        if in_training is not None and in_training >= self.tolerance:
            momentum = max(layer.momentum for layer in self.model.batch_norms())
            if momentum**steps > CAUGHT_UP:
                report_collapse(self._about_statistics(relative), self.action)
        elif not self.model.can_leave_collapse:
            report_collapse(self._about_collapse(relative), self.action)

    def _relative_in_training(self) -> float | None:
        """Relative spread in training mode, None where that is not to be had."""
        embedding = self.model.embeddings_in_training_mode(self._sample)
        return None if embedding is None else _relative(*_spread_and_size_of(embedding))

    def _about_collapse(self, relative: float) -> str:
        return (
            f"{type(self.model).__name__} collapsed: it maps all training samples to one "
            f"point (hypersphere collapse). Their embeddings differ by {relative:.1e} of their "
            "size, so the scores are meaningless. Use an encoder without biases, bounded "
            "activations and trainable BatchNorm parameters, pretrain it "
            "(`kerasocc.pretrain`), lower the learning rate or train for fewer epochs. "
            "`CollapseMonitor(action='warn')` returns the model anyway."
        )

    def _about_statistics(self, relative: float) -> str:
        layers = self.model.batch_norms()
        return (
            f"{type(self.model).__name__} maps all training samples to one point in inference "
            f"mode, in which it scores: their embeddings differ by {relative:.1e} of their size. "
            "In training mode they do not, so it is no collapse of the weights: the moving "
            f"statistics of its {len(layers)} BatchNorm layers are still those of random weights. "
            "Train for more steps, give the layers a smaller `momentum` (now up to "
            f"{max(layer.momentum for layer in layers)}), or start from pretrained weights. "
            "`CollapseMonitor(action='warn')` goes on."
        )

    def _spread_and_size(self) -> tuple[np.ndarray, float]:
        """Standard deviation per dimension, shape `(d,)`, and RMS of the entries."""
        return _spread_and_size_of(self.model.embeddings_to_monitor(self._sample))


def _spread_and_size_of(embedding: np.ndarray) -> tuple[np.ndarray, float]:
    embedding = embedding.astype("float64").reshape(len(embedding), -1)
    return embedding.std(axis=0), float(np.sqrt(np.mean(embedding**2)))


def _relative(spread: np.ndarray, size: float) -> float:
    return math.sqrt(np.mean(spread**2)) / max(size, 1e-30)
