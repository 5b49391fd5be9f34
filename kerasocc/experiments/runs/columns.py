"""Columns of a table to train on, looked for before Keras is imported, which takes a while."""

from __future__ import annotations

from kerasocc.datasets.catalog import TABLE, resolve
from kerasocc.datasets.columns import choice
from kerasocc.datasets.dialect import OPTIONS
from kerasocc.experiments.config import TrainConfig


def check_columns(config: TrainConfig) -> None:
    """Look for the columns that the settings of a run name, if its data are a table.

    Raises:
        ValueError: If there is no such column.
    """
    from kerasocc.datasets.readers import raw_tables

    source = None if config.altered is not None else resolve(config.dataset)
    if source is None or source.kind != TABLE:
        return
    # A part that is given beside the data may be the one that has the labels.
    given = config.validation_data is not None or config.test_data is not None
    chosen = choice.ColumnChoice.of(**{name: getattr(config, name) for name in choice.OPTIONS})
    dialect = {name: getattr(config, name) for name in OPTIONS}
    label = None if given else config.label
    raw_tables.check_columns(source, chosen, label, **dialect)
