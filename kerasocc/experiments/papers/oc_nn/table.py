"""The table of the comparison: our figures beside the published ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from statistics import fmean

from kerasocc.experiments.papers.oc_nn.comparison import COMPARED, Outcome
from kerasocc.experiments.papers.oc_nn.published import CAVEATS, published_auc, published_name


class Table:
    """Classes by methods, AUC in %.

    Args:
        dataset: Name or path of the data.
        methods: Columns.
        classes: Rows.

    Attributes:
        outcomes: What is known so far, by class and method.
    """

    def __init__(self, dataset: str, methods: Sequence[str], classes: Sequence[int | str]):
        self.dataset = dataset
        self.methods = list(methods)
        self.classes = list(classes)
        self.outcomes: dict[tuple[int | str, str], Outcome] = {}

    def published(self, normal_class: int | str, method: str) -> float | None:
        """The repository's figure in %."""
        return published_auc(self.dataset, method, normal_class)

    def cell(self, normal_class: int | str, method: str) -> str:
        """AUC in %, or `failed`."""
        auc = self._auc(normal_class, method)
        return "failed" if auc is None else f"{auc:.2f}"

    def titles(self) -> list[str]:
        """Titles of the columns behind that of the classes."""
        return [title for title, _ in self._columns()]

    def head(self) -> str:
        """The titles as a line."""
        return self._line("class", self.titles())

    def cells(self, normal_class: int | str) -> list[str]:
        """The row of a class."""
        ours = [self.cell(normal_class, method) for method in self.methods]
        theirs = [self.published(normal_class, method) for method in self._with_published()]
        return [*ours, *("-" if t is None else f"{t:.1f}" for t in theirs)]

    def row(self, normal_class: int | str) -> str:
        """The row of a class as a line."""
        return self._line(normal_class, self.cells(normal_class))

    def mean_cells(self) -> list[str]:
        """The row of the means over the classes that have a figure."""
        return [f"{fmean(values):.2f}" if values else "-" for _, values in self._columns()]

    def means(self) -> str:
        """The means as a line."""
        return self._line("mean", self.mean_cells())

    def comparisons(self) -> Iterator[str]:
        """Lines on the methods with published figures: the means over the classes of both."""
        for method in self._with_published():
            figures = [(self._auc(c, method), self.published(c, method)) for c in self.classes]
            both = [pair for pair in figures if None not in pair]
            if both:
                ours, theirs = map(fmean, zip(*both, strict=True))
                yield (
                    f"{COMPARED[method].title}, mean where there is a published figure "
                    f"({len(both)}): here {ours:.2f}, published {theirs:.2f}"
                )
        if self._with_published():
            yield CAVEATS[published_name(self.dataset)]

    def errors(self) -> list[str]:
        """A line per training that failed."""
        return [
            f"kerasocc: {outcome.run} failed: {' '.join(outcome.error.split())}"
            for outcome in self.outcomes.values()
            if outcome.error is not None
        ]

    def as_csv(self) -> str:
        """The rows that are known and their means; empty where there is no figure."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = self._columns()
        writer.writerow(["class", *(title for title, _ in columns)])
        for c in dict.fromkeys(c for c, _ in self.outcomes):
            ours = [self._auc(c, method) for method in self.methods]
            theirs = [self.published(c, method) for method in self._with_published()]
            writer.writerow([c, *("" if f is None else f"{f:.4f}" for f in [*ours, *theirs])])
        writer.writerow(["mean", *(f"{fmean(f):.4f}" if f else "" for _, f in columns)])
        return text.getvalue()

    def _auc(self, normal_class: int | str, method: str) -> float | None:
        """In %."""
        outcome = self.outcomes.get((normal_class, method))
        return None if outcome is None or outcome.auc is None else 100 * outcome.auc

    def _with_published(self) -> list[str]:
        """Methods that the repository has a figure of, for one of the classes."""
        return [
            method
            for method in self.methods
            if any(self.published(c, method) is not None for c in self.classes)
        ]

    def _columns(self) -> list[tuple[str, list[float]]]:
        """Title and known figures in % of every column: ours, then the published ones."""
        columns = [(COMPARED[m].title, self._auc, m) for m in self.methods]
        for m in self._with_published():
            columns.append((f"published {COMPARED[m].title}", self.published, m))
        return [
            (title, [f for c in self.classes if (f := figure(c, m)) is not None])
            for title, figure, m in columns
        ]

    def _line(self, name: int | str, cells: Sequence[str]) -> str:
        widths = [max(len(title), 6) for title, _ in self._columns()]
        first = max(len(str(c)) for c in [*self.classes, "class"])
        padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        return "  ".join([f"{name:<{first}}", *padded])
