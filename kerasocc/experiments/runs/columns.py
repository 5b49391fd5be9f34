"""Columns of a table to train on, looked for before Keras is imported, which takes a while."""

from __future__ import annotations

from kerasocc.datasets.catalog import resolve
from kerasocc.experiments.config import TrainConfig


def check_columns(config: TrainConfig) -> None:
    """Look for the label column of the data of a run, if they are a table.

    Raises:
        ValueError: If there is none.
    """
    from kerasocc.datasets.readers import labelled_tables

    if config.altered is None:
        labelled_tables.check_columns(resolve(config.dataset), label=config.label)
