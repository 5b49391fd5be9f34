"""`kerasocc export`: a trained model for serving."""

from __future__ import annotations

import argparse
from typing import Any

from kerasocc.cli.common import add_model_options, echo, import_modules
from kerasocc.experiments.runs.startup import import_keras

FORMATS = ("tf_saved_model", "onnx", "litert")


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "export",
        help="export a trained model for serving",
        description="Export a trained model: raw samples `inputs` to `score`, `is_anomaly` "
        "and, where the threshold was set on held-out samples, `p_value`; the preprocessing "
        "included.",
    )
    parser.set_defaults(run_command=export)
    parser.add_argument("path", metavar="PATH", help="folder (SavedModel) or file to write")
    parser.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help=f"default: {FORMATS[0]}"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what is there, once the new is complete"
    )
    add_model_options(parser)


def export(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.runs.trained import find_trained

    found = find_trained(arguments.out, arguments.run, arguments.model)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.serving.exporting import export

    export(
        found.load().model, arguments.path, format=arguments.format, overwrite=arguments.overwrite
    )
    echo(f"Exported {found.model_file} to {arguments.path} ({arguments.format})")
    return 0
