"""`kerasocc evaluate`: how well a trained model ranks labelled samples."""

from __future__ import annotations

import argparse
from typing import Any

from kerasocc.cli.common import (
    add_model_options,
    add_reading_options,
    check_output,
    echo,
    given_dialect,
    import_modules,
)
from kerasocc.datasets.dialect import OPTIONS
from kerasocc.experiments.runs.startup import import_keras
from kerasocc.experiments.settings.parsing import class_name


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "evaluate",
        help="test a trained model on labelled samples",
        description="Test a trained model: on the test part of its own data or on FILE, a table "
        "with a label column or a folder of images with a folder per class.",
    )
    parser.set_defaults(run_command=evaluate)
    parser.add_argument(
        "source",
        metavar="FILE",
        nargs="?",
        default=None,
        help="labelled table or folder of images (default: the test part of the run's data)",
    )
    parser.add_argument("--label", default=None, help="name of the label column")
    parser.add_argument(
        "--normal-class",
        type=class_name,
        metavar="CLASS",
        default=None,
        help="label of normal samples (default: that of the training, else 0)",
    )
    parser.add_argument("--output", metavar="JSON", default=None, help="file for the results")
    add_reading_options(parser)
    add_model_options(parser)


def evaluate(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    from kerasocc.experiments.runs.trained import find_trained

    check_output(arguments.output, arguments.source)
    dialect = given_dialect(arguments)
    if arguments.source is None:
        _check_no_file_options(arguments)
    found = find_trained(arguments.out, arguments.run, arguments.model)
    if arguments.source is not None:
        names = dict(labelled=True, label=arguments.label)
        found.check_columns(arguments.source, **names, dialect=dialect)
    import_keras()
    import_modules(arguments.modules)
    from kerasocc.experiments.reports import evaluation
    from kerasocc.experiments.runs import labelled_scores
    from kerasocc.files import write_json

    trained = found.load()
    if arguments.source is None:
        scored = labelled_scores.score_test_part(trained)
    else:
        scored = labelled_scores.score_labelled(
            trained,
            arguments.source,
            label=arguments.label,
            normal_class=arguments.normal_class,
            unreadable=arguments.unreadable,
            dialect=dialect,
        )
    results = evaluation.evaluate(
        scored.labels, scored.scores, trained.threshold, labelled=scored.labelled
    )
    for name, value in evaluation.in_words(results).items():
        echo(f"{name:<18} {value}")
    if arguments.output is not None:
        write_json(arguments.output, results)
    return 0


def _check_no_file_options(arguments: argparse.Namespace) -> None:
    """Raise `ValueError` for an option that would be ignored."""
    defaults = {"label": None, "normal_class": None, "unreadable": "error"}
    for name, default in {**defaults, **dict.fromkeys(OPTIONS)}.items():
        value = getattr(arguments, name)
        if value != default:
            raise ValueError(
                f"`--{name.replace('_', '-')}` must be left out without FILE: the test part is "
                f"read as the run did. Received: {name}={value!r}"
            )
