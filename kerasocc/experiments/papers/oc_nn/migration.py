"""The comparison as runs of `kerasocc train`, each with a folder and a report."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn.comparison import make_config, run_name
from kerasocc.experiments.papers.oc_nn.definition import comparison_table
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Result, TableDefinition

NAME = "migrate-demo"


class RunStore(CellStore):
    """Results of this command alone: those of earlier ones are in the folders of their runs."""

    def __init__(self, folder: str | os.PathLike):
        super().__init__(folder)
        self._results: dict[str, dict[str, Any]] = {}

    def read(self, cell: Cell) -> dict[str, Any] | None:
        """The result of a cell, or None if this command has none yet."""
        return self._results.get(cell.key)

    def write(self, cell: Cell, result: Mapping[str, Any]) -> None:
        """Keep a result until the table is shown."""
        self._results[cell.key] = dict(result)


def migration_table(dataset: str, classes: Sequence[int | str], out: Path) -> TableDefinition:
    """The table of a data set, whose cells are runs.

    Args:
        dataset: Name or path of images.
        classes: Those that are normal in turn.
        out: The folder of all runs.
    """
    reports = Path(run_name(dataset, "CLASS", "METHOD")) / "report.html"
    return comparison_table(
        NAME,
        dataset,
        classes,
        title=f"The methods of the OC-NN repository on {Path(dataset).name}",
        run=functools.partial(_run, out=out),
        notes=(f"Every training is a run with a report: {reports}.",),
    )


def _run(
    cells: Sequence[Cell], context: Context, *, out: Path
) -> Iterator[tuple[Cell, Result | Exception]]:
    from kerasocc.experiments.papers.oc_nn.run import run_method
    from kerasocc.experiments.runs.data import check_anomalies, load_data
    from kerasocc.experiments.runs.networks import check_network

    @functools.cache
    def load() -> Any:
        # The same for all methods.
        config = _config(cells[0])
        data = load_data(config)
        check_anomalies(data)
        check_network(config, data.sample_format.shape)
        return data

    for cell in cells:
        outcome = run_method(_config(cell), cell.method, out, load, progress=context.progress)
        if outcome.error is not None:
            yield cell, ValueError(f"{outcome.run.name}: {outcome.error}")
            continue
        yield (
            cell,
            {
                "metrics": {"auc": outcome.auc},
                "anomalies": outcome.anomalies,
                "run": outcome.run.name,
            },
        )


def _config(cell: Cell) -> TrainConfig:
    settings = cell.configuration["settings"]
    names = ("epochs", "pretrain_epochs", "seed")
    given = {name: settings[name] for name in names if name in settings}
    return make_config(cell.data, cell.method, cell.normal_class, **given)
