"""`kerasocc drift`: whether new scores are still like those of the calibration."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import Any

from kerasocc.cli.common import add_model_options, check_output, echo, echo_error, import_modules
from kerasocc.experiments.runs.startup import import_keras

DRIFTED = 1
HEADER = "first last samples unscored distance p_value drift scores_are flagged columns".split()


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "drift",
        help="find out whether new scores are still like those of the calibration",
        description="Compare scores that `kerasocc score` has written with those that the model "
        "was calibrated on, window by window, and write CSV: the distance of their p-values from "
        "uniform ones, the probability of such a distance without drift, and the columns of the "
        "data that have drifted.",
    )
    parser.set_defaults(run_command=drift)
    parser.add_argument("scores", metavar="SCORES", help="what `kerasocc score` has written")
    parser.add_argument(
        "--window",
        default=None,
        metavar="N|TIME",
        help="samples in a window, or its length such as 30m, 6h or 1d (default: all as one)",
    )
    parser.add_argument(
        "--time", default=None, metavar="COLUMN", help="column of SCORES with the time, for TIME"
    )
    parser.add_argument(
        "--least", type=int, default=100, metavar="N", help="fewest scores to test (default 100)"
    )
    parser.add_argument(
        "--alpha",
        type=float,
        default=0.01,
        metavar="RATE",
        help="share of windows with an alarm while nothing drifts (default 0.01)",
    )
    parser.add_argument("--data", default=None, metavar="TABLE", help="what was scored")
    parser.add_argument(
        "--reference",
        default=None,
        metavar="TABLE",
        help="normal samples, to tell which columns of --data have drifted",
    )
    parser.add_argument(
        "--output", metavar="CSV", default=None, help="file to write (default: standard output)"
    )
    parser.add_argument(
        "--fail", action="store_true", help=f"exit with {DRIFTED} if a window has drifted"
    )
    add_model_options(parser)


def drift(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.reports.drift import drift_of
    from kerasocc.experiments.runs.trained import find_trained
    from kerasocc.files import write_text

    check_output(arguments.output, arguments.scores)
    tables = {
        name: None if path is None else _table(path)
        for name, path in vars(arguments).items()
        if name in ("scores", "data", "reference")
    }
    found = find_trained(arguments.out, arguments.run, arguments.model)
    import_keras()
    import_modules(arguments.modules)
    calibration_scores = found.load().model.sorted_calibration_scores()
    names = ("window", "time", "least", "alpha")
    options = {name: getattr(arguments, name) for name in names}
    windows = drift_of(calibration_scores=calibration_scores, **tables, **options)
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerows([HEADER, *map(_row, windows)])
    if arguments.output is None:
        echo(stream.getvalue().rstrip("\n"))
    else:
        write_text(arguments.output, stream.getvalue())
    alarms = sum(w.alarm or 0 for w in windows)
    tested = sum(w.drift is not None for w in windows)
    echo_error(
        f"{alarms} of {tested} windows have drifted from {len(calibration_scores)} scores of the "
        f"calibration of {found.model_file}"
    )
    if tested < len(windows):
        echo_error(f"{len(windows) - tested} more have fewer than {arguments.least} scores.")
    return DRIFTED if alarms and arguments.fail else 0


def _table(path: str) -> Any:
    import pandas

    from kerasocc.datasets.readers.named_tables import SUFFIXES, read_frames

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {path!r}.")
    if file.suffix.lower() not in SUFFIXES:
        raise ValueError(f"A table must end in one of {list(SUFFIXES)}. Received: {path!r}")
    return pandas.concat(read_frames(file), ignore_index=True)


def _row(window: Any) -> list[Any]:
    found = window.drift
    tested = ["", "", "", ""]
    if found is not None:
        side = "higher" if found.higher else "lower"
        tested = [f"{found.distance:.4f}", f"{found.probability:.3g}", int(window.alarm), side]
    columns = [f"{name} {drift.distance:.3f}" for name, drift in (window.columns or {}).items()]
    flagged = "" if window.flagged is None else f"{window.flagged:.4f}"
    counts = [window.first, window.last, window.samples, window.unscored]
    return [*counts, *tested, flagged, "; ".join(columns)]
