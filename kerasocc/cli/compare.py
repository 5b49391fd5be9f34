"""`kerasocc compare`: several runs beside one another, as one page."""

from __future__ import annotations

import argparse
from typing import Any

from kerasocc.cli.common import check_output, echo


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "compare",
        help="compare finished runs on one page",
        description="Write a page that compares finished runs: results, ROC curves, the samples "
        "that they rank most differently, and the settings that differ. It is one HTML file, "
        "which needs no other.",
    )
    parser.set_defaults(run_command=compare)
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="*",
        help="name of a run below --out, or its folder (default: all that are complete)",
    )
    parser.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    parser.add_argument(
        "--output",
        metavar="HTML",
        default=None,
        help="file to write (default: comparison.html in --out)",
    )


def compare(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    check_output(arguments.output, None)
    from kerasocc.experiments.runs import comparing

    page, runs = comparing.compare(arguments.runs, arguments.out, arguments.output)
    width = max(len(run.name) for run in runs)
    for run in runs:
        auc = run.results["auc"]
        shown = "no AUC" if auc is None else f"AUC {100 * auc:.2f} %"
        echo(f"{run.name:<{width}}  {run.results['method']}, {shown}")
    echo(f"{'Report':<{width}}  {page}")
    return 0
