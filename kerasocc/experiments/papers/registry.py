"""The tables of the papers, by the names that the command line has for them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from kerasocc.experiments.tables.definition import TableDefinition

_MODULES = (
    "deep_svdd.table1",
    "deep_svdd.gtsrb",
    "deep_sad.scenario1",
    "deep_sad.scenario2",
    "deep_sad.scenario3",
    "deep_sad.tabular",
    "deep_sad.sensitivity",
    "oc_nn.mnist",
    "oc_nn.cifar10",
    "oc_nn.gtsrb",
    "mode_collapse.tables",
    "loe.images",
    "loe.tabular",
    "loe.features",
    "loe.sensitivity",
    "loe.video",
    "adbench.tables",
)
"""Modules below this folder with a definition called `TABLE`, or several, `DEFINITIONS`."""


def tables() -> Iterator[TableDefinition]:
    """All of them, those of a paper together."""
    for module in _MODULES:
        found = importlib.import_module(f"{__package__}.{module}")
        yield from getattr(found, "DEFINITIONS", None) or (found.TABLE,)
