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
        description="Export a trained model: raw samples `inputs` to `score`, `is_anomaly`, "
        "`threshold` and, where the threshold was set on held-out samples, `p_value` and "
        "`confidence`; the preprocessing included. SavedModels take encoded images and "
        "tf.Examples too.",
    )
    parser.set_defaults(run_command=export)
    parser.add_argument(
        "path",
        metavar="PATH",
        help="folder (SavedModel) or file to write; with --version the folder of all versions",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help=f"default: {FORMATS[0]}"
    )
    parser.add_argument(
        "--version",
        type=_version,
        default=None,
        metavar="VERSION",
        help="write a version that a server can load from PATH, with its settings, requests and "
        "a model card: a number, or next for one above the newest (default: none)",
    )
    parser.add_argument(
        "--signatures",
        type=lambda text: text.split(","),
        default=None,
        metavar="NAMES",
        help="signatures of a SavedModel, separated by commas (default: all that the model has)",
    )
    parser.add_argument(
        "--quantize",
        choices=("float16", "dynamic", "int8"),
        default=None,
        help="for onnx and litert: store the weights in 16 bits (float16) or in 8 (dynamic), or "
        "compute the layers in 8 bits (int8)",
    )
    parser.add_argument(
        "--samples",
        default=None,
        metavar="FILE",
        help="table, image, or folder of images: samples for the sample requests of a version, "
        "and for --quantize, which sets the threshold anew on them: normal ones that the model was "
        "not trained on",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what is there, once the new is complete"
    )
    add_model_options(parser)


def _in_words(report: dict[str, Any] | None) -> list[str]:
    """What a quantization changed."""
    if report is None:
        return []
    lines = [f"Scores on {report['samples']} samples: "]
    if report["rank_correlation"] is None:
        lines[0] += "all the same"
    else:
        lines[0] += (
            f"rank correlation {report['rank_correlation']:.4f} with the model's, largest "
            f"difference {report['largest_difference']:.2g} standard deviations"
        )
    if "threshold" in report:
        lines.append(
            f"Threshold: {report['threshold']:.6g}, before {report['threshold_before']:.6g}; "
            f"{report['decisions_changed']} of {report['samples']} decisions changed"
        )
    return lines


def _version(text: str) -> int | str | None:
    if text in ("none", "next"):
        return None if text == "none" else text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be next, none or a whole number, not {text!r}"
        ) from None


def export(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.runs.trained import find_trained

    found = find_trained(arguments.out, arguments.run, arguments.model)
    if arguments.samples is not None:
        found.check_columns(arguments.samples)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.runs.served import about, read_samples
    from kerasocc.serving.exporting import export

    trained = found.load()
    exported = export(
        trained.model,
        arguments.path,
        format=arguments.format,
        version=arguments.version,
        signatures=arguments.signatures,
        quantize=arguments.quantize,
        samples=None if arguments.samples is None else read_samples(trained, arguments.samples),
        card=about(trained),
        overwrite=arguments.overwrite,
    )
    # The path as it was given: the real one may be long.
    shown = arguments.path if arguments.version is None else exported.path
    echo(f"Exported {found.model_file} to {shown} ({arguments.format})")
    for line in _in_words(exported.quantization):
        echo(line)
    return 0
