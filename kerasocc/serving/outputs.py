"""What an exported scorer returns: scores and what is decided by them."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasocc.engine.calibration import p_values
from kerasocc.engine.graph_ranks import p_values_in_graph, ranks_in_graph


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
        if self.threshold is None:
            return {"score": scores}
        known = self.calibration_scores
        if known is None:
            return _outputs(scores, self.threshold)
        p = p_values_in_graph(known, scores)
        return _outputs(scores, self.threshold, p, *self._of_confidence())

    def quantization_proof_outputs(self, scores: Any) -> dict[str, Any]:
        """The same in a graph whose constants a converter may round to fewer bits.

        Converters do that to every constant of floats, tables of scores included, by which
        decisions would no longer be those of the score. So the floats stand in the graph as
        integers, from which they are made for every sample anew. Threshold and calibration
        scores must be numbers, not weights.

        Args:
            scores: Tensor of shape `(batch,)`, float32.
        """
        if self.threshold is None:
            return {"score": scores}
        zero = ops.zeros_like(scores, dtype="int32")
        if self.calibration_scores is None:
            return _outputs(scores, _floats_at([self.threshold], zero))
        known = self.calibration_scores
        ranks = ranks_in_graph(lambda i: _floats_at(known, i), len(known), scores)
        numbers = [self.threshold, len(known) + 1, *self._of_confidence()]
        threshold, count, *rest = (_floats_at(numbers, zero + i) for i in range(len(numbers)))
        return _outputs(scores, threshold, ops.cast(ranks, "float32") / count, *rest)

    def _of_confidence(self) -> tuple[float, float, float]:
        """The p-value `q` at the threshold, and what is divided by on either side of it."""
        q = self.at_threshold
        return q, 2 * q, 2 * (1 - q) if q < 1 else 1.0


def _outputs(
    scores: Any,
    threshold: Any,
    p: Any = None,
    at_threshold: Any = None,
    above: Any = None,
    below: Any = None,
) -> dict[str, Any]:
    found = {
        "score": scores,
        "is_anomaly": ops.greater(scores, threshold),
        # One for each sample: serving software splits all outputs along the batch.
        "threshold": ops.broadcast_to(threshold, ops.shape(scores)),
    }
    if p is not None:
        # As `engine.calibration.confidence_of`.
        sure = ops.less_equal(p, ops.cast(at_threshold, "float32"))
        found["p_value"] = p
        found["confidence"] = ops.where(sure, 1.0 - p / above, (1.0 - p) / below)
    return found


def _floats_at(values: Any, positions: Any) -> Any:
    """The floats at positions, tensors of shape `(batch,)`, in a graph that holds integers."""
    import tensorflow as tf

    bits = np.asarray(values, "float32").view("int32")
    return tf.bitcast(tf.gather(tf.constant(bits), positions), tf.float32)


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
