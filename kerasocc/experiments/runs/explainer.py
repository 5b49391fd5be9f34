"""Explanations of the scores of a run: the columns of rows, and heat maps of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.engine.explaining import feature_groups
from kerasocc.explanations.columns import top_columns, typical_row
from kerasocc.files import complete_or_absent
from kerasocc.models.base import OneClassModel
from kerasocc.plots.heat_maps import colors_of

TOP_COLUMNS = 3
"""Columns that are named of a row."""
REFERENCE_ROWS = 1000
"""Most training rows that the typical one is found from."""


class Explainer:
    """What made the scores of a model.

    Args:
        model: The model.
        reference: A typical sample, `reference.npy` of a run: what the columns of a table are
            compared with. None for what `model.explain` takes.
        method: As `model.explain` takes it.
        top: How many columns are named of a row.
    """

    def __init__(
        self,
        model: OneClassModel,
        reference: Path | None = None,
        method: str | None = None,
        top: int = TOP_COLUMNS,
    ):
        self._model = model
        self._method = method
        self._top = top
        has_reference = reference is not None and reference.exists()
        self._baseline = np.load(reference) if has_reference else None

    def contributions(self, x: Any) -> np.ndarray:
        """What `model.explain` returns for samples."""
        return self._model.explain(x, self._method, baseline=self._baseline)

    def column_names(self, count: int) -> list[str]:
        """Names of `count` columns; numbers from 0 on where they have no names."""
        names = self._model.feature_names
        return [f"column {number}" for number in range(count)] if names is None else list(names)

    def of_some(self, x: Any, indices: np.ndarray) -> tuple[dict[int, np.ndarray], dict[int, str]]:
        """Explain some test samples for a report.

        Args:
            x: Test samples.
            indices: Which of them.

        Returns:
            Coloured heat maps of images, shape `(height, width, 3)`, and reasons of rows, by
            index; both empty for other samples.
        """
        indices = np.unique(indices)
        if x.ndim not in (2, 4) or not len(indices):
            return {}, {}
        chosen = np.asarray(x[indices])
        if x.ndim == 2:
            return {}, dict(zip(indices.tolist(), self.reasons(chosen), strict=True))
        maps = colors_of(self.contributions(chosen)[..., 0])
        return dict(zip(indices.tolist(), maps, strict=True)), {}

    def reasons(self, x: Any) -> list[str]:
        """The columns that raised the score of every row most, in words.

        Args:
            x: Rows of a table, as `model.score` takes them.

        Returns:
            For every row a text such as `"amount +3.1; hour +0.4"`, the largest first.
        """
        return self.in_words(self.contributions(x))

    def in_words(self, contributions: np.ndarray) -> list[str]:
        """As `reasons`, from contributions of shape `(rows, columns)`."""
        names = self.column_names(contributions.shape[1])
        return [
            "; ".join(f"{name} {value:+.3g}" for name, value in row)
            for row in top_columns(contributions, names, self._top)
        ]


def write_reference(path: Path, model: OneClassModel, x: Any) -> None:
    """Write what the columns of a table are compared with: the typical training row.

    Nothing is written for samples that are no rows.

    Args:
        path: The file.
        model: The model.
        x: Training samples.
    """
    if not isinstance(x, NamedColumns) and x.ndim != 2:
        return
    rows = np.linspace(0, len(x) - 1, min(len(x), REFERENCE_ROWS)).astype(int)
    part = x[rows]
    features = model.table_features
    values = features.encode(part) if isinstance(part, NamedColumns) else np.asarray(part)
    groups = np.arange(values.shape[1])[:, None] if features is None else feature_groups(features)
    with complete_or_absent(path) as temporary, open(temporary, "wb") as file:
        np.save(file, typical_row(values, groups))
