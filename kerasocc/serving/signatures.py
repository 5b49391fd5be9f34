"""The signatures of an exported scorer: what it takes and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.preprocessing.column_tensors import ColumnTensors
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble

SIGNATURE = "serving_default"
"""Name of the signature that serving software calls by default."""
EXAMPLES = "examples"
"""Name of the signature that takes serialized `tf.Example`s."""


def endpoint(model: OneClassModel | Ensemble) -> tuple[Any, Any, Any]:
    """Archive with the scorer as its only endpoint, the function of the endpoint, its input."""
    import tensorflow as tf

    with_decision = not np.isinf(keras.ops.convert_to_numpy(model.threshold))

    def scorer(inputs):
        outputs = {"score": model.call(inputs)}
        if with_decision:
            outputs["is_anomaly"] = keras.ops.greater(outputs["score"], model.threshold)
        if model.calibration_scores is not None:
            outputs["p_value"] = model.p_values_of_scores(outputs["score"])
        return outputs

    archive = keras.export.ExportArchive()
    _track_scoring_weights(archive, model)
    features = model.table_features
    if features is not None and not features.is_numeric:
        return _endpoint_of_columns(archive, ColumnTensors(features), scorer)
    sample = model.get_build_config()["input_shape"][1:]
    inputs = tf.TensorSpec((None, *sample), model.sample_dtype, name="inputs")
    return archive, archive.add_endpoint(SIGNATURE, scorer, [inputs]), inputs


def _endpoint_of_columns(
    archive: Any, tensors: ColumnTensors, outputs_of: Callable[[Any], Any]
) -> tuple[Any, Any, Any]:
    """As `endpoint`, with an input for each column, and a second endpoint for `tf.Example`s."""
    import tensorflow as tf

    for lookup in tensors.lookups.values():
        archive.track(lookup)

    def scorer(columns):
        return outputs_of(tensors.from_inputs(columns))

    def scorer_of_examples(examples):
        return outputs_of(tensors(tf.io.parse_example(examples, tensors.example_features())))

    specs = tensors.specs()
    archive.add_endpoint(
        EXAMPLES, scorer_of_examples, [tf.TensorSpec((None,), "string", name="examples")]
    )
    return archive, archive.add_endpoint(SIGNATURE, scorer, [specs]), specs


def _track_scoring_weights(archive: Any, model: OneClassModel | Ensemble) -> None:
    """Add the weights of the model to the archive, except those used in training only."""
    parts = [*model.members, model] if isinstance(model, Ensemble) else [model]
    layers = [layer for part in parts for layer in part.layers if layer not in parts]
    training_only = [getattr(part, "regularizer", None) for part in parts]
    # Members may share layers.
    for layer in dict.fromkeys(layers):
        if layer not in training_only:
            archive.track(layer)
    of_layers = {id(w) for layer in layers for w in layer.weights}
    state = [w for w in model.weights if id(w) not in of_layers]
    archive.add_variable_collection("state", state)
