"""What an exported ONNX file says of its model beside the graph.

Read by servers without Keras: the names of the columns, and what is needed to decide by another
threshold and to tell whether scores drift. Needs NumPy alone, and `onnx` to write.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

KEY = "kerasocc"
"""The entry of the metadata of an ONNX file, a JSON object."""


class OnnxMetadata(NamedTuple):
    """What an ONNX file says of its model.

    Attributes:
        columns: Names of the columns of a table, in their order; None for other samples.
        calibration_scores: Scores of `calibrate(x, fpr=...)`, ascending, shape `(n,)`, float32;
            None without.
    """

    columns: tuple[str, ...] | None = None
    calibration_scores: np.ndarray | None = None

    @classmethod
    def read(cls, entries: Mapping[str, str]) -> OnnxMetadata:
        """Read the metadata of an ONNX file; nothing is known of one of another origin."""
        found = json.loads(entries.get(KEY, "{}"))
        columns, scores = found.get("columns"), found.get("calibration_scores")
        if scores is not None:
            scores = np.frombuffer(base64.b64decode(scores), "<f4")
        return cls(None if columns is None else tuple(columns), scores)


def add_metadata(
    model: Any,
    *,
    columns: Sequence[str] | None,
    calibration_scores: np.ndarray | None,
) -> None:
    """Add the metadata to a graph that is to be written.

    Args:
        model: `onnx.ModelProto`, changed in place.
        columns: See `OnnxMetadata`.
        calibration_scores: See `OnnxMetadata`.
    """
    import onnx

    scores = None
    if calibration_scores is not None:
        scores = base64.b64encode(np.asarray(calibration_scores, "<f4").tobytes()).decode()
    columns = None if columns is None else list(columns)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    entries = {**kept, KEY: json.dumps({"columns": columns, "calibration_scores": scores})}
    onnx.helper.set_model_props(model, entries)
