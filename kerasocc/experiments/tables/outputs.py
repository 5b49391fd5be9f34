"""The files of a table: Markdown, CSV, JSON with every cell, and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasocc.experiments.tables.cell import Cell, key_of
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import TableDefinition
from kerasocc.experiments.tables.page import table_page
from kerasocc.experiments.tables.rendering import as_csv, as_markdown
from kerasocc.experiments.tables.results_file import RESULTS_FILE, results_in, results_text
from kerasocc.experiments.tables.summary import Summary
from kerasocc.files import write_text

MARKDOWN_FILE, CSV_FILE, PAGE_FILE = "table.md", "table.csv", "table.html"


def write_outputs(
    table: TableDefinition,
    cells: Sequence[Cell],
    summary: Summary,
    store: CellStore,
    settings: str,
) -> None:
    """Write all files of a table into the folder of its results.

    Args:
        table: The definition.
        cells: All its cells.
        summary: What `summarize` returned.
        store: Of the results.
        settings: What was run, and the command.
    """
    store.folder.mkdir(parents=True, exist_ok=True)
    write_text(store.folder / MARKDOWN_FILE, as_markdown(table, summary, settings))
    write_text(store.folder / CSV_FILE, as_csv(table, summary))
    write_text(store.folder / PAGE_FILE, table_page(table, summary, settings))
    write_text(store.folder / RESULTS_FILE, _with_results(table, cells, store, settings))


def _with_results(
    table: TableDefinition, cells: Sequence[Cell], store: CellStore, settings: str
) -> str:
    """All cells that have a result, those of other lengths that the file held before included."""
    file = store.folder / RESULTS_FILE
    held = results_in(file) if file.exists() else []
    found = {_place(entry["row"], entry["column"], entry["configuration"]): entry for entry in held}
    for cell in cells:
        result = store.read(cell)
        if result is not None:
            entry = {"row": cell.row, "column": cell.column}
            entry |= {"configuration": dict(cell.configuration), "result": result}
            found[_place(cell.row, cell.column, cell.configuration)] = entry
    about = {"paper": table.paper, "table": table.name, "settings": settings}
    # In the order of the table, whenever a cell was run.
    places = (_place(cell.row, cell.column, cell.configuration) for cell in cells)
    ordered = {place: found[place] for place in places if place in found}
    return results_text(about, (ordered | found).values())


def _place(row: str, column: str, configuration: Mapping[str, Any]) -> tuple[str, str, str]:
    return row, column, key_of(configuration)
