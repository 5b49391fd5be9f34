"""`kerasocc train`: a new run, or the rest of an interrupted one."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from kerasocc.cli.common import class_name, say
from kerasocc.experiments import runs
from kerasocc.experiments.config import OBJECTIVES, OPTIMIZERS, TrainConfig, absolute
from kerasocc.experiments.config_file import merged, read_settings
from kerasocc.experiments.defaults import PROTOCOLS
from kerasocc.experiments.folder import COMPLETE, FAILED, RunFolder
from kerasocc.experiments.startup import import_keras

NOT_SETTINGS = {"run_command", "config", "name", "out", "resume", "quiet"}
"""Arguments that do not change the outcome of a run."""


def train(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    given = {k: v for k, v in vars(arguments).items() if k not in NOT_SETTINGS}
    tell = (lambda *_: None) if arguments.quiet else say
    if arguments.resume:
        _refuse_config_file(arguments.config)
        run = runs.find_unfinished(arguments.out, arguments.name)
        config = _resumed_config(run, given)
        if run.results["status"] == COMPLETE:
            run.tidy()
            tell(f"The run {run.path} is complete, there is nothing to resume.")
            return 0
        tell(f"Resuming {run.path}")
    else:
        run = None
        settings = {} if arguments.config is None else read_settings(arguments.config)
        config = TrainConfig.for_dataset(**merged(settings, given))
        runs.check_new(arguments.out, arguments.name)
    tell(f"Deep SVDD on {config.dataset}{_which_class(config)}; loading Keras")

    import_keras()
    from kerasocc.experiments import runner
    from kerasocc.experiments.architectures import choose_network

    data = runner.load_data(config)
    # What would fail at once is refused before there is a run that would have to be resumed.
    choose_network(config, data.sample_format.shape)
    tell(runner.describe(data))
    run = run or runs.create(arguments.out, arguments.name, config)
    try:
        results = runner.train(config, run, data, progress=not arguments.quiet)
    except KeyboardInterrupt:
        _say_how_to_resume(run)
        raise
    _print_results(run, results)
    return 0


def _which_class(config: TrainConfig) -> str:
    return "" if config.normal_class is None else f", normal class {config.normal_class}"


def _refuse_config_file(path: str | None) -> None:
    if path is not None:
        raise ValueError(
            "`--config` must be left out with `--resume`: a run goes on with the settings it was "
            f"started with. Received: --config {path}"
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
        help="train Deep SVDD and report how well it detects anomalies",
        description="Train Deep SVDD, pretrained by an autoencoder, and report how well it "
        "detects anomalies. Without an option: scikit-learn's digits, 0 against the rest. "
        "Everything is written to OUT/NAME; an interrupted run goes on with --resume. The "
        "defaults shown are those for the digits, other data have others.",
        argument_default=argparse.SUPPRESS,
    )
    parser.set_defaults(run_command=train)
    _add_problem(parser.add_argument_group("problem"))
    _add_training(parser.add_argument_group("training"))
    _add_run(parser.add_argument_group("run"))


def _add_problem(group: Any) -> None:
    _option(
        group,
        "dataset",
        "path of a table (.npz, .mat, .csv, .parquet) or of a folder of images, or a name (see "
        "`kerasocc datasets`)",
        type=lambda text: absolute(text) if text else text,
        metavar="DATA",
    )
    _option(
        group, "protocol", "published experiment that fixes the settings", choices=list(PROTOCOLS)
    )
    _option(
        group,
        "normal_class",
        "the class, or the label in a table, that is normal",
        type=class_name,
        metavar="CLASS",
    )
    _option(group, "label", "name of the label column of a table", metavar="COLUMN")
    _option(
        group, "missing", "missing values of a table: refuse or impute", choices=["error", "median"]
    )
    _option(
        group, "image_size", "side, or HEIGHTxWIDTH, that images are resized to", type=_image_size
    )
    _option(group, "unreadable", "image files that cannot be read", choices=["error", "skip"])
    _option(group, "contamination", "fraction of hidden anomalies in the training set", type=float)
    _option(group, "validation", "fraction held out for the threshold", type=float)
    _option(group, "test", "fraction for the test, where the data have no test part", type=float)
    _option(
        group, "threshold_rate", "false positive rate that the threshold is set for", type=float
    )
    _option(group, "seed", "seed of split, initial weights and order of the samples", type=int)


def _add_training(group: Any) -> None:
    drops = {"type": _integers, "metavar": "EPOCH[,EPOCH...]"}
    _option(group, "objective", "objective of Deep SVDD", choices=OBJECTIVES)
    _option(group, "radius_update", "when the radius is set", choices=["epoch", "batch"])
    _option(group, "nu", "of the soft boundary: bound on the fraction outside", type=float)
    _option(
        group,
        "hidden",
        "widths of the encoder for tables, the last is the dimension of the embedding",
        type=_integers,
        metavar="WIDTH[,WIDTH...]",
    )
    _option(group, "optimizer", "optimizer of both phases", choices=OPTIMIZERS)
    _option(group, "epochs", "epochs of Deep SVDD", type=int)
    _option(group, "learning_rate", "of Deep SVDD's optimizer", type=float, metavar="RATE")
    _option(group, "drop_at", "epochs after which it is divided by 10", **drops)
    _option(group, "weight_decay", "of Deep SVDD", type=float, metavar="DECAY")
    _option(group, "pretrain_epochs", "epochs of the autoencoder, 0 for none", type=int)
    _option(group, "pretrain_learning_rate", "of its optimizer", type=float, metavar="RATE")
    _option(group, "pretrain_drop_at", "epochs after which it is divided by 10", **drops)
    _option(group, "pretrain_weight_decay", "of the autoencoder", type=float, metavar="DECAY")
    _option(group, "batch_size", "samples per step, in both phases", type=int)


def _add_run(group: Any) -> None:
    group.add_argument(
        "--config",
        default=None,
        metavar="FILE",
        help="YAML or JSON file with settings, such as the config.json of a run; options given "
        "beside it take precedence",
    )
    group.add_argument(
        "--name",
        default=None,
        help="name of the run (default: <data>-<normal class>-deep-svdd, numbered if taken)",
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


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be whole numbers such as 40,50, not {text!r}"
        ) from None


def _image_size(text: str) -> int | tuple[int, ...]:
    try:
        sides = tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        sides = ()
    if len(sides) not in (1, 2):
        raise argparse.ArgumentTypeError(f"must be such as 64 or 48x64, not {text!r}")
    return sides[0] if len(sides) == 1 else sides


def _print_results(run: RunFolder, results: dict[str, Any]) -> None:
    from kerasocc.experiments.report import key_figures

    for name, value in key_figures(results).items():
        say(f"{name:<18} {value}")
    note = results["calibration"]["note"]
    if note:
        say(f"{'Note':<18} {note}")
    say(f"{'Report':<18} {run.path / 'report.html'}")


def _say_how_to_resume(run: RunFolder) -> None:
    out = str(run.path.parent)
    option = "" if out == "runs" else f" --out {shlex.quote(out)}"
    print(f"Interrupted. Go on with: kerasocc train --resume --name {run.name}{option}")
