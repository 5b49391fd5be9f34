"""What several subcommands have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.runs.user_modules import import_user_module

DIALECT_HELP = {
    "separator": "character between the cells, or tab or space",
    "decimal": "decimal point or comma",
    "thousands": "character between groups of three digits, or space or none",
    "encoding": "encoding, such as latin-1",
    "comment": "what lines begin with that are left out, or none",
    "sheet": "name of the sheet of an Excel workbook",
}


def echo(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def echo_error(text: str) -> None:
    """Print a line to standard error, beside the output."""
    print(text, file=sys.stderr, flush=True)


def check_output(output: str | None, source: str | None) -> None:
    """Validate the file to write before the work is done.

    Args:
        output: The file to write, None for none.
        source: The file to read, None for none.

    Raises:
        ValueError: If `output` is no file, or the one to read.
        FileNotFoundError: If there is no folder for it.
    """
    if output is None:
        return
    path = Path(output)
    # A device would not be written to but replaced.
    if not output or (path.exists() and not path.is_file()):
        raise ValueError(f"`--output` must be a file. Received: --output {output!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r} for `--output`.")
    if source is not None and path.exists() and path.resolve() == Path(source).resolve():
        raise ValueError(f"`--output` must not replace FILE. Received: --output {output!r}")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which trained model to use."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--run", default=None, help="name of the run (default: the one that was finished last)"
    )
    group.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    group.add_argument(
        "--model", default=None, metavar="FILE", help="a .keras file instead of a run"
    )
    add_import_option(group)


def add_import_option(parser: Any) -> None:
    """Add the option for models that hold classes of the user."""
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="Python module to import first, from the working directory or installed, which "
        "registers layers of your own with Keras; may be repeated",
    )


def import_modules(names: Sequence[str]) -> None:
    """Import the modules of `--import`, after Keras.

    Raises:
        ValueError: If one cannot be imported.
    """
    requirement = "`--import` must name modules that can be imported"
    for name in names:
        import_user_module(name, requirement, f"--import {name}")


def add_reading_options(parser: Any) -> None:
    """Add the options that say how to read new samples."""
    parser.add_argument(
        "--unreadable",
        choices=["error", "skip"],
        default="error",
        help="what to do about image files that cannot be read (default: error)",
    )
    group = parser.add_argument_group(
        "text files and workbooks",
        "How FILE is written, where that differs from the training data; auto detects it.",
    )
    for name, text in DIALECT_HELP.items():
        metavar = name.upper() if name in ("encoding", "sheet") else "CHARACTER"
        group.add_argument(f"--{name}", default=None, metavar=metavar, help=text)
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the first row has the names of the columns",
    )


def given_dialect(arguments: argparse.Namespace) -> Any:
    """The options of `add_reading_options` that say how a file is written, as a `Dialect`.

    Raises:
        ValueError: For a value that is not allowed.
    """
    from kerasocc.datasets.dialect import OPTIONS, Dialect

    return Dialect(**{name: getattr(arguments, name) for name in OPTIONS})
