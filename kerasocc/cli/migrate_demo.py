"""`kerasocc migrate-demo`: the comparison of the OC-NN repository's notebooks, with our methods."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

from kerasocc.cli.common import echo, echo_error
from kerasocc.experiments.papers.oc_nn import comparison
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED
from kerasocc.experiments.papers.oc_nn.table import Table
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.startup import import_keras
from kerasocc.experiments.settings.data import absolute
from kerasocc.experiments.settings.parsing import class_name
from kerasocc.files import write_text

TABLE_FILE, PAGE_FILE = "migrate-demo.csv", "migrate-demo.html"
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
        help="run the comparison of the notebooks of the OC-NN repository",
        description="For every class train the methods that the notebooks of the OC-NN repository "
        "(Chalapathy et al.) compare, under their transductive protocol, and print the AUC beside "
        "the figures that they keep. Every run has a folder with a report; the same command "
        "resumes it after an interruption. See MIGRATING.md.",
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
        default=[list(COMPARED)],
        metavar="METHOD",
        help=f"among {', '.join(COMPARED)} (default: all)",
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
    dataset = absolute(arguments.dataset) if arguments.dataset else arguments.dataset
    settings = {name: getattr(arguments, name) for name in ("epochs", "pretrain_epochs", "seed")}
    for method in methods:
        # Validates the options before anything is imported or read.
        comparison.make_config(dataset, method, None, **settings)
    progress = (lambda *_: None) if arguments.quiet else echo
    progress(f"{len(methods)} methods on {arguments.dataset}; loading Keras")
    import_keras()
    wanted = [value for values in arguments.classes for value in values]
    classes = comparison.find_classes(dataset, wanted)
    store.check_new(arguments.out, None)
    table = Table(dataset, methods, classes)
    # Rows are printed as they come, except between progress bars.
    echo_row = echo if arguments.quiet else (lambda *_: None)
    echo(WHAT_IT_IS)
    echo_row(table.head())
    try:
        for normal_class in classes:
            _run_class(arguments, table, normal_class, settings, progress)
            echo_row(table.row(normal_class))
            write_text(Path(arguments.out) / TABLE_FILE, table.as_csv())
    except KeyboardInterrupt:
        echo("Interrupted. Run the same command again to resume.")
        raise
    _print_end(arguments, table)
    return 0 if not table.errors() else 2


def _run_class(
    arguments: argparse.Namespace,
    table: Table,
    normal_class: int | str,
    settings: dict[str, Any],
    progress: Any,
) -> None:
    """Run all methods on one class."""
    from kerasocc.experiments.papers.oc_nn.run import run_method
    from kerasocc.experiments.runs.data import check_anomalies, load_data
    from kerasocc.experiments.runs.networks import check_network

    configs = {
        method: comparison.make_config(table.dataset, method, normal_class, **settings)
        for method in table.methods
    }

    @functools.cache
    def load() -> Any:
        # The same for all methods.
        config = next(iter(configs.values()))
        data = load_data(config)
        check_anomalies(data)
        check_network(config, data.sample_format.shape)
        return data

    for method, config in configs.items():
        progress(f"Class {normal_class}, {COMPARED[method].title}")
        outcome = run_method(config, method, arguments.out, load, progress=not arguments.quiet)
        table.outcomes[normal_class, method] = outcome
        theirs = table.published(normal_class, method)
        beside = "" if theirs is None else f" (published {theirs:.1f})"
        progress(f"AUC {table.cell(normal_class, method)}{beside}, {outcome.run}")


def _print_end(arguments: argparse.Namespace, table: Table) -> None:
    if not arguments.quiet:
        echo("")
        echo("\n".join([table.head(), *map(table.row, table.classes)]))
    echo(table.means())
    for line in table.comparisons():
        echo(line)
    from kerasocc.experiments.papers.oc_nn.page import comparison_page

    page = Path(arguments.out) / PAGE_FILE
    write_text(page, comparison_page(table, WHAT_IT_IS))
    fewest = min((o.anomalies for o in table.outcomes.values() if o.anomalies), default=FEW)
    if fewest < FEW:
        echo(f"Anomalies in the smallest class: {fewest}. The AUC is coarse there.")
    all_runs = Path(arguments.out) / comparison.run_name(table.dataset, "CLASS", "METHOD")
    echo(f"{'Table':<9} {Path(arguments.out) / TABLE_FILE}, as a page: {page}")
    echo(f"{'Reports':<9} {all_runs / 'report.html'}")
    echo(
        f"{'Figures':<9} beside them: samples.png (most normal, most anomalous), for RCAE "
        "decomposition.png (original, reconstruction, N)"
    )
    for error in table.errors():
        echo_error(error)


def _classes(text: str) -> list[int | str]:
    return [class_name(part) for part in _parts(text)]


def _names(text: str) -> list[str]:
    return [part.lower() for part in _parts(text)]


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError(f"must hold names apart or with commas, not {text!r}")
    return parts
