"""`kerasocc score`: scores and decisions for the samples of files."""

from __future__ import annotations

import argparse
import os
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
        description="Score new samples with a trained model and write row or file, score, "
        "is_anomaly: one row for each, as CSV, Parquet or .npz. Tables are read block by block, so "
        "that they may be larger than the memory.",
    )
    parser.set_defaults(run_command=score)
    parser.add_argument(
        "source",
        metavar="FILE",
        help="table (.csv, .tsv, .parquet, .xlsx, .npz, .npy, .mat), image, or folder of images; "
        "a pattern such as 'new/*.parquet'; - for a table on standard input",
    )
    parser.add_argument(
        "more", metavar="FILE", nargs="*", help="more of them; each file is scored once"
    )
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="add the column p_value: at most t for a new normal sample with a probability of at "
        "most t; needs a threshold that was set on held-out normal samples",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="add the column because: the columns of a table that raised the score most; see "
        "`kerasocc explain` for heat maps of images",
    )
    parser.add_argument(
        "--bad-rows",
        choices=["error", "flag", "skip"],
        default="error",
        help="what to do about rows with a value that is missing (and that the model does not put "
        "in), infinite, beyond float32 or no number: stop, write an empty score and is_anomaly 1, "
        "or leave them out (default: error)",
    )
    _add_output_options(parser)
    add_reading_options(parser)
    add_model_options(parser)
    add_server_options(parser)


def _add_output_options(parser: Any) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        metavar="FILE",
        default=None,
        help="file to write, by its suffix .parquet, .npz or else CSV; of several inputs one, with "
        "a column that names the file (default: CSV on standard output)",
    )
    group.add_argument(
        "--output-dir",
        metavar="FOLDER",
        default=None,
        help="write one file for each input, named after it, into this folder instead",
    )
    group.add_argument(
        "--format",
        choices=["csv", "parquet", "npz"],
        default=None,
        help="format of the files in --output-dir (default: csv)",
    )
    group.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out inputs whose file in --output-dir exists: it is complete",
    )
    group.add_argument(
        "--shard",
        metavar="I/N",
        type=_shard,
        default=None,
        help="score the I-th of N shares of the input, for N processes at the same time: whole "
        "files if there are at least N, else rows of each file",
    )


def _shard(text: str) -> Any:
    from kerasocc.experiments.runs.shards import Shard

    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def score(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    if arguments.server is not None:
        _check_for_server(arguments)
        return score_by_server(arguments)
    from kerasocc.experiments.runs.trained import find_trained

    jobs = _jobs(arguments)
    dialect = given_dialect(arguments)
    found = find_trained(arguments.out, arguments.run, arguments.model)
    for sources, _, _ in jobs:
        for source in sources:
            found.check_columns(source, dialect=dialect)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.runs.file_scores import score_files
    from kerasocc.experiments.runs.summary import Summary

    trained = found.load()
    if arguments.explain and len(trained.sample_format.shape) != 1:
        raise ValueError(
            "`--explain` needs a model of a table, whose columns it names; `kerasocc explain` "
            "writes heat maps of images. Received: a model of samples of shape "
            f"{trained.sample_format.shape}"
        )
    explainer = trained.explainer() if arguments.explain else None
    summaries = []
    for sources, output, shard in jobs:
        with readable(sources[0]) as first:
            summary = score_files(
                trained,
                [first, *sources[1:]],
                output,
                unreadable=arguments.unreadable,
                with_p_values=arguments.p_values,
                dialect=dialect,
                bad_rows=arguments.bad_rows,
                shard=shard,
                explainer=explainer,
            )
        where = f"{sources[0]}: " if summary.bad and len(jobs) > 1 else ""
        summaries.append(summary._replace(first_bad=where + summary.first_bad))
    files = [source for sources, _, _ in jobs for source in sources]
    _report(Summary.total(summaries), files, found.model_file, arguments.bad_rows)
    return 0


def _check_for_server(arguments: argparse.Namespace) -> None:
    """Refuse what a server does not do: it scores one file, into CSV."""
    for name in ("more", "shard", "output_dir", "format", "skip_existing", "explain"):
        value = getattr(arguments, name)
        if value:
            option = "a second FILE" if name == "more" else f"`--{name.replace('_', '-')}`"
            shown = value[0] if name == "more" else value
            raise ValueError(
                f"{option} must be left out with `--server`, which scores one file into one "
                f"output. Received: {shown}"
            )
    suffix = os.path.splitext(arguments.output or "")[1].lower()
    if suffix in (".parquet", ".npz"):
        raise ValueError(
            f"`--output` must be a CSV file with `--server`. Received: --output {arguments.output}"
        )


def _jobs(arguments: argparse.Namespace) -> list[tuple[list[str], str | None, Any]]:
    """What to read together, where to write it, and the share of it; checks the outputs."""
    from kerasocc.experiments.runs.score_inputs import find_inputs, outputs_in

    inputs = find_inputs([arguments.source, *arguments.more])
    shard, folder = arguments.shard, arguments.output_dir
    if folder is None:
        for name in ("format", "skip_existing"):
            if getattr(arguments, name):
                option = f"--{name.replace('_', '-')}"
                raise ValueError(f"`{option}` must come with `--output-dir`. Received: {option}")
        for source in inputs:
            check_output(arguments.output, source)
        return [(inputs, arguments.output, shard)]
    if arguments.output is not None:
        raise ValueError(
            "`--output` and `--output-dir` exclude each other. Received: "
            f"--output {arguments.output} --output-dir {folder}"
        )
    if shard is not None:
        inputs, shard = shard.files_of(inputs)
    outputs = outputs_in(folder, inputs, arguments.format or "csv", shard)
    os.makedirs(folder, exist_ok=True)
    by_path = {os.path.realpath(source): source for source in inputs}
    for output in outputs:
        check_output(output, by_path.get(os.path.realpath(output)))
    return [
        ([source], output, shard)
        for source, output in zip(inputs, outputs, strict=True)
        if not (arguments.skip_existing and os.path.exists(output))
    ]


def _report(summary: Any, files: list[str], model_file: Any, bad_rows: str) -> None:
    shown = f"{len(files)} files"
    if len(files) == 1:
        shown = "standard input" if files[0] == STANDARD_INPUT else files[0]
    echo_error(f"Scored {summary.samples} samples of {shown} with {model_file}")
    if summary.bad:
        done = {"flag": "flagged beside them", "skip": "left out"}[bad_rows]
        echo_error(f"{summary.bad} more cannot be scored and are {done}: {summary.first_bad}")
    if summary.flagged is None:
        echo_error("The model has no threshold, so there are no decisions: see `calibrate`.")
    elif summary.samples:
        echo_error(
            f"Flagged {summary.flagged} of them ({100 * summary.flagged / summary.samples:.1f} %)"
        )
