"""The command line.

A subcommand is a module with `add(commands)`, which adds its parser, and a function
from the parsed arguments to an exit code. Keras is imported inside that function:
`--help` must not wait for it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from kerasocc import __version__
from kerasocc.cli import datasets, evaluate, export, score, train
from kerasocc.experiments.startup import INTERRUPTED

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the name of the program; default those of the process.

    Returns:
        The exit code: 0, 2 for bad input and failures with a known cause, 130
        after Ctrl-C.
    """
    parsed = make_parser().parse_args(arguments)
    try:
        return parsed.run_command(parsed)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python's last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, FloatingPointError) as error:
        return _fail(error)
    except RuntimeError as error:
        # Its home imports NumPy, which the command does without until it trains.
        if type(error).__name__ != "CollapseError":
            raise
        return _fail(error)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all of ours."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"kerasocc: error: {message} (see `{self.prog} --help`)\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = _Parser(prog="kerasocc", description="Deep one-class anomaly detection for Keras.")
    parser.add_argument("--version", action="version", version=f"kerasocc {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (train, evaluate, score, export, datasets):
        command.add(commands)
    return parser


def _fail(error: Exception) -> int:
    """Print the error in one line and return the exit code."""
    message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, OSError) and error.filename:
        message = f"{message}: {str(error.filename)!r}"
    print(f"kerasocc: error: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT
