"""`kerasocc migrate-demo`: the comparison of the OC-NN repository's notebooks, with our methods."""

from __future__ import annotations

import argparse
import csv
import functools
import io
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.cli.common import class_name, note, say
from kerasocc.experiments import comparison, runs
from kerasocc.experiments.comparison import METHODS, Outcome
from kerasocc.experiments.startup import import_keras
from kerasocc.files import write_text

TABLE = "migrate-demo.csv"
FEW = 20
"""Anomalies below which an AUC is coarse."""

WHAT_IT_IS = (
    "Transductive: every model is tested on the samples that it was trained on, 1 % of which are "
    "anomalies. These figures do not compare with the inductive ones of `kerasocc train`, whose "
    "test samples no model has seen."
)


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "migrate-demo",
        help="do what the notebooks of the OC-NN repository did",
        description="For every class train the methods that the notebooks of the OC-NN repository "
        "(Chalapathy et al.) compare, under their transductive protocol, and print the AUC beside "
        "the figures that they keep. Every run has a folder with a report; the same command goes "
        "on where it was interrupted. See MIGRATING.md.",
    )
    parser.set_defaults(run_command=migrate_demo)
    parser.add_argument(
        "--dataset",
        default="digits",
        metavar="DATA",
        help="digits, mnist, cifar10, or path of a folder or .npz file of images (default: digits)",
    )
    parser.add_argument(
        "--classes",
        nargs="+",
        type=_classes,
        default=[],
        metavar="CLASS",
        help="classes that are normal in turn, apart or with commas (default: all)",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        type=_names,
        default=[list(METHODS)],
        metavar="METHOD",
        help=f"among {', '.join(METHODS)} (default: all)",
    )
    parser.add_argument(
        "--epochs", type=int, default=None, help="of every method (default: that of the data)"
    )
    parser.add_argument(
        "--pretrain-epochs",
        type=int,
        default=None,
        metavar="EPOCHS",
        help="of the autoencoder before Deep SVDD and OC-NN (default: that of the data)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all draws (default: 0)")
    parser.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    parser.add_argument("--quiet", action="store_true", help="print the table only, no progress")


def migrate_demo(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    methods = list(dict.fromkeys(name for names in arguments.methods for name in names))
    comparison.check_methods(methods, arguments.pretrain_epochs)
    dataset = comparison.resolved(arguments.dataset)
    settings = {name: getattr(arguments, name) for name in ("epochs", "pretrain_epochs", "seed")}
    for method in methods:
        # What is out of range is refused before anything is imported or read.
        comparison.make_config(dataset, method, None, **settings)
    tell = (lambda *_: None) if arguments.quiet else say
    tell(f"{len(methods)} methods on {arguments.dataset}; loading Keras")
    import_keras()
    wanted = [value for values in arguments.classes for value in values]
    classes = comparison.find_classes(dataset, wanted)
    runs.check_new(arguments.out, None)
    table = Table(dataset, methods, classes)
    # Row by row as they come; with progress bars between them they would be no table.
    tell_row = say if arguments.quiet else (lambda *_: None)
    say(WHAT_IT_IS)
    tell_row(table.head())
    try:
        for normal_class in classes:
            _run_class(arguments, table, normal_class, settings, tell)
            tell_row(table.row(normal_class))
            write_text(Path(arguments.out) / TABLE, table.as_csv())
    except KeyboardInterrupt:
        say("Interrupted. The same command goes on with what is left.")
        raise
    _say_end(arguments, table)
    return 0 if not table.errors() else 2


def _run_class(
    arguments: argparse.Namespace,
    table: Table,
    normal_class: int | str,
    settings: dict[str, Any],
    tell: Any,
) -> None:
    """Run all methods on one class."""
    from kerasocc.experiments import runner
    from kerasocc.experiments.architectures import check_network

    configs = {
        method: comparison.make_config(table.dataset, method, normal_class, **settings)
        for method in table.methods
    }

    @functools.cache
    def load() -> Any:
        # The same for all methods.
        config = next(iter(configs.values()))
        data = runner.load_data(config)
        check_network(config, data.sample_format.shape)
        return data

    for method, config in configs.items():
        tell(f"Class {normal_class}, {METHODS[method].title}")
        outcome = comparison.run_method(
            config, method, arguments.out, load, progress=not arguments.quiet
        )
        table.outcomes[normal_class, method] = outcome
        theirs = table.published(normal_class, method)
        beside = "" if theirs is None else f" (published {theirs:.1f})"
        tell(f"AUC {table.cell(normal_class, method)}{beside}, {outcome.run}")


def _say_end(arguments: argparse.Namespace, table: Table) -> None:
    if not arguments.quiet:
        say("")
        say("\n".join([table.head(), *map(table.row, table.classes)]))
    say(table.means())
    for line in table.comparisons():
        say(line)
    fewest = min((o.anomalies for o in table.outcomes.values() if o.anomalies), default=FEW)
    if fewest < FEW:
        say(f"Anomalies in the smallest class: {fewest}. The AUC is coarse there.")
    runs_of_all = Path(arguments.out) / comparison.run_name(table.dataset, "CLASS", "METHOD")
    say(f"{'Table':<9} {Path(arguments.out) / TABLE}")
    say(f"{'Reports':<9} {runs_of_all / 'report.html'}")
    say(
        f"{'Pictures':<9} beside them: samples.png (most normal, most anomalous), for RCAE "
        "decomposition.png (original, reconstruction, N)"
    )
    for error in table.errors():
        note(error)


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
        return comparison.published(self.dataset, method, normal_class)

    def cell(self, normal_class: int | str, method: str) -> str:
        """AUC in %, or `failed`."""
        auc = self._auc(normal_class, method)
        return "failed" if auc is None else f"{auc:.2f}"

    def head(self) -> str:
        """Titles of the columns."""
        return self._line("class", [title for title, _ in self._columns()])

    def row(self, normal_class: int | str) -> str:
        """The row of a class."""
        ours = [self.cell(normal_class, method) for method in self.methods]
        theirs = [self.published(normal_class, method) for method in self._with_published()]
        return self._line(
            normal_class, [*ours, *("-" if t is None else f"{t:.1f}" for t in theirs)]
        )

    def means(self) -> str:
        """The row of the means over the classes that have a figure."""
        cells = [f"{_mean(values):.2f}" if values else "-" for _, values in self._columns()]
        return self._line("mean", cells)

    def comparisons(self) -> Iterator[str]:
        """Lines on the methods with published figures: the means over the classes of both."""
        for method in self._with_published():
            figures = [(self._auc(c, method), self.published(c, method)) for c in self.classes]
            both = [pair for pair in figures if None not in pair]
            if both:
                ours, theirs = map(_mean, zip(*both, strict=True))
                yield (
                    f"{METHODS[method].title}, mean where there is a published figure "
                    f"({len(both)}): here {ours:.2f}, published {theirs:.2f}"
                )
        if self._with_published():
            yield comparison.CAVEATS[comparison.published_name(self.dataset)]

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
        writer.writerow(["mean", *(f"{_mean(f):.4f}" if f else "" for _, f in columns)])
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
        columns = [(METHODS[m].title, self._auc, m) for m in self.methods]
        for m in self._with_published():
            columns.append((f"published {METHODS[m].title}", self.published, m))
        return [
            (title, [f for c in self.classes if (f := figure(c, m)) is not None])
            for title, figure, m in columns
        ]

    def _line(self, name: int | str, cells: Sequence[str]) -> str:
        widths = [max(len(title), 6) for title, _ in self._columns()]
        first = max(len(str(c)) for c in [*self.classes, "class"])
        padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        return "  ".join([f"{name:<{first}}", *padded])


_mean = statistics.fmean


def _classes(text: str) -> list[int | str]:
    return [class_name(part) for part in _parts(text)]


def _names(text: str) -> list[str]:
    return [part.lower() for part in _parts(text)]


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError(f"must hold names apart or with commas, not {text!r}")
    return parts
