"""What a run knows of its model that goes with an export of it."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np

from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.experiments.reports.key_figures import key_figures
from kerasocc.experiments.runs.trained import Trained

MOST_SAMPLES = 1000
DATA = ("dataset", "normal_class", "label", "contamination")


def about(trained: Trained) -> dict[str, Any] | None:
    """Data, settings and figures of a run, for the card of an exported model.

    Returns:
        None for a model file without a run.
    """
    if trained.run is None or trained.config is None:
        return None
    found = dataclasses.asdict(trained.config)
    settings = {name: value for name, value in found.items() if value is not None}
    data = {name: settings.pop(name) for name in DATA if name in settings}
    return {
        "data": data,
        "training": settings,
        "figures": key_figures(trained.run.results),
    }


def read_samples(trained: Trained, path: str | os.PathLike) -> Any:
    """The first samples of a file or a folder, as `model.score` takes them.

    Args:
        trained: The model.
        path: The file or folder.

    Returns:
        At most `MOST_SAMPLES` samples.

    Raises:
        ValueError: If they do not have the format of the training samples.
    """
    parts, count = [], 0
    for part in read_new(path, trained.sample_format):
        parts.append(part.x)
        count += len(part.x)
        if count >= MOST_SAMPLES:
            break
    if isinstance(parts[0], NamedColumns):
        joined = {n: np.concatenate([p.columns[n] for p in parts]) for n in parts[0].names}
        return NamedColumns(joined)[:MOST_SAMPLES]
    return np.concatenate(parts)[:MOST_SAMPLES]
