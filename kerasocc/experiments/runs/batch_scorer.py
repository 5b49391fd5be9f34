"""A trained model as a function of batches of columns, for engines that run on many machines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.datasets.columns.named_columns import named_columns
from kerasocc.datasets.readers.missing_values import LARGEST, filled
from kerasocc.datasets.readers.new_samples import NewSamples
from kerasocc.datasets.readers.row_names import RowNames
from kerasocc.datasets.sample_format import TABLE
from kerasocc.experiments.runs.startup import import_keras

BAD_ROWS = ("error", "flag")


class BatchScorer:
    """Adds scores to batches of the rows of a table: one row out for each row in, in their order.

    An engine makes an object in each of its workers, where it loads the model, and calls it with
    batches. A batch that is scored again, because a worker was lost, has the same scores again.

    Args:
        model: A `.keras` file, of a run or alone.
        columns: Names of the columns that the model takes, in their order; default those that it
            was trained on, if they had names.
        keep: Names of the columns that are kept beside the scores; None for all.
        with_p_values: Whether to add p-values.
        bad_rows: What to do about rows with a value that is missing (and that the model does not
            put in), infinite or beyond float32: `"error"`, or `"flag"`, a score of NaN and an
            anomaly.

    Raises:
        ValueError: If the model takes no tables, or has no scores for p-values.
        FileNotFoundError: If there is no such file.

    Example:
        >>> scorer = kerasocc.BatchScorer("runs/pumps/model.keras", keep=["id"])
        >>> scorer({"id": ids, "flow": flow, "pressure": pressure})["score"]
    """

    def __init__(
        self,
        model: str | os.PathLike,
        *,
        columns: Sequence[str] | None = None,
        keep: Sequence[str] | None = None,
        with_p_values: bool = False,
        bad_rows: str = "error",
    ):
        check_choice("bad_rows", bad_rows, BAD_ROWS)
        import_keras()
        from kerasocc.experiments.runs.file_scores import Scored
        from kerasocc.experiments.runs.trained import find_trained

        self._trained = find_trained("runs", None, model).load()
        sample_format = self._trained.sample_format
        if sample_format.kind != TABLE:
            raise ValueError(
                f"`model` must take tables. Received: {str(model)!r}, which takes samples of shape "
                f"{sample_format.shape}"
            )
        self._columns = tuple(columns or sample_format.columns or ())
        if not self._columns:
            raise ValueError(
                "`columns` must name the columns that the model takes, which was trained on a "
                f"table without names. Received: columns={columns!r}"
            )
        expected = len(sample_format.columns or self._columns)
        if not sample_format.is_raw:
            expected = sample_format.shape[0]
        if len(self._columns) != expected:
            raise ValueError(
                f"`columns` must name the {expected} columns that the model takes. Received: "
                f"columns={list(self._columns)!r}"
            )
        self._keep, self._bad_rows = keep, bad_rows
        calibration_scores = None
        if with_p_values:
            calibration_scores = self._trained.model.sorted_calibration_scores()
        self._scored = Scored(self._trained, calibration_scores, bad_rows)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Score a batch.

        Args:
            batch: Columns by name, arrays of shape `(rows,)`.

        Returns:
            The columns that are kept, `score`, `p_value` on request, and `is_anomaly` if the
            model has a threshold, each of shape `(rows,)`.

        Raises:
            ValueError: If a column is missing or would be replaced, or a row cannot be scored.
        """
        kept = {name: batch[name] for name in batch if self._keep is None or name in self._keep}
        wanted = (*self._columns, *(self._keep or ()))
        missing = [name for name in wanted if name not in batch]
        if missing:
            raise ValueError(
                f"A batch must have the columns {list(wanted)}. Received: no column {missing} "
                f"among {list(batch)}"
            )
        count = len(batch[self._columns[0]])
        scores: dict[str, Any] = {}
        if count:
            rows = self._scored.rows(self._part(batch), None)
            scores = dict(rows.numbers)
            if rows.decisions is not None:
                scores["is_anomaly"] = rows.decisions
        else:
            empty = self._scored.no_rows(False, False)
            scores = {**empty.numbers, "is_anomaly": np.zeros(0, bool)}
        taken = [name for name in scores if name in kept]
        if taken:
            raise ValueError(
                f"A batch must not have columns called {taken}, which are those of the scores; "
                f"leave them out of `keep`. Received: columns {list(batch)}"
            )
        return {**kept, **scores}

    def _part(self, batch: Mapping[str, Any]) -> NewSamples:
        sample_format = self._trained.sample_format
        table = named_columns({name: batch[name] for name in self._columns}, "batch")
        names = RowNames.counted(0, len(table))
        if sample_format.is_raw:
            found = self._trained.model.table_features.find_bad(table)
            bad = None if found is None else found.rows
            first = "" if found is None else found.message(f"row {found.first_row} of a batch")
            part = NewSamples(names, table, None, bad, first)
        else:
            part = self._numbers(names, table)
        if part.bad is not None and self._bad_rows == "error":
            raise ValueError(
                f"A batch must hold rows that can be scored. Received: {part.first_bad}. Score "
                "with `bad_rows='flag'`."
            )
        return part

    def _numbers(self, names: RowNames, table: Any) -> NewSamples:
        for name, values in table.columns.items():
            if values.dtype.kind != "f":
                raise ValueError(
                    f"A batch must hold numbers. Received: {values.dtype} in column {name!r}"
                )
        x = np.stack(list(table.columns.values()), axis=1)
        fill = self._trained.sample_format.fill
        x = x if fill is None else filled(x, np.array(fill))
        wrong = ~(np.abs(x) <= LARGEST)
        if not wrong.any():
            return NewSamples(names, x, None)
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        first = f"{x[row, column]:g} in row {row} of a batch, column {self._columns[column]!r}"
        return NewSamples(names, np.where(wrong, 0, x), None, wrong.any(axis=1), first)
