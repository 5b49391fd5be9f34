"""`kerasocc score`: scores and decisions for the samples of a file."""

from __future__ import annotations

import argparse
from typing import Any

from kerasocc.cli.common import (
    add_model_options,
    add_reading_options,
    check_output,
    echo_error,
    given_dialect,
    import_modules,
)
from kerasocc.cli.server_options import add_server_options, score_by_server
from kerasocc.datasets.readers.standard_input import STANDARD_INPUT, readable
from kerasocc.experiments.runs.startup import import_keras


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "score",
        help="score new samples with a trained model",
        description="Score new samples with a trained model and write CSV: row or file, score, "
        "is_anomaly. Tables are read block by block, so that they may be larger than the memory.",
    )
    parser.set_defaults(run_command=score)
    parser.add_argument(
        "source",
        metavar="FILE",
        help="table (.csv, .tsv, .parquet, .xlsx, .npz, .npy, .mat), image, or folder of images; "
        "- for a table on standard input",
    )
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="add the column p_value: at most t for a new normal sample with a probability of at "
        "most t; needs a threshold that was set on held-out normal samples",
    )
    parser.add_argument(
        "--bad-rows",
        choices=["error", "flag", "skip"],
        default="error",
        help="what to do about rows with a value that is missing (and that the model does not put "
        "in), infinite, beyond float32 or no number: stop, write an empty score and is_anomaly 1, "
        "or leave them out (default: error)",
    )
    parser.add_argument(
        "--output", metavar="CSV", default=None, help="file to write (default: standard output)"
    )
    add_reading_options(parser)
    add_model_options(parser)
    add_server_options(parser)


def score(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    if arguments.server is not None:
        return score_by_server(arguments)
    from kerasocc.experiments.runs.trained import find_trained

    check_output(arguments.output, arguments.source)
    dialect = given_dialect(arguments)
    found = find_trained(arguments.out, arguments.run, arguments.model)
    found.check_columns(arguments.source, dialect=dialect)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.runs.file_scores import score_file

    trained = found.load()
    with readable(arguments.source) as source:
        summary = score_file(
            trained,
            source,
            arguments.output,
            unreadable=arguments.unreadable,
            with_p_values=arguments.p_values,
            dialect=dialect,
            bad_rows=arguments.bad_rows,
        )
    shown = "standard input" if arguments.source == STANDARD_INPUT else arguments.source
    echo_error(f"Scored {summary.samples} samples of {shown} with {found.model_file}")
    if summary.bad:
        done = {"flag": "flagged beside them", "skip": "left out"}[arguments.bad_rows]
        echo_error(f"{summary.bad} more cannot be scored and are {done}: {summary.first_bad}")
    if summary.flagged is None:
        echo_error("The model has no threshold, so there are no decisions: see `calibrate`.")
    else:
        echo_error(
            f"Flagged {summary.flagged} of them ({100 * summary.flagged / summary.samples:.1f} %)"
        )
    return 0
