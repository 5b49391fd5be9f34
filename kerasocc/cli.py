"""The command line.

A subcommand is a function from the parsed arguments to an exit code, and a block
that adds its parser. Keras is imported inside the functions: `--help` must not
wait for it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from kerasocc import __version__
from kerasocc.experiments import runs
from kerasocc.experiments.config import DEFAULTS, OBJECTIVES, PROTOCOLS, TrainConfig
from kerasocc.experiments.folder import COMPLETE, FAILED, RunFolder
from kerasocc.experiments.startup import INTERRUPTED, import_keras

BAD_INPUT = 2
NOT_SETTINGS = {"run_command", "name", "out", "resume", "quiet"}
"""Arguments that do not change the outcome of a run."""


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
    _add_train(commands)
    return parser


def train(arguments: argparse.Namespace) -> int:
    """`kerasocc train`: a new run, or the rest of an interrupted one."""
    given = {k: v for k, v in vars(arguments).items() if k not in NOT_SETTINGS}
    say = (lambda *_: None) if arguments.quiet else _say
    if arguments.resume:
        run = runs.find_unfinished(arguments.out, arguments.name)
        config = _resumed_config(run, given)
        if run.results["status"] == COMPLETE:
            run.tidy()
            say(f"The run {run.path} is complete, there is nothing to resume.")
            return 0
        say(f"Resuming {run.path}")
    else:
        run = None
        config = TrainConfig.for_dataset(**given)
        runs.check_new(arguments.out, arguments.name)
    say(f"Deep SVDD on {config.dataset}, normal class {config.normal_class}; loading Keras")

    import_keras()
    from kerasocc.experiments import runner

    data = runner.load_data(config)
    run = run or runs.create(arguments.out, arguments.name, config)
    try:
        results = runner.train(config, run, data, progress=not arguments.quiet)
    except KeyboardInterrupt:
        _say_how_to_resume(run)
        raise
    _print_results(run, results)
    return 0


def _resumed_config(run: RunFolder, given: dict[str, Any]) -> TrainConfig:
    """The settings of a run, if it can be resumed and `given` agree with them."""
    config = TrainConfig.read(run.config_file)
    results = run.results
    if results["status"] == FAILED:
        raise ValueError(
            f"The run {str(run.path)!r} has failed and would fail again: {results.get('error')} "
            "Start another one with other settings."
        )
    for name, value in given.items():
        if getattr(config, name) != value:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"`{option}` must be left out or equal to that of the run to resume, "
                f"{str(run.path)!r}: {name}={getattr(config, name)!r}. Received: {name}={value!r}"
            )
    return config


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train Deep SVDD and report how well it detects anomalies",
        description="Train Deep SVDD, pretrained by an autoencoder, and report how well it "
        "detects anomalies. Without an option: scikit-learn's digits, 0 against the rest. "
        "Everything is written to OUT/NAME; an interrupted run goes on with --resume. The "
        "defaults shown are those for the digits.",
        argument_default=argparse.SUPPRESS,
    )
    parser.set_defaults(run_command=train)
    _add_problem(parser.add_argument_group("problem"))
    _add_training(parser.add_argument_group("training"))
    _add_run(parser.add_argument_group("run"))


def _add_problem(group: Any) -> None:
    _option(group, "dataset", "data set", choices=list(DEFAULTS))
    _option(
        group, "protocol", "published experiment that fixes the settings", choices=list(PROTOCOLS)
    )
    _option(group, "normal_class", "the class that is normal", type=_class, metavar="CLASS")
    _option(group, "contamination", "fraction of hidden anomalies in the training set", type=float)
    _option(group, "validation", "fraction held out for the threshold", type=float)
    _option(
        group, "threshold_rate", "false positive rate that the threshold is set for", type=float
    )
    _option(group, "seed", "seed of split, initial weights and order of the samples", type=int)


def _add_training(group: Any) -> None:
    drops = {"type": _epoch_list, "metavar": "EPOCH[,EPOCH...]"}
    _option(group, "objective", "objective of Deep SVDD", choices=OBJECTIVES)
    _option(group, "radius_update", "when the radius is set", choices=["epoch", "batch"])
    _option(group, "nu", "of the soft boundary: bound on the fraction outside", type=float)
    _option(group, "epochs", "epochs of Deep SVDD", type=int)
    _option(group, "learning_rate", "of Deep SVDD's Adam", type=float, metavar="RATE")
    _option(group, "drop_at", "epochs after which it is divided by 10", **drops)
    _option(group, "weight_decay", "of Deep SVDD", type=float, metavar="DECAY")
    _option(group, "pretrain_epochs", "epochs of the autoencoder, 0 for none", type=int)
    _option(group, "pretrain_learning_rate", "of its Adam", type=float, metavar="RATE")
    _option(group, "pretrain_drop_at", "epochs after which it is divided by 10", **drops)
    _option(group, "pretrain_weight_decay", "of the autoencoder", type=float, metavar="DECAY")
    _option(group, "batch_size", "samples per step, in both phases", type=int)


def _add_run(group: Any) -> None:
    group.add_argument(
        "--name",
        default=None,
        help="name of the run (default: <dataset>-<normal class>-deep-svdd, numbered if taken)",
    )
    group.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    group.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="go on with the run --name, or with the last one that is not complete; its "
        "settings are those it was started with",
    )
    group.add_argument(
        "--quiet", action="store_true", default=False, help="print the result only, no progress"
    )


def _option(group: Any, name: str, text: str, **arguments: Any) -> None:
    """Add an option for a field of `TrainConfig`, its default in the help."""
    # What is not given stays absent, so that resuming can tell what was.
    default = getattr(TrainConfig.for_dataset(), name)
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = "none" if default in ("", None) else default
    if "choices" not in arguments:
        arguments.setdefault("metavar", name.rpartition("_")[-1].upper())
    group.add_argument(
        f"--{name.replace('_', '-')}", help=f"{text} (default: {shown})", **arguments
    )


def _class(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _epoch_list(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be epochs such as 40,50, not {text!r}") from None


def _print_results(run: RunFolder, results: dict[str, Any]) -> None:
    from kerasocc.experiments.report import key_figures

    for name, value in key_figures(results).items():
        _say(f"{name:<18} {value}")
    note = results["calibration"]["note"]
    if note:
        _say(f"{'Note':<18} {note}")
    _say(f"{'Report':<18} {run.path / 'report.html'}")


def _say(text: str) -> None:
    print(text, flush=True)


def _say_how_to_resume(run: RunFolder) -> None:
    out = str(run.path.parent)
    option = "" if out == "runs" else f" --out {shlex.quote(out)}"
    print(f"Interrupted. Go on with: kerasocc train --resume --name {run.name}{option}")


def _fail(error: Exception) -> int:
    """Print the error in one line and return the exit code."""
    message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, OSError) and error.filename:
        message = f"{message}: {str(error.filename)!r}"
    print(f"kerasocc: error: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT
