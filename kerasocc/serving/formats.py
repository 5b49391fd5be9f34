"""The formats of an exported scorer: SavedModel, ONNX and LiteRT."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving.onnx_loops import name_invariants
from kerasocc.serving.onnx_metadata import add_metadata
from kerasocc.serving.outputs import Decisions
from kerasocc.serving.recurrent import unrolled
from kerasocc.serving.signatures import archive_of, columns_of, default_signature, signatures_of


def write_saved_model(model: OneClassModel | Ensemble, folder: Path, names: Sequence[str]) -> None:
    """Write a model as a SavedModel to a folder that does not exist.

    Args:
        model: A fitted model.
        folder: The folder.
        names: Names of the signatures.
    """
    columns = columns_of(model)
    archive, _ = archive_of(model, signatures_of(model, columns, names), columns)
    _write_out(archive, folder)


def _write_out(archive: Any, folder: str | os.PathLike) -> None:
    import tensorflow as tf

    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        # TensorFlow raises its own errors, which are not `OSError`.
        raise OSError(f"The SavedModel could not be written: {error.message}") from error


def write_onnx(
    model: OneClassModel | Ensemble, file: Path, decisions: Decisions | None = None
) -> None:
    """Write a model as an ONNX file, which needs the packages of `kerasocc[onnx]`.

    Args:
        model: A fitted model.
        file: The file.
        decisions: How it decides; default as the model.
    """
    try:
        import tf2onnx
    except ImportError as error:
        raise ValueError(
            '`format="onnx"` needs packages that are not installed; install '
            f'"kerasocc[onnx]". Received: {error}'
        ) from error
    decisions = decisions or Decisions.of_model(model)
    signature = default_signature(model, decisions)
    _, function = archive_of(model, [signature])
    converted_model, _ = tf2onnx.convert.from_function(function, [signature.inputs])
    name_invariants(converted_model)
    add_metadata(
        converted_model,
        columns=model.feature_names,
        calibration_scores=decisions.known_scores(),
    )
    file.write_bytes(converted_model.SerializeToString())


def write_litert(model: OneClassModel | Ensemble, file: Path) -> None:
    """Write a model of float32 inputs as a LiteRT file of built-in operations."""
    with saved_for_litert(model, Decisions.of_model(model)) as folder:
        file.write_bytes(converted(litert_converter(folder)))


def litert_converter(folder: Path) -> Any:
    """The converter of a SavedModel, which keeps the names of inputs and outputs."""
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_saved_model(str(folder))


@contextlib.contextmanager
def saved_for_litert(
    model: OneClassModel | Ensemble, decisions: Decisions, *, is_quantized: bool = False
) -> Iterator[Path]:
    """Yield a temporary SavedModel to convert to LiteRT.

    Args:
        model: A fitted model.
        decisions: How it decides.
        is_quantized: Whether the converter will round constants.

    Raises:
        ValueError: If LiteRT cannot compute what the model computes.
    """
    if model.sample_dtype == "float64":
        raise ValueError(
            '`format="litert"` needs a model of float32 inputs: LiteRT has no arithmetic in '
            "float64. Train on columns from which an offset is subtracted, so that float32 tells "
            "their values apart. Received: a model whose `sample_dtype` is float64"
        )
    with tempfile.TemporaryDirectory() as folder:
        # Keras traces a signature as late as when it is written.
        with unrolled(model):
            signature = default_signature(model, decisions, is_quantized=is_quantized)
            archive, function = archive_of(model, [signature])
            _check_single_precision(function.get_concrete_function().graph)
            _write_out(archive, folder)
        yield Path(folder)


def _check_single_precision(graph: Any) -> None:
    import tensorflow as tf

    dtypes = {t.dtype for op in graph.get_operations() for t in op.outputs}
    half = sorted(t.name for t in dtypes & {tf.float16, tf.bfloat16})
    if half:
        raise ValueError(
            '`format="litert"` needs a model that computes in float32: LiteRT has no built-in '
            "operations of lower precision. Load the weights into a model created under the "
            f'dtype policy "float32". Received: a model that computes in {", ".join(half)}'
        )


def converted(converter: Any) -> bytes:
    """The file that a converter of LiteRT makes; its reasons not to are pages long.

    Raises:
        ValueError: If LiteRT lacks operations of the model; names them.
    """
    try:
        return converter.convert()
    except Exception as error:
        if type(error).__name__ != "ConverterError":
            raise
        operations = sorted(set(re.findall(r"'(tf\.\w+)' op|operation '(tf\.\w+)'", str(error))))
        found = ", ".join(dict.fromkeys(a or b for a, b in operations)) or str(error)[:100]
        raise ValueError(
            '`format="litert"` needs a model of the built-in operations of LiteRT; export it as '
            f'"tf_saved_model" or "onnx". Received: a model with {found}'
        ) from error
