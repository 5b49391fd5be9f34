"""`kerasocc explain`: which pixels and columns made the scores of a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from kerasocc.checks import check_choice
from kerasocc.cli.common import (
    add_model_options,
    add_reading_options,
    check_output,
    echo_error,
    given_dialect,
    import_modules,
)
from kerasocc.experiments.runs.startup import import_keras


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="show which pixels or columns made the scores of new samples",
        description="Explain the scores of new samples: heat maps of images, as a picture of "
        "those with the largest scores or as arrays; of tables the contribution of every column, "
        "as CSV or as arrays.",
    )
    parser.set_defaults(run_command=explain)
    parser.add_argument(
        "source",
        metavar="FILE",
        help="table (.csv, .tsv, .parquet, .xlsx, .npz, .npy, .mat), image, or folder of images",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        default=None,
        help="file to write: .npz for arrays; for images also .png, .svg or .pdf for a picture of "
        "the eight with the largest scores (default: heat_maps.png); for tables else CSV (default: "
        "CSV on standard output)",
    )
    parser.add_argument(
        "--method",
        default=None,
        metavar="METHOD",
        help="heat-map (of FCDD), reconstruction (of autoencoders), integrated-gradients, "
        "gradients or occlusion (default: that of the model, else integrated-gradients)",
    )
    parser.add_argument(
        "--top",
        type=int,
        default=3,
        metavar="N",
        help="how many columns of a row are named in the column because (default: 3)",
    )
    add_reading_options(parser)
    add_model_options(parser)


def explain(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.runs.trained import find_trained

    if arguments.top < 1:
        raise ValueError(f"`--top` must be at least 1. Received: --top {arguments.top}")
    check_output(arguments.output, arguments.source)
    dialect = given_dialect(arguments)
    found = find_trained(arguments.out, arguments.run, arguments.model)
    found.check_columns(arguments.source, dialect=dialect)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.runs.explained_files import explained

    trained = found.load()
    if arguments.method is not None:
        check_choice("--method", arguments.method, trained.model.explanation_methods)
    is_table = len(trained.sample_format.shape) == 1
    output = _output(arguments.output, is_table, trained.sample_format.shape)
    parts = explained(
        trained,
        arguments.source,
        arguments.method,
        top=arguments.top,
        unreadable=arguments.unreadable,
        dialect=dialect,
    )
    count = _write(output, parts, trained, is_table)
    where = "standard output" if output is None else output
    echo_error(f"Explained {count} samples of {arguments.source}: {where}")
    return 0


def _output(given: str | None, is_table: bool, shape: tuple[int, ...]) -> Path | None:
    """The file to write; None for standard output."""
    if given is None:
        return None if is_table else Path("heat_maps.png")
    from kerasocc.experiments.runs.explained_files import ARRAYS, PICTURES

    suffix = Path(given).suffix.lower()
    is_picture = suffix in PICTURES
    if is_table and is_picture:
        raise ValueError(
            f"`--output` must be .npz or CSV for the rows of a table. Received: --output {given}"
        )
    if not is_table and suffix != ARRAYS and not (is_picture and shape[-1] in (1, 3)):
        raise ValueError(
            f"`--output` must be .npz, or for images {', '.join(PICTURES)}. Received: --output "
            f"{given}"
        )
    return Path(given)


def _write(output: Path | None, parts: Any, trained: Any, is_table: bool) -> int:
    from kerasocc.experiments.runs import explained_files
    from kerasocc.files import complete_or_absent

    count = trained.sample_format.shape[0]
    columns = trained.explainer().column_names(count) if is_table else None
    if is_table and (output is None or output.suffix.lower() != explained_files.ARRAYS):
        if output is None:
            return explained_files.write_table(sys.stdout, parts, columns)
        with complete_or_absent(output) as temporary:
            with open(temporary, "w", encoding="utf-8", newline="") as stream:
                return explained_files.write_table(stream, parts, columns)
    found = list(parts)
    if output.suffix.lower() == explained_files.ARRAYS:
        explained_files.write_arrays(output, found, columns)
    else:
        explained_files.write_picture(output, found)
    return sum(len(part.names) for part in found)
