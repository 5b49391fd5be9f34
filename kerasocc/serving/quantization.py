"""Exported scorers in fewer bits, with decisions and a report of their own."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasocc.engine.calibration import conformal_calibration, threshold_at
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving import litert_int8, onnx_quantized
from kerasocc.serving.formats import converted, litert_converter, saved_for_litert, write_onnx
from kerasocc.serving.outputs import Decisions

KINDS = ("float16", "dynamic", "int8")
MOST_RANGES = 500
"""How many samples tell the ranges of activations at most."""


def write_quantized(
    model: OneClassModel | Ensemble, file: Path, format: str, kind: str, samples: Any
) -> dict[str, Any] | None:
    """Write a scorer in fewer bits.

    The network computes, or is stored, in fewer bits; the decisions are those of the quantized
    score, by a threshold that is set anew on the quantized scores of the samples.

    Args:
        model: A fitted model.
        file: The file to write.
        format: `"onnx"` or `"litert"`.
        kind: One of `KINDS`.
        samples: Samples as `model.score` takes them; None leaves the threshold as it is.

    Returns:
        How the scores differ from those of the model, as JSON holds it; None without samples.
    """
    x = None if samples is None else array_of(model, samples)
    ranges = None if x is None else x[:: max(1, -(-len(x) // MOST_RANGES))]
    with tempfile.TemporaryDirectory() as folder:
        if x is None:
            _write(model, file, format, kind, _numbers(model), ranges, Path(folder))
            return None
        first = Path(folder) / "scores"
        _write(model, first, format, kind, Decisions(), ranges, Path(folder))
        decisions = recalibrated(model, x, run(first, format, x)["score"])
        _write(model, file, format, kind, decisions, ranges, Path(folder))
        outputs = run(file, format, x)
    return {"kind": kind, **report(model, x, outputs), "bytes": file.stat().st_size}


def array_of(model: OneClassModel | Ensemble, samples: Any) -> np.ndarray:
    """Samples as one array of the dtype that the model takes."""
    source = model.source_of(samples)
    model.ensure_built(source)
    return np.concatenate([np.asarray(x) for x, *_ in source.batches(1024)])


def recalibrated(model: OneClassModel | Ensemble, x: np.ndarray, scores: np.ndarray) -> Decisions:
    """Decisions by other scores of samples, with the rate that the model was calibrated for.

    Args:
        model: A fitted model.
        x: Samples. For a model calibrated by `fpr` normal ones that it was not trained on.
        scores: Their quantized scores, shape `(samples,)`.

    Returns:
        Conformal ones for a model calibrated by `fpr`. For another with a threshold, the one that
        as many of the samples exceed as before; its own where none did.
    """
    numbers = _numbers(model)
    if numbers.threshold is None:
        return numbers
    if model.calibration is None:
        share = float(np.mean(model.score(x) > numbers.threshold))
        return Decisions.of(np.float32(threshold_at(scores, share))) if share else numbers
    ascending = np.sort(scores)
    found = conformal_calibration(ascending, model.calibration.wanted_rate)
    if found.has_too_few_samples:
        warnings.warn(
            f"`samples` should be more: {found.samples} of them allow a false positive rate of "
            f"{found.expected_rate:.3g} at least. Received: a model calibrated for "
            f"{found.wanted_rate:g}",
            stacklevel=4,
        )
    return Decisions.of(np.float32(found.threshold), ascending)


def report(
    model: OneClassModel | Ensemble, x: np.ndarray, outputs: dict[str, np.ndarray]
) -> dict[str, Any]:
    """How outputs of a scorer differ from those of the model on samples.

    Args:
        model: A fitted model.
        x: Samples, shape `(samples, ...)`.
        outputs: Of the scorer.

    Returns:
        The number of samples, Spearman's rank correlation of the scores, the largest difference
        of scores in units of their standard deviation, and with a threshold both thresholds and
        how many decisions changed.
    """
    from scipy.stats import spearmanr

    scores, found = model.score(x), outputs["score"]
    spread = float(np.std(scores))
    result: dict[str, Any] = {
        "samples": len(x),
        "rank_correlation": float(spearmanr(scores, found).statistic) if spread else None,
        "largest_difference": float(np.abs(scores - found).max() / spread) if spread else None,
    }
    if "threshold" in outputs:
        before = float(_numbers(model).threshold)
        result |= {
            "threshold": float(outputs["threshold"][0]),
            "threshold_before": before,
            "decisions_changed": int(np.sum(outputs["is_anomaly"] != (scores > before))),
        }
    return result


def run(file: Path, format: str, x: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of an ONNX or LiteRT scorer of samples, shape `(samples, ...)`."""
    if format == "onnx":
        from onnxruntime import InferenceSession

        session = InferenceSession(str(file))
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, {"inputs": x}), strict=True))
    import tensorflow as tf

    with warnings.catch_warnings():
        # In favour of a package that runs the same files.
        warnings.filterwarnings("ignore", message="(?s).*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_path=str(file))
    return interpreter.get_signature_runner("serving_default")(inputs=x)


def _numbers(model: OneClassModel | Ensemble) -> Decisions:
    """The decisions of a model by numbers in place of its weights."""
    threshold = np.float32(keras.ops.convert_to_numpy(model.threshold))
    if model.calibration_scores is None:
        return Decisions.of(threshold)
    return Decisions.of(threshold, model.sorted_calibration_scores())


def _write(
    model: OneClassModel | Ensemble,
    file: Path,
    format: str,
    kind: str,
    decisions: Decisions,
    ranges: np.ndarray | None,
    folder: Path,
) -> None:
    if format == "onnx":
        source = folder / f"{file.name}.float.onnx"
        write_onnx(model, source, decisions)
        onnx_quantized.quantize(source, file, kind, ranges)
        return
    import tensorflow as tf

    with saved_for_litert(model, decisions, is_quantized=True) as saved_model:
        if kind == "int8":
            litert_int8.convert(saved_model, ranges, file)
            return
        converter = litert_converter(saved_model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        file.write_bytes(converted(converter))
