"""The signatures of an exported scorer: what it takes and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from kerasocc.datasets.preprocessing.column_tensors import ColumnTensors
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.models.reconstruction import ReconstructionModel
from kerasocc.serving.examples import arrays_of_examples, columns_of_examples, images_of_examples
from kerasocc.serving.image_bytes import decode_images
from kerasocc.serving.outputs import Decisions, only_valid

DEFAULT = "serving_default"
"""Name of the signature that serving software calls by default."""


class Signature(NamedTuple):
    """A signature of an exported scorer.

    Attributes:
        name: Its name.
        function: From tensors of the inputs to a dict of the outputs.
        inputs: The `tf.TensorSpec` of the input, or a dict of one for each column.
    """

    name: str
    function: Callable[[Any], dict[str, Any]]
    inputs: Any


def available(model: OneClassModel | Ensemble) -> list[str]:
    """Names of the signatures that a SavedModel of the model can have."""
    names = [DEFAULT, "embed"]
    if isinstance(model, ReconstructionModel):
        names.append("reconstruct")
    if model.own_explanation is not None and len(sample_shape(model)) == 3:
        names.append("explain")
    if is_of_images(model):
        names += ["serving_uint8", "serving_images"]
    return names if None in sample_shape(model) else [*names, "serving_examples"]


def signatures_of(
    model: OneClassModel | Ensemble, columns: ColumnTensors | None, names: Sequence[str]
) -> list[Signature]:
    """The signatures of some names, which must be `available`.

    Args:
        model: A fitted model.
        columns: Its `columns_of`.
        names: Their names.
    """
    import tensorflow as tf

    decisions = Decisions.of_model(model)
    score = _traced(lambda x: decisions.outputs(model.call(x)), inputs_of(model, None))

    def prepared(x: Any) -> Any:
        return x if columns is None else columns.from_inputs(x)

    functions = {
        DEFAULT: lambda x: score(prepared(x)),
        "embed": lambda x: {"embedding": _embedding(model, prepared(x))},
        "reconstruct": lambda x: {"reconstruction": model.reconstruction(prepared(x))},
        "explain": lambda x: {"heat_map": _heat_map(model, prepared(x))},
        "serving_uint8": lambda x: score(tf.cast(x, "float32")),
    }
    inputs = dict.fromkeys(functions, inputs_of(model, columns))
    inputs["serving_images"] = tf.TensorSpec((None,), "string", name="image_bytes")
    inputs["serving_examples"] = tf.TensorSpec((None,), "string", name="example_bytes")
    if is_of_images(model):
        shape = sample_shape(model)
        inputs["serving_uint8"] = tf.TensorSpec((None, *shape), "uint8", name="inputs")
        if {"serving_images", "serving_examples"} & set(names):
            of_contents = _traced(_of_images(score, shape), inputs["serving_images"])
            functions["serving_images"] = of_contents
            functions["serving_examples"] = lambda x: of_contents(images_of_examples(x))
    else:
        functions["serving_examples"] = _of_examples(model, columns, score)
    return [Signature(name, functions[name], inputs[name]) for name in names]


def default_signature(
    model: OneClassModel | Ensemble, decisions: Decisions, *, is_quantized: bool = False
) -> Signature:
    """The signature that ONNX and LiteRT files have, for a model that takes one array.

    Args:
        model: A fitted model.
        decisions: How it decides.
        is_quantized: Whether a converter will round constants, which decisions must not follow.
    """
    outputs = decisions.quantization_proof_outputs if is_quantized else decisions.outputs
    return Signature(DEFAULT, lambda x: outputs(model.call(x)), inputs_of(model, None))


def archive_of(
    model: OneClassModel | Ensemble,
    signatures: list[Signature],
    columns: ColumnTensors | None = None,
) -> tuple[Any, Any]:
    """The archive of Keras with the signatures, and the function of the first of them.

    Args:
        model: A fitted model.
        signatures: What to export.
        columns: What the signatures make features of columns with.
    """
    archive = keras.export.ExportArchive()
    _track_scoring_weights(archive, model)
    for lookup in [] if columns is None else columns.lookups.values():
        archive.track(lookup)
    functions = [archive.add_endpoint(s.name, s.function, [s.inputs]) for s in signatures]
    return archive, functions[0]


def columns_of(model: OneClassModel | Ensemble) -> ColumnTensors | None:
    """What makes features of the columns of a table with text or dates; None for other models."""
    features = model.table_features
    return None if features is None or features.is_numeric else ColumnTensors(features)


def sample_shape(model: OneClassModel | Ensemble) -> tuple[int | None, ...]:
    """Shape of a sample that the model takes."""
    return tuple(model.get_build_config()["input_shape"][1:])


def is_of_images(model: OneClassModel | Ensemble) -> bool:
    """Whether samples are images of one size, grey or RGB."""
    shape = sample_shape(model)
    return len(shape) == 3 and None not in shape and shape[-1] in (1, 3)


def inputs_of(model: OneClassModel | Ensemble, columns: ColumnTensors | None) -> Any:
    """The `tf.TensorSpec` of the input of a model, or a dict of one for each column."""
    import tensorflow as tf

    if columns is not None:
        return columns.specs()
    return tf.TensorSpec((None, *sample_shape(model)), model.sample_dtype, name="inputs")


def _traced(function: Callable, spec: Any) -> Callable:
    """A function that several signatures call, so that its graph is made and stored once."""
    import tensorflow as tf

    traced = tf.function(function, input_signature=[spec], autograph=False)
    concrete = traced.get_concrete_function()
    return lambda x: concrete(x)


def _embedding(model: OneClassModel | Ensemble, x: Any) -> Any:
    return keras.ops.cast(model.embedding(x), "float32")


def _heat_map(model: OneClassModel, x: Any) -> Any:
    """What the pixels of images add to the score, shape `(batch, height, width, 1)`."""
    return keras.ops.sum(model.contributions(x), axis=-1, keepdims=True)


def _of_images(score: Callable, shape: tuple[int, ...]) -> Callable:
    """From contents of image files to outputs."""

    def outputs(contents):
        images, valid = decode_images(contents, shape)
        return only_valid(score(images), valid)

    return outputs


def _of_examples(
    model: OneClassModel | Ensemble, columns: ColumnTensors | None, score: Callable
) -> Callable:
    """From serialized `tf.Example`s of rows or arrays to outputs."""
    import tensorflow as tf

    shape, dtype = sample_shape(model), model.sample_dtype

    def outputs(serialized):
        if columns is not None:
            samples = columns(tf.io.parse_example(serialized, columns.example_features()))
        elif model.feature_names is not None:
            samples = columns_of_examples(serialized, model.feature_names, dtype)
        else:
            samples = arrays_of_examples(serialized, shape, dtype)
        found = score(samples)
        # An example may lack a column, whose NaN not every model replaces.
        return only_valid(found, tf.math.is_finite(found["score"]))

    return outputs


def _track_scoring_weights(archive: Any, model: OneClassModel | Ensemble) -> None:
    """Add the weights of the model to the archive, except those used in training only."""
    parts = [*model.members, model] if isinstance(model, Ensemble) else [model]
    layers = [layer for part in parts for layer in part.layers if layer not in parts]
    only_in_training = ("regularizer", "augmenter")
    training_only = [getattr(part, name, None) for part in parts for name in only_in_training]
    # Members may share layers.
    for layer in dict.fromkeys(layers):
        if layer not in training_only:
            archive.track(layer)
    of_layers = {id(w) for layer in layers for w in layer.weights}
    state = [w for w in model.weights if id(w) not in of_layers]
    archive.add_variable_collection("state", state)
