"""The card of an exported model: what it is, how it decides and what it was made with."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

import kerasocc
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving.signatures import sample_shape

PACKAGES = ("keras", "tensorflow", "numpy")
QUANTILES = 100


def model_card(
    model: OneClassModel | Ensemble,
    *,
    format: str,
    signatures: Sequence[str],
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What is known of a model, as JSON holds it.

    Args:
        model: A fitted model.
        format: What it is exported as.
        signatures: Names of its signatures.
        about: More, by name: data, settings, figures.
    """
    threshold = float(keras.ops.convert_to_numpy(model.threshold))
    return {
        "method": type(model).__name__,
        "name": model.name,
        "settings": _settings(model),
        "inputs": {
            "shape": list(sample_shape(model)),
            "dtype": model.sample_dtype,
            "columns": model.feature_names and list(model.feature_names),
        },
        "weights": int(model.count_params()),
        "threshold": threshold if np.isfinite(threshold) else None,
        "calibration": _calibration(model),
        **(about or {}),
        "format": format,
        "signatures": list(signatures),
        "versions": {
            "kerasocc": kerasocc.__version__,
            **{name: importlib.metadata.version(name) for name in PACKAGES},
            "python": platform.python_version(),
        },
        "exported": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _settings(model: OneClassModel | Ensemble) -> dict[str, Any]:
    """The constructor's arguments that are plain values."""
    if isinstance(model, Ensemble):
        members = [{"method": type(m).__name__, **_settings(m)} for m in model.members]
        return {"standardization": model.standardization, "members": members}
    plain = (str, int, float, bool, type(None))
    config = model.get_config()
    return {k: v for k, v in config.items() if isinstance(v, plain) and k != "name"}


def _calibration(model: OneClassModel | Ensemble) -> dict[str, Any] | None:
    found = model.calibration
    if found is None:
        return None
    scores = model.sorted_calibration_scores()
    return {
        "samples": found.samples,
        "wanted_rate": found.wanted_rate,
        "expected_rate": found.expected_rate,
        "interval_of_the_rate": list(found.interval),
        "score_quantiles": np.quantile(scores, np.linspace(0, 1, QUANTILES + 1)).tolist(),
    }


def in_words(card: Mapping[str, Any]) -> str:
    """The card as Markdown, for people."""
    calibration = card["calibration"]
    lines = [f"# {card['name']}", "", f"A {card['method']} for one-class anomaly detection.", ""]
    if card["threshold"] is None:
        lines.append("It has no threshold: it returns scores alone.")
    else:
        lines.append(f"A score above {card['threshold']:.6g} is an anomaly.")
    if calibration is not None:
        low, high = (100 * rate for rate in calibration["interval_of_the_rate"])
        lines.append(
            f"The threshold was set for a false positive rate of "
            f"{100 * calibration['wanted_rate']:g} %, by the scores of "
            f"{calibration['samples']} normal samples: of new normal ones "
            f"{low:.3g} to {high:.3g} % are flagged, with a probability of 95 %."
        )
    skipped = {"name", "method", "calibration", "threshold"}
    for title, values in card.items():
        if title in skipped or values is None:
            continue
        lines += ["", f"## {title.replace('_', ' ').capitalize()}", ""]
        if isinstance(values, Mapping):
            lines += [f"- {key}: {value}" for key, value in values.items()]
        else:
            lines.append(", ".join(values) if isinstance(values, list) else str(values))
    return "\n".join(lines) + "\n"
