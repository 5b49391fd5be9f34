"""`kerasocc train`: a new run, or the rest of an interrupted one."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.checks import check_installed
from kerasocc.cli.common import echo
from kerasocc.cli.train_options import add_options
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.files import merged, read_settings
from kerasocc.experiments.config.implied_method import implied_method
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.columns import check_columns
from kerasocc.experiments.runs.folder import COMPLETE, FAILED, RunFolder
from kerasocc.experiments.runs.workers import NONE, Workers
from kerasocc.files import write_json

TENSORBOARD = "tensorboard"
"""Folder for TensorBoard in that of the run, unless another is given."""


class _Plan(NamedTuple):
    """What is to be done: a run with these settings, a new one if there is no folder."""

    config: TrainConfig
    run: RunFolder | None


def train(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    if arguments.tensorboard is not None:
        check_installed("tensorboard", extra="tensorboard", purpose="`--tensorboard`")
        if arguments.tensorboard:
            store.check_writable(arguments.tensorboard)
    workers = Workers(arguments.strategy)
    progress = echo if workers.is_chief and not arguments.quiet else (lambda *_: None)
    config = None if arguments.resume else _new_config(arguments)

    def plan() -> _Plan | None:
        return _plan(arguments, config, progress)

    # What is wrong is to be told before Keras is imported, unless the others have to know it too.
    planned = plan() if workers.count == 1 else None
    if planned is None and workers.count == 1:
        return 0
    if workers.count > 1:
        progress(f"Waiting for {workers.count - 1} more of {workers.count} workers")
    workers.start()
    with workers.scope(), tempfile.TemporaryDirectory(prefix="kerasocc-") as own:
        planned = planned or _told(workers, plan, Path(own))
        if planned is not None:
            out = arguments.out if workers.is_chief else own
            _train(planned, workers, out, arguments, progress)
    return 0


def _train(
    planned: _Plan,
    workers: Workers,
    out: str,
    arguments: argparse.Namespace,
    progress: Callable[[str], None],
) -> None:
    from kerasocc.experiments.runs import runner
    from kerasocc.experiments.runs.calibration import has_hidden_anomalies
    from kerasocc.experiments.runs.data import describe, load_data
    from kerasocc.experiments.runs.length import training_epochs
    from kerasocc.experiments.runs.networks import check_network

    config, run = planned
    data = load_data(config)
    # Validates before there is a run, which would have to be resumed.
    check_network(config, data.sample_format.shape)
    if config.definition.members is None:
        training_epochs(config, len(data.x_train))
    progress(describe(data, hidden=has_hidden_anomalies(config)))
    for note in data.notes:
        progress(f"Note: {note}.")
    run = run or store.create(out, arguments.name, config)
    is_shown = workers.is_chief and not arguments.quiet
    log_dir = _log_dir(arguments.tensorboard, run, workers)
    try:
        results = runner.train(
            config, run, data, progress=is_shown, workers=workers, log_dir=log_dir
        )
    except (KeyboardInterrupt, ConnectionError):
        if workers.is_chief:
            _print_how_to_resume(run, arguments)
        raise
    if workers.is_chief:
        _print_results(run, results, notes=results["notes"] if arguments.quiet else [])
        if log_dir is not None:
            echo(f"{'TensorBoard':<18} tensorboard --logdir {shlex.quote(str(log_dir))}")


def _log_dir(given: str | None, run: RunFolder, workers: Workers) -> Path | None:
    """The folder for TensorBoard: the chief's, or one that goes away with the run's."""
    if given is None:
        return None
    return Path(given) / run.name if given and workers.is_chief else run.path / TENSORBOARD


def _new_config(arguments: argparse.Namespace) -> TrainConfig:
    """The settings of a new run."""
    settings = {} if arguments.config is None else read_settings(arguments.config)
    chosen = merged(settings, _given(arguments))
    if "method" not in chosen:
        chosen["method"] = implied_method(chosen, TrainConfig.schema)
    config = TrainConfig.for_dataset(**chosen)
    check_columns(config)
    return config


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that are given as options."""
    return {k: v for k, v in vars(arguments).items() if k in TrainConfig.schema.fields}


def _plan(
    arguments: argparse.Namespace, config: TrainConfig | None, progress: Callable[[str], None]
) -> _Plan | None:
    """What is to be done by the look of the folder of all runs; None if nothing is."""
    if config is None:
        _check_no_config_file(arguments.config)
        run = store.find_unfinished(arguments.out, arguments.name)
        config = _resumed_config(run, _given(arguments))
        if run.results["status"] == COMPLETE:
            run.tidy()
            progress(f"The run {run.path} is complete, there is nothing to resume.")
            return None
        progress(f"Resuming {run.path}")
    else:
        run = None
        store.check_new(arguments.out, arguments.name)
    progress(f"{config.definition.title} on {config.dataset}{_which_class(config)}; loading Keras")
    return _Plan(config, run)


def _told(workers: Workers, plan: Callable[[], _Plan | None], folder: Path) -> _Plan | None:
    """The plan of the chief, in every worker: the others have no folder of the run."""
    planned: list[_Plan | None] = []

    def say() -> dict[str, Any] | None:
        planned.append(plan())
        return planned[0] and dataclasses.asdict(planned[0].config)

    settings = workers.tell(say)
    if planned or settings is None:
        return planned[0] if planned else None
    file = folder / "config.json"
    write_json(file, settings)
    return _Plan(TrainConfig.read(file), None)


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
    from kerasocc.experiments.reports.key_figures import key_figures

    for name, value in key_figures(results).items():
        echo(f"{name:<18} {value}")
    of_threshold = results["calibration"]["note"]
    for note in [*notes, *([of_threshold] if of_threshold else [])]:
        echo(f"{'Note':<18} {note}")
    echo(f"{'Report':<18} {run.path / 'report.html'}")


def _print_how_to_resume(run: RunFolder, arguments: argparse.Namespace) -> None:
    out = str(run.path.parent)
    options = "" if out == "runs" else f" --out {shlex.quote(out)}"
    options += "" if arguments.strategy == NONE else f" --strategy {arguments.strategy}"
    if arguments.tensorboard is not None:
        options += f" --tensorboard {shlex.quote(arguments.tensorboard)}".replace(" ''", "")
    print(f"Interrupted. Resume with: kerasocc train --resume --name {run.name}{options}")
