"""`kerasocc datasets`: what data sets are known and which are on disk."""

from __future__ import annotations

import argparse
import os
from typing import Any

from kerasocc.cli.common import echo
from kerasocc.experiments import dataset_listing


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "datasets",
        help="list the data sets that are known or on disk",
        description="List what `kerasocc train --dataset` takes by name: the known data sets, what "
        "tensorflow-datasets has on disk (TFDS_DATA_DIR), and the tables and folders of images "
        "below KERASOCC_DATA_DIR. Any path of a table or of a folder of images will do as well, "
        "and any image set of tensorflow-datasets, which is downloaded on its first use.",
    )
    parser.set_defaults(run_command=list_datasets)


def list_datasets(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    rows = [(e.name, e.kind, e.size, e.location) for e in dataset_listing.entries()]
    heads = ("name", "kind", "samples", "where")
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = zip(row[:-1], widths[:-1], strict=True)
        echo("  ".join([*(f"{cell:<{width}}" for cell, width in cells), row[-1]]))
    if not os.environ.get("KERASOCC_DATA_DIR"):
        echo("\nKERASOCC_DATA_DIR is not set: it names a folder whose tables and images get names.")
    return 0
