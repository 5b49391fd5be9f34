"""`kerasocc reproduce`: tables of the papers, by one command."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasocc.checks import check_integer
from kerasocc.cli.common import echo
from kerasocc.experiments.papers import registry
from kerasocc.experiments.runs.startup import import_keras
from kerasocc.experiments.settings.parsing import class_name
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Options, OwnOption, TableDefinition
from kerasocc.experiments.tables.results_file import RESULTS_FILE
from kerasocc.experiments.tables.running import check_used, run_cells, select

DATA_VARIABLES = ("KERASOCC_DATA_DIR", "TFDS_DATA_DIR")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce",
        help="run the tables of a paper",
        description="Run a table of a paper and show ours beside the published figures. The same "
        "command resumes it after an interruption, and several processes with one --out share "
        "the work. Without a paper and a table the command lists them.",
    )
    parser.set_defaults(run_command=list_tables)
    papers = parser.add_subparsers(title="papers", metavar="PAPER", dest="paper")
    of_papers: dict[str, Any] = {}
    for table in registry.tables():
        if table.paper not in of_papers:
            paper = papers.add_parser(
                table.paper, help=_plain(table.source), description=table.source
            )
            paper.set_defaults(run_command=list_tables)
            of_papers[table.paper] = paper.add_subparsers(
                title="tables", metavar="TABLE", dest="table"
            )
        _add_table(of_papers[table.paper], table)


def _add_table(tables: Any, table: TableDefinition) -> None:
    notes = " ".join(table.notes)
    parser = tables.add_parser(
        table.name, help=_plain(table.title), description=f"{table.title}. {table.source}. {notes}"
    )
    parser.set_defaults(run_command=reproduce, definition=table)
    parser.add_argument(
        "--classes",
        nargs="+",
        type=class_name,
        metavar="CLASS",
        help="normal classes to run (default: all)",
    )
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="to run (default: all)")
    parser.add_argument("--data", nargs="+", metavar="DATA", help="data sets (default: all)")
    parser.add_argument(
        "--seeds", nargs="+", type=int, metavar="SEED", help="(default: as many as in the paper)"
    )
    parser.add_argument("--epochs", type=int, help="of every training (default: the paper's)")
    parser.add_argument(
        "--pretrain-epochs",
        type=int,
        metavar="EPOCHS",
        help="of every pretraining (default: the paper's)",
    )
    parser.add_argument("--quick", action="store_true", help="much shorter trainings")
    parser.add_argument(
        "--hindsight",
        action="store_true",
        help="add columns whose settings are chosen on test labels, as some papers did",
    )
    for option in table.own_options:
        _add_own(parser, option)
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help=f"folder of the data, in place of the variables {' and '.join(DATA_VARIABLES)}",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help=f"folder of the results (default: reproduce/{table.paper}-{table.name})",
    )
    parser.add_argument("--again", action="store_true", help="repeat the cells that have failed")
    parser.add_argument(
        "--show", action="store_true", help="run nothing: show the results that are there"
    )
    parser.add_argument("--quiet", action="store_true", help="print the table only, no progress")


def _add_own(parser: argparse.ArgumentParser, option: OwnOption) -> None:
    parser.add_argument(
        f"--{option.name.replace('_', '-')}",
        nargs="+" if option.several else None,
        type=option.kind,
        choices=option.choices,
        default=option.default,
        metavar=None if option.choices else option.name.rpartition("_")[2].upper(),
        help=_plain(option.help),
    )


def _plain(text: str) -> str:
    """A help text for argparse, which fills in what stands behind a percent sign."""
    return text.replace("%", "%%")


def list_tables(arguments: argparse.Namespace) -> int:
    """Print what there is."""
    for table in registry.tables():
        if arguments.paper in (None, table.paper):
            echo(f"kerasocc reproduce {f'{table.paper} {table.name}':<21} {table.title}")
    return 0


def reproduce(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    table: TableDefinition = arguments.definition
    options = _options(arguments)
    for variable in DATA_VARIABLES if arguments.data_dir else ():
        os.environ[variable] = arguments.data_dir
    cells = table.cells(options)
    check_used(table, options)
    chosen = [] if arguments.show else select(cells, options)
    folder = Path(arguments.out or Path("reproduce") / f"{table.paper}-{table.name}")
    store = CellStore(folder)
    if not arguments.show:
        progress = (lambda *_: None) if arguments.quiet else echo
        progress(f"{table.title}: {len(chosen)} cells in {folder}; loading Keras")
        import_keras()
    missing = run_chosen(table, chosen, store, quiet=arguments.quiet, again=arguments.again)
    return show_table(table, cells, store, missing, _settings(table, options))


def run_chosen(
    table: TableDefinition,
    cells: Sequence[Cell],
    store: CellStore,
    *,
    quiet: bool = False,
    again: bool = False,
) -> dict[str, str]:
    """Run cells, with a line for each; see `run_cells`."""
    progress = (lambda *_: None) if quiet else echo
    try:
        return run_cells(table, cells, Context(store, progress=not quiet), progress, again=again)
    except KeyboardInterrupt:
        echo("Interrupted. Run the same command again to resume.")
        raise


def show_table(
    table: TableDefinition,
    cells: Sequence[Cell],
    store: CellStore,
    missing: Mapping[str, str],
    settings: str,
) -> int:
    """Print a table, write its files, and return the exit code.

    Args:
        table: The definition.
        cells: All its cells.
        store: Of the results.
        missing: What `run_chosen` returned.
        settings: What was run, and the command.
    """
    from kerasocc.experiments.tables import outputs
    from kerasocc.experiments.tables.rendering import as_text, remarks
    from kerasocc.experiments.tables.summary import summarize

    summary = summarize(table, cells, store, missing)
    for metric in table.metrics:
        echo("")
        echo(f"{table.title}. {metric.title}")
        echo(as_text(table, summary, metric))
    echo("")
    for line in remarks(table, summary):
        echo(line)
    outputs.write_outputs(table, cells, summary, store, settings)
    names = (outputs.MARKDOWN_FILE, outputs.CSV_FILE, RESULTS_FILE)
    echo(f"{'Table':<9} {', '.join(str(store.folder / name) for name in names)}")
    echo(f"{'Report':<9} {store.folder / outputs.PAGE_FILE}")
    return 2 if summary.failures else 0


def _options(arguments: argparse.Namespace) -> Options:
    own = {o.name: getattr(arguments, o.name) for o in arguments.definition.own_options}
    lists = {
        # What is given twice is one.
        name: None if given is None else tuple(dict.fromkeys(given))
        for name in ("classes", "methods", "data", "seeds")
        for given in [getattr(arguments, name)]
    }
    for seed in lists["seeds"] or ():
        check_integer("seeds", seed, minimum=0)
    names = ("quick", "epochs", "pretrain_epochs", "hindsight")
    for name in ("epochs", "pretrain_epochs"):
        if getattr(arguments, name) is not None:
            check_integer(name, getattr(arguments, name), minimum=1)
    return Options(**lists, **{name: getattr(arguments, name) for name in names}, own=own)


def _settings(table: TableDefinition, options: Options) -> str:
    """What was run, for the files."""
    length = "At reduced length" if options.is_reduced else "At full length"
    return f"{length}: `kerasocc reproduce {table.paper} {table.name}{_given(table, options)}`."


def _given(table: TableDefinition, options: Options) -> str:
    """The options that were given, as the command line takes them; not where things are."""
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    del given["own"]
    usual = {option.name: option.default for option in table.own_options}
    given |= {name: value for name, value in options.own.items() if value != usual[name]}
    words = [""]
    for name, value in given.items():
        if value is None or value is False:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            values = value if isinstance(value, list | tuple) else [value]
            words += [shlex.quote(str(value)) for value in values]
    return " ".join(words)
