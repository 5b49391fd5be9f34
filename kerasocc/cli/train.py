"""`kerasocc train`: a new run, or the rest of an interrupted one."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from kerasocc.cli.common import echo
from kerasocc.cli.train_options import add_options
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.files import merged, read_settings
from kerasocc.experiments.config.implied_method import implied_method
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.columns import check_columns
from kerasocc.experiments.runs.folder import COMPLETE, FAILED, RunFolder
from kerasocc.experiments.runs.startup import import_keras


def train(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    given = {k: v for k, v in vars(arguments).items() if k in TrainConfig.schema.fields}
    progress = (lambda *_: None) if arguments.quiet else echo
    if arguments.resume:
        _check_no_config_file(arguments.config)
        run = store.find_unfinished(arguments.out, arguments.name)
        config = _resumed_config(run, given)
        if run.results["status"] == COMPLETE:
            run.tidy()
            progress(f"The run {run.path} is complete, there is nothing to resume.")
            return 0
        progress(f"Resuming {run.path}")
    else:
        run = None
        settings = {} if arguments.config is None else read_settings(arguments.config)
        chosen = merged(settings, given)
        if "method" not in chosen:
            chosen["method"] = implied_method(chosen, TrainConfig.schema)
        config = TrainConfig.for_dataset(**chosen)
        check_columns(config)
        store.check_new(arguments.out, arguments.name)
    progress(f"{config.definition.title} on {config.dataset}{_which_class(config)}; loading Keras")

    import_keras()
    from kerasocc.experiments.runs import runner
    from kerasocc.experiments.runs.data import describe, load_data
    from kerasocc.experiments.runs.length import training_epochs
    from kerasocc.experiments.runs.networks import check_network

    data = load_data(config)
    # Validates before there is a run, which would have to be resumed.
    check_network(config, data.sample_format.shape)
    if config.definition.members is None:
        training_epochs(config, len(data.x_train))
    progress(describe(data))
    for note in data.notes:
        progress(f"Note: {note}.")
    run = run or store.create(arguments.out, arguments.name, config)
    try:
        results = runner.train(config, run, data, progress=not arguments.quiet)
    except KeyboardInterrupt:
        _print_how_to_resume(run)
        raise
    _print_results(run, results, notes=results["notes"] if arguments.quiet else [])
    return 0


def _which_class(config: TrainConfig) -> str:
    if config.altered is not None:
        return f", anomalies altered by {config.altered} of {config.amount}"
    return "" if config.normal_class is None else f", normal class {config.normal_class}"


def _check_no_config_file(path: str | None) -> None:
    if path is not None:
        raise ValueError(
            "`--config` must be left out with `--resume`: a run is resumed with the settings it "
            f"was started with. Received: --config {path}"
        )


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


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "train",
        help="train a model and report how well it detects anomalies",
        description="Train a one-class model and report how well it detects anomalies. Without "
        "an option of a method an ensemble is trained, whose members suit the data. A single "
        "model is pretrained by an autoencoder unless it is one or has a task of its own. Without "
        "an option: scikit-learn's digits, 0 against the rest. "
        "Everything is written to OUT/NAME; an interrupted run is continued by --resume. The "
        "defaults shown are those for the digits, other data have others; those in the groups of "
        "single methods are for these methods.",
        argument_default=argparse.SUPPRESS,
    )
    parser.set_defaults(run_command=train)
    add_options(parser)


def _print_results(run: RunFolder, results: dict[str, Any], notes: list[str]) -> None:
    from kerasocc.experiments.reports.page import key_figures

    for name, value in key_figures(results).items():
        echo(f"{name:<18} {value}")
    of_threshold = results["calibration"]["note"]
    for note in [*notes, *([of_threshold] if of_threshold else [])]:
        echo(f"{'Note':<18} {note}")
    echo(f"{'Report':<18} {run.path / 'report.html'}")


def _print_how_to_resume(run: RunFolder) -> None:
    out = str(run.path.parent)
    option = "" if out == "runs" else f" --out {shlex.quote(out)}"
    print(f"Interrupted. Resume with: kerasocc train --resume --name {run.name}{option}")
