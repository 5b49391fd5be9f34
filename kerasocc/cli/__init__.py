"""The command line.

A subcommand is a module with `add(commands)`, which adds its parser, and a function
from the parsed arguments to an exit code. Keras is imported inside that function:
`--help` must not wait for it.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from kerasocc import __version__
from kerasocc.cli import (
    calibrate,
    compare,
    datasets,
    drift,
    evaluate,
    explain,
    export,
    migrate_demo,
    reproduce,
    score,
    train,
)
from kerasocc.experiments.runs.startup import (
    INTERRUPTED,
    TERMINATED,
    Terminated,
    interrupt_on_termination,
)

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the name of the program; default those of the process.

    Returns:
        The exit code: 0, 2 for bad input and failures with a known cause, 130
        after Ctrl-C, 143 after SIGTERM.
    """
    parsed = make_parser().parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        # Names of files that are no UTF-8 come out as they are.
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        with interrupt_on_termination(), _warnings_in_one_line():
            return parsed.run_command(parsed)
    except KeyboardInterrupt as interrupt:
        return TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python's last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:
        return _fail(error)
    except RuntimeError as error:
        # Its home imports NumPy, which the command does without until it trains.
        if type(error).__name__ != "CollapseError":
            raise
        return _fail(error)


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Show warnings like errors, without the line of code that they come from."""

    def formatted(message: Any, *_: Any, **__: Any) -> str:
        return f"kerasocc: warning: {' '.join(str(message).split())}\n"

    original, warnings.formatwarning = warnings.formatwarning, formatted
    try:
        yield
    finally:
        warnings.formatwarning = original


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which takes options by their full names only.

    An abbreviation would change its meaning, or become ambiguous, with every new option.
    """

    def __init__(self, **options: Any):
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"kerasocc: error: {message} (see `{self.prog} --help`)\n")


class _CommandParser(_Parser):
    """The parser of a subcommand, which names the options that may have been meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            names = [name for action in self._actions for name in action.option_strings]
            meant = [name for text in unknown for name in _near_options(text, names)]
            near = f"; near names: {', '.join(meant)}" if meant else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{near}")
        return parsed, unknown


def _near_options(text: str, names: Sequence[str]) -> list[str]:
    """Up to three options that an unknown one may stand for."""
    given = text.partition("=")[0]
    if not given.startswith("--"):
        return []
    longer = [name for name in names if name.startswith(given)]
    return (longer or difflib.get_close_matches(given, names, cutoff=0.75))[:3]


def make_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = _Parser(prog="kerasocc", description="Deep one-class anomaly detection for Keras.")
    parser.add_argument("--version", action="version", version=f"kerasocc {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_CommandParser
    )
    of_models = (train, compare, calibrate, evaluate, score, explain, drift, export)
    for command in (*of_models, datasets, migrate_demo, reproduce):
        command.add(commands)
    return parser


def _fail(error: Exception) -> int:
    """Print the error in one line and return the exit code."""
    message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, OSError) and error.filename:
        message = f"{message}: {str(error.filename)!r}"
    print(f"kerasocc: error: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT
