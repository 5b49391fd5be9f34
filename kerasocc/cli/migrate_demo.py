"""`kerasocc migrate-demo`: the comparison of the OC-NN repository's notebooks, with our methods."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kerasocc.cli.common import echo
from kerasocc.cli.reproduce import run_chosen, show_table
from kerasocc.experiments.papers.oc_nn import comparison
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED
from kerasocc.experiments.papers.oc_nn.migration import RunStore, migration_table
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.startup import import_keras
from kerasocc.experiments.settings.data import absolute
from kerasocc.experiments.settings.parsing import class_name
from kerasocc.experiments.tables.definition import Options, TableDefinition
from kerasocc.experiments.tables.running import select

FEW = 20
"""Anomalies below which an AUC is coarse."""


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
    return _run(arguments, migration_table(dataset, classes, Path(arguments.out)), methods)


def _run(arguments: argparse.Namespace, table: TableDefinition, methods: list[str]) -> int:
    options = Options(
        epochs=arguments.epochs,
        pretrain_epochs=arguments.pretrain_epochs,
        seeds=(arguments.seed,),
        methods=tuple(methods),
    )
    cells = select(table.cells(options), options)
    out = Path(arguments.out)
    # A level below the runs, which are found by their `results.json`.
    results = RunStore(out / table.name / Path(arguments.dataset).stem)
    missing = run_chosen(table, cells, results, quiet=arguments.quiet)
    code = show_table(
        table, cells, results, missing, f"{len(methods)} methods, seed {arguments.seed}."
    )
    done = filter(None, map(results.read, cells))
    fewest = min((result.get("anomalies", FEW) for result in done), default=FEW)
    if fewest < FEW:
        echo(f"Anomalies in the smallest class: {fewest}. The AUC is coarse there.")
    echo(
        f"{'Figures':<9} beside the reports: samples.png (most normal, most anomalous), for RCAE "
        "decomposition.png (original, reconstruction, N)"
    )
    return code


def _classes(text: str) -> list[int | str]:
    return [class_name(part) for part in _parts(text)]


def _names(text: str) -> list[str]:
    return [part.lower() for part in _parts(text)]


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError(f"must hold names apart or with commas, not {text!r}")
    return parts
