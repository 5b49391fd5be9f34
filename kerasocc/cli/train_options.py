"""The options of `kerasocc train`: one per setting of a run, and those of its folder."""

from __future__ import annotations

import argparse
from typing import Any

from kerasocc.cli.common import class_name
from kerasocc.cli.method_options import add_latent_labels, add_method
from kerasocc.cli.settings import option
from kerasocc.experiments.profiles import absolute


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options, in groups."""
    _add_problem(parser.add_argument_group("problem"))
    add_method(parser.add_argument_group("method"))
    add_latent_labels(parser.add_argument_group("contaminated training data"))
    _add_training(parser.add_argument_group("training"))
    _add_run(parser.add_argument_group("run"))


def _add_problem(group: Any) -> None:
    option(
        group,
        "dataset",
        "path of a table (.npz, .mat, .csv, .parquet) or of a folder of images, or a name (see "
        "`kerasocc datasets`)",
        type=lambda text: absolute(text) if text else text,
        metavar="DATA",
    )
    option(group, "protocol", "published experiment that fixes the settings")
    option(
        group,
        "normal_class",
        "the class, or the label in a table, that is normal",
        type=class_name,
        metavar="CLASS",
    )
    option(group, "label", "name of the label column of a table", metavar="COLUMN")
    option(group, "missing", "missing values of a table: refuse or impute")
    option(
        group, "image_size", "side, or HEIGHTxWIDTH, that images are resized to", type=_image_size
    )
    option(group, "unreadable", "image files that cannot be read")
    option(group, "contamination", "fraction of hidden anomalies in the training set", type=float)
    option(
        group,
        "altered",
        "make the anomalies of images by permuting their blocks or drawing strokes over them; all "
        "classes are normal",
    )
    option(group, "amount", "blocks per side, or thickness of the strokes", type=int)
    option(group, "labelled_altered", "alteration of the labelled anomalies")
    option(group, "labelled_amount", "its amount", type=int)
    option(
        group,
        "labelled",
        "fraction of labelled anomalies in the training set of Deep SAD, for which it is 0.05",
        type=float,
    )
    option(
        group,
        "labelled_classes",
        "classes that the labelled anomalies come from (a comma behind a single number), or how "
        "many classes",
        type=_labelled_classes,
        metavar="CLASS,[CLASS...]",
    )
    option(group, "validation", "fraction held out for the threshold", type=float)
    option(
        group,
        "transductive",
        "test on the training samples instead of on the test part",
        action=argparse.BooleanOptionalAction,
    )
    option(group, "test", "fraction for the test, where the data have no test part", type=float)
    option(
        group,
        "preprocessing",
        "of images: contrast normalisation (Deep SVDD), [0, 1] alone (Deep SAD), or that of "
        "weights trained on ImageNet",
    )
    option(group, "threshold_rate", "false positive rate that the threshold is set for", type=float)
    option(group, "seed", "seed of split, initial weights and order of the samples", type=int)


def _add_training(group: Any) -> None:
    drops = {"type": _integers, "metavar": "EPOCH[,EPOCH...]"}
    option(
        group,
        "hidden",
        "widths of the encoder for tables, and of ICL's, the last is the dimension of the "
        "embedding",
        type=_integers,
        metavar="WIDTH[,WIDTH...]",
    )
    option(group, "optimizer", "optimizer of both phases")
    option(group, "epochs", "epochs of the method", type=int)
    option(group, "learning_rate", "of its optimizer", type=float, metavar="RATE")
    option(group, "drop_at", "epochs after which it is divided by 10", **drops)
    option(
        group, "weight_decay", "of the method; robust autoencoder: mu", type=float, metavar="DECAY"
    )
    option(group, "pretrain_epochs", "epochs of the autoencoder, 0 for none", type=int)
    option(group, "pretrain_learning_rate", "of its optimizer", type=float, metavar="RATE")
    option(group, "pretrain_drop_at", "epochs after which it is divided by 10", **drops)
    option(group, "pretrain_weight_decay", "of the autoencoder", type=float, metavar="DECAY")
    option(group, "batch_size", "samples per step, in both phases", type=int)
    option(
        group,
        "keep",
        "keep the weights of the last epoch, or of the one with the best AUC on the samples held "
        "out",
    )


def _add_run(group: Any) -> None:
    group.add_argument(
        "--config",
        default=None,
        metavar="FILE",
        help="YAML or JSON file with settings, such as the config.json of a run; options given "
        "beside it take precedence",
    )
    group.add_argument(
        "--name",
        default=None,
        help="name of the run (default: <data>-<normal class>-<method>, numbered if taken)",
    )
    group.add_argument("--out", default="runs", help="folder of all runs (default: runs)")
    group.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="go on with the run --name, or with the last one that is not complete; its "
        "settings are those it was started with",
    )
    group.add_argument(
        "--quiet", action="store_true", default=False, help="print the result only, no progress"
    )


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be whole numbers such as 40,50, not {text!r}"
        ) from None


def _labelled_classes(text: str) -> int | tuple[int | str, ...]:
    if "," in text:
        return tuple(class_name(part.strip()) for part in text.split(",") if part.strip())
    value = class_name(text)
    return value if isinstance(value, int) else (value,)


def _image_size(text: str) -> int | tuple[int, ...]:
    try:
        sides = tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        sides = ()
    if len(sides) not in (1, 2):
        raise argparse.ArgumentTypeError(f"must be such as 64 or 48x64, not {text!r}")
    return sides[0] if len(sides) == 1 else sides
