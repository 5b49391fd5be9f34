"""Detection of hypersphere collapse."""

from __future__ import annotations

import math
import warnings

import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_choice, check_integer, check_non_negative


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
    entries of the embeddings, is below `tolerance` after the training.

    Args:
        samples: Number of training samples to embed.
        tolerance: Relative spread below which the network counts as collapsed.
        action: What to do after the training if the network has collapsed: `"raise"` a
            `CollapseError`, `"warn"`, or only `"log"` the spread.

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
        spread, _ = self._spread_and_size()
        self.spread.append(spread)
        if logs is not None:
            logs["embedding_spread"] = float(np.sqrt(np.mean(spread**2)))
            logs["embedding_log_volume"] = float(np.log(np.maximum(spread, 1e-30)).sum())

    def finish(self):
        spread, size = self._spread_and_size()
        self._sample = None
        relative = math.sqrt(np.mean(spread**2)) / max(size, 1e-30)
        if relative >= self.tolerance:
            return
        message = (
            f"{type(self.model).__name__} collapsed: it maps all training samples to one "
            f"point (hypersphere collapse). Their embeddings differ by {relative:.1e} of their "
            "size, so the scores are meaningless. Use an encoder without biases, bounded "
            "activations and trainable BatchNorm parameters, pretrain it "
            "(`kerasocc.pretrain`), lower the learning rate or train for fewer epochs. "
            "`CollapseMonitor(action='warn')` returns the model anyway."
        )
        report_collapse(message, self.action)

    def _spread_and_size(self) -> tuple[np.ndarray, float]:
        """Standard deviation per dimension, shape `(d,)`, and RMS of the entries."""
        embedding = self.model.embeddings_to_monitor(self._sample).astype("float64")
        embedding = embedding.reshape(len(embedding), -1)
        return embedding.std(axis=0), float(np.sqrt(np.mean(embedding**2)))
