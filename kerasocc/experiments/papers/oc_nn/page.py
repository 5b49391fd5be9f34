"""The page of the comparison: the table, the AUC class by class, and what the figures mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kerasocc import plots
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED
from kerasocc.experiments.papers.oc_nn.table import Table
from kerasocc.experiments.reports.charts import WIDTH, chart
from kerasocc.experiments.reports.document import Section, document, note
from kerasocc.experiments.reports.markup import data_table, element


def comparison_page(table: Table, about: str) -> str:
    """Show the comparison as one HTML file, which needs no other.

    Args:
        table: With all outcomes that there are.
        about: What the figures are, and what they do not compare with.
    """
    return document(
        f"Methods of the OC-NN repository on {Path(table.dataset).name}",
        _sections(table),
        subtitle=f"{len(table.methods)} methods, {len(table.classes)} classes, AUC in %",
        opening=[note(about), [note(error) for error in table.errors()]],
    )


def _sections(table: Table) -> Iterator[Section]:
    heads = ["class", *table.titles()]
    rows = [[str(c), *table.cells(c)] for c in dict.fromkeys(c for c, _ in table.outcomes)]
    rows.append(["mean", *table.mean_cells()])
    yield Section(
        "Table",
        [
            data_table(heads, rows, numbers=range(1, len(heads))),
            [element("p", text) for text in table.comparisons()],
        ],
    )
    values: dict[str, dict[str, float]] = {}
    for (normal_class, method), outcome in table.outcomes.items():
        if outcome.auc is not None:
            own = values.setdefault(COMPARED[method].title, {})
            own[f"class {normal_class}"] = 100 * outcome.auc
    if values:
        picture = chart(
            "classes",
            "AUC of every method, class by class, as in the table",
            "AUC of every method, class by class.",
            plots.plot_places,
            values,
            x="AUC [%]",
            width=WIDTH,
        )
        yield Section("Class by class", element("div", picture, class_="charts"))
    runs = (
        (f"{normal_class}", COMPARED[method].title, outcome.run.name)
        for (normal_class, method), outcome in table.outcomes.items()
    )
    yield Section("Runs", data_table(("class", "method", "run with a report of its own"), runs))
