"""What an exported scorer returns: scores and what is decided by them."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasocc.engine.calibration import p_values, p_values_in_graph


class Decisions(NamedTuple):
    """How scores become decisions.

    Attributes:
        threshold: Weight or number; None without.
        calibration_scores: Scores `s_i` of `calibrate(x, fpr=...)`, weight or array of shape
            `(n,)`, ascending; None without.
        at_threshold: p-value of a score equal to the threshold; None without `s_i`.
    """

    threshold: Any = None
    calibration_scores: Any = None
    at_threshold: float | None = None

    @classmethod
    def of(cls, threshold: Any, calibration_scores: Any = None) -> Decisions:
        """Decisions by a threshold, infinite for none, and calibration scores or None."""
        value = np.atleast_1d(ops.convert_to_numpy(threshold))
        if np.isinf(value[0]):
            return cls()
        if calibration_scores is None:
            return cls(threshold)
        known = ops.convert_to_numpy(calibration_scores)
        return cls(threshold, calibration_scores, float(p_values(known, value)[0]))

    @classmethod
    def of_model(cls, model: keras.Model) -> Decisions:
        """Those of a model, by its weights."""
        return cls.of(model.threshold, model.calibration_scores)

    def known_scores(self) -> np.ndarray | None:
        """The calibration scores as an array."""
        scores = self.calibration_scores
        return None if scores is None else ops.convert_to_numpy(scores)

    def outputs(self, scores: Any) -> dict[str, Any]:
        """The outputs of a signature.

        Args:
            scores: Tensor of shape `(batch,)`, float32.

        Returns:
            `score`, with a threshold `is_anomaly` and `threshold`, and with calibration scores
            `p_value` and `confidence`, each of shape `(batch,)`.
        """
        outputs = {"score": scores}
        if self.threshold is not None:
            outputs["is_anomaly"] = ops.greater(scores, self.threshold)
            # One for each sample: serving software splits all outputs along the batch.
            outputs["threshold"] = ops.broadcast_to(self.threshold, ops.shape(scores))
        if self.calibration_scores is not None:
            p = p_values_in_graph(self.calibration_scores, scores)
            outputs["p_value"], outputs["confidence"] = p, self._confidence(p)
        return outputs

    def _confidence(self, p: Any) -> Any:
        """As `engine.calibration.confidence_of`, of tensors."""
        q = self.at_threshold
        above = 1.0 - p / (2.0 * q)
        below = (1.0 - p) / (2.0 * (1.0 - q) if q < 1 else 1.0)
        return ops.where(ops.less_equal(p, np.float32(q)), above, below)


def only_valid(outputs: dict[str, Any], valid: Any) -> dict[str, Any]:
    """Outputs of a batch in which some samples could not be read.

    Args:
        outputs: As `Decisions.outputs` returns them.
        valid: Which samples could be read, bool of shape `(batch,)`.

    Returns:
        The same with `valid`, NaN for the numbers of the others (but the threshold), and
        `is_anomaly` true: what cannot be scored is not to pass for normal.
    """
    found = {}
    for name, values in outputs.items():
        if name == "is_anomaly":
            values = ops.logical_or(values, ops.logical_not(valid))
        elif name != "threshold":
            values = ops.where(valid, values, np.float32(np.nan))
        found[name] = values
    return {**found, "valid": valid}
