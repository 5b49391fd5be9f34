"""`kerasocc calibrate`: another decision threshold for a run, without training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kerasocc.checks import check_fraction
from kerasocc.cli.common import (
    add_import_option,
    add_reading_options,
    echo,
    given_dialect,
    import_modules,
)
from kerasocc.experiments.runs.folder import RunFolder
from kerasocc.experiments.runs.startup import import_keras


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "calibrate",
        help="set another decision threshold for a trained run",
        description="Set another decision threshold for a run, for a false positive rate on new "
        "normal samples, without training: on the scores of the normal samples that were held "
        "out of the training, or on those of DATA. The model, results.json, scores.csv and the "
        "report are all replaced, or none of them; results.json keeps the former thresholds.",
    )
    parser.set_defaults(run_command=calibrate)
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default=None,
        help="name of a run below --out, or its folder (default: the one that finished last)",
    )
    parser.add_argument(
        "--fpr",
        type=float,
        required=True,
        metavar="RATE",
        help="wanted false positive rate on new normal samples, in [0, 1), such as 0.01",
    )
    parser.add_argument(
        "--data",
        default=None,
        metavar="DATA",
        help="table, image, or folder of images to set it on: normal samples only, which the "
        "model was not trained on (default: those that the run has held out)",
    )
    parser.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    add_reading_options(parser)
    add_import_option(parser)


def calibrate(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.runs.trained import find_trained

    rate = check_fraction("fpr", arguments.fpr, zero=True)
    found = find_trained(*_place_of(arguments.run, arguments.out), None)
    dialect = given_dialect(arguments)
    if arguments.data is not None:
        found.check_columns(arguments.data, dialect=dialect)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.reports.key_figures import key_figures
    from kerasocc.experiments.runs.threshold import change_threshold

    reading = dict(unreadable=arguments.unreadable, dialect=dialect)
    results = change_threshold(found, rate, arguments.data, **reading)
    figures = key_figures(results)
    for name in ("Threshold", "Changed", "True rate", "Flagged"):
        if name in figures:
            echo(f"{name:<18} {figures[name]}")
    if results["calibration"]["note"]:
        echo(f"{'Note':<18} {results['calibration']['note']}")
    echo(f"{'Report':<18} {found.run.path / 'report.html'}")
    return 0


def _place_of(run: str | None, out: str) -> tuple[Path, str | None]:
    """The folder of all runs and the name in it, None for the last; `run` may be a folder."""
    if run is None:
        return Path(out), None
    path = Path(run)
    if RunFolder(path).results_file.exists():
        return path.resolve().parent, path.resolve().name
    return Path(out), run
