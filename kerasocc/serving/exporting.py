"""Export of models to SavedModel, ONNX and LiteRT."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from kerasocc.checks import check_choice
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving.paths import checked_folder, checked_path
from kerasocc.serving.quantization import KINDS
from kerasocc.serving.servable import check_version
from kerasocc.serving.signatures import DEFAULT, available
from kerasocc.serving.writing import FORMATS, SAVED_MODEL, Export


class Exported(NamedTuple):
    """What was exported.

    Attributes:
        path: The file or folder, or the folder of the version.
        quantization: With `quantize` and `samples`: how the scores differ from those of the model;
            else None.
    """

    path: Path
    quantization: dict[str, Any] | None


def export(
    model: OneClassModel | Ensemble,
    path: str | os.PathLike,
    *,
    format: str = "tf_saved_model",
    version: int | str | None = None,
    signatures: Sequence[str] | None = None,
    quantize: str | None = None,
    samples: Any = None,
    card: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Export a fitted model as a scorer that runs without this package.

    | | name | shape | dtype |
    |---|---|---|---|
    | input | `inputs` | `(batch, ...)`, raw samples | float32, or float64 (see below) |
    | output | `score` | `(batch,)` | float32 |
    | output | `is_anomaly` | `(batch,)` | bool |
    | output | `threshold` | `(batch,)`, the same for all | float32 |
    | output | `p_value` | `(batch,)` | float32, after `calibrate(x, fpr=...)` |
    | output | `confidence` | `(batch,)`, 0.5 at the threshold | float32, as `p_value` |

    A model of a table with text or dates (`datasets.TableFeatures`) has one input for each
    column in place of `inputs`, shape `(batch,)`: string for text and for dates as ISO 8601,
    float32 for numbers (float64 for those that differ by little), named like the column with
    underscores in place of other characters. A missing value is an empty text, or NaN. Only
    SavedModels can have such inputs.

    That is the signature `serving_default`, the only one of ONNX and LiteRT files. A SavedModel
    has more, each of which takes and returns batches:

    | signature | input | output |
    |---|---|---|
    | `serving_uint8` | `inputs`, uint8 images | as above |
    | `serving_images` | `image_bytes`, JPEG or PNG files of any size | as above, and `valid` |
    | `serving_examples` | `example_bytes`, serialized `tf.Example`s | as above, and `valid` |
    | `embed` | as above | `embedding`, as `model.embed` |
    | `reconstruct` | as above | `reconstruction`, of autoencoders |
    | `explain` | as above | `heat_map`, `(batch, height, width, 1)`, as `model.explain` |

    `explain` is of models whose heat maps are part of the score, `FCDD` and autoencoders of images.

    An example of an image has the feature `image/encoded`, one of a table a feature for each
    column by its name, any other the feature `inputs` of all numbers; numbers are float32, text
    where a model takes float64. What cannot be read does not fail the batch: its `valid` is
    False, its score NaN and its `is_anomaly` True. Images are decoded and resized as
    `datasets.one_vs_rest` does with files, to the same pixels.

    The scorer includes the preprocessing. To `serving_default`, samples of other dtypes must be
    cast to float32 by the caller, although `model.score` accepts them.
    A model that was trained on columns which float32 does not tell apart, such as seconds since
    1970 (`model.sample_dtype` is `"float64"`), is exported with float64 inputs, so that it gives
    its own scores; LiteRT has no arithmetic in float64 and refuses it.
    `is_anomaly` is `score > threshold` with the current threshold. A model without a
    threshold (see `model.calibrate`) is exported with the output `score` alone; only a
    soft-boundary `DeepSVDD` has a threshold, 0, before it is calibrated. `p_value` and
    `confidence` are those of `model.p_values` and `model.confidence`, from the scores that the
    model was calibrated on by `fpr`, which become part of the scorer; without them there are no
    such outputs.

    A SavedModel runs the operations of the model, so its decisions equal those of
    `model.is_anomaly`. ONNX and LiteRT use other kernels. Their scores differ by rounding
    errors (of float16 under mixed precision), which may change the decision for a score
    close to the threshold, and the p-value of one close to a score of the calibration.
    Numbers in the input are not checked for NaN, whose p-value is 1.

    With a `version`, `path` is a folder that TensorFlow Serving can watch. The version appears in
    it when it is complete, under its number, with `assets.extra`: the requests that the server
    warms up with, sample requests for REST and gRPC, and a model card. Beside the versions stand
    `models.config` and `batching.config`, which are left alone once they are there. Versions of
    the other formats hold `model.onnx` or `model.tflite` and the card.

    Args:
        model: A fitted model, or an `Ensemble`. It is not changed.
        path: Local folder (SavedModel) or file (ONNX, LiteRT; any suffix) to write
            atomically; with a `version` the folder of all versions. Missing parent folders are
            created.
        format: `"tf_saved_model"`; `"onnx"`, which needs `kerasocc[onnx]`; or `"litert"`, of
            built-in operations of LiteRT only.
        signatures: Names of the signatures of a SavedModel; default all that the model can
            have. Fewer are exported faster and take less space.
        version: Number of the version, or `"next"` for one above the newest. None writes no
            version, but the export itself to `path`.
        quantize: For ONNX and LiteRT: `"float16"` stores the weights of the network in 16 bits,
            `"dynamic"` in 8, `"int8"` computes convolutions and dense layers in 8 bits. All else,
            the score and the decisions too, stays in float32. Needs `kerasocc[quantize]` for ONNX.
        samples: Some samples as `model.score` takes them. With `quantize` they set the threshold
            anew, by their quantized scores: normal ones that the model was not trained on, as for
            `calibrate`; without them it stays that of the model. `"int8"` takes the ranges of
            activations from them. With a `version` the first is in the sample requests and
            warms up the server; default is made up.
        card: With a `version`: more for the model card, by name, such as data, settings and
            figures.
        overwrite: Whether to replace an existing export of the same kind at `path`. It
            remains in place until the new one is complete.

    Returns:
        The path that was written, and with `quantize` and `samples` a report on them: the rank
        correlation with the model's scores, the largest difference in standard deviations of
        the scores, both thresholds, and how many decisions changed.

    Raises:
        FileExistsError: If `path` exists and `overwrite` is False.
        ValueError: If the format, the version or a signature is unknown, `model` is not a fitted
            model of this package, the Keras backend is not TensorFlow, a package is missing, or
            `path` is remote or holds anything but an export.

    Example:
        >>> model.calibrate(x_held_out, fpr=0.05)
        >>> kerasocc.export(model, "models/digits/1")
        >>> scorer = tf.saved_model.load("models/digits/1").signatures["serving_default"]
        >>> scorer(inputs=tf.constant(x_new, "float32"))["is_anomaly"]
        >>> kerasocc.export(model, "models/digits", version="next").path
        PosixPath('models/digits/2')
    """
    check_choice("format", format, FORMATS)
    _check_model(model)
    check_version(version)
    features = model.table_features
    if format != "tf_saved_model" and features is not None and not features.is_numeric:
        raise ValueError(
            f"`format` must be 'tf_saved_model': {format} takes no columns of text, dates and the "
            f"like. Received: format={format!r}, columns {list(features.special_columns)}"
        )
    names = _checked_signatures(model, format, signatures)
    _check_quantization(format, quantize, samples)
    made = Export(model, format, names, quantize, samples)
    if version is None:
        target = checked_path(path, folder=made.is_folder, overwrite=overwrite)
        return Exported(target, made.write(target))
    folder = checked_folder(path)
    taken = folder / str(version)
    if version != "next" and taken.exists() and not overwrite:
        raise FileExistsError(
            '`version` must be new unless `overwrite=True`; "next" takes one above the newest. '
            f"Received: version={version}, and {str(taken)!r} exists"
        )
    return Exported(*made.write_version(folder, version, card))


def _check_quantization(format: str, quantize: str | None, samples: Any) -> None:
    if quantize is None:
        return
    check_choice("quantize", quantize, KINDS)
    if format == SAVED_MODEL:
        raise ValueError(
            "`format` must be 'onnx' or 'litert' where `quantize` is given. Received: "
            f"format={format!r}, quantize={quantize!r}"
        )
    if quantize == "int8" and samples is None:
        raise ValueError(
            '`samples` must be given with `quantize="int8"`: they tell the ranges of the '
            "activations. Received: none"
        )
    if format == "onnx":
        try:
            import onnxruntime  # noqa: F401
        except ImportError as error:
            raise ValueError(
                '`quantize` needs ONNX Runtime for `format="onnx"`; install "kerasocc[quantize]". '
                f"Received: {error}"
            ) from error


def _checked_signatures(model: Any, format: str, names: Sequence[str] | None) -> list[str]:
    known = available(model) if format == "tf_saved_model" else [DEFAULT]
    chosen = known if names is None else list(dict.fromkeys(names))
    if not chosen or isinstance(names, str) or not set(chosen) <= set(known):
        raise ValueError(
            f"`signatures` must be some of {known}, which a {format} of this model can have. "
            f"Received: signatures={names!r}"
        )
    return chosen


def _check_model(model: Any) -> None:
    if not isinstance(model, (OneClassModel, Ensemble)):
        raise ValueError(
            f"`model` must be a one-class model of kerasocc. Received: {type(model).__name__}"
        )
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "`model` must run on the TensorFlow backend to be exported. Save it as a `.keras` "
            "file, which loads under every backend, and export it from a process with "
            f"KERAS_BACKEND=tensorflow. Received: KERAS_BACKEND={keras.backend.backend()}"
        )
    if not model.is_fitted:
        raise ValueError(
            "`model` must be fitted before it is exported; call `fit` first. Received: "
            f"{model.name}, which is not {'fitted' if model.built else 'built'} yet"
        )
