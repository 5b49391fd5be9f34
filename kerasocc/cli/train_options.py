"""The options of `kerasocc train`: one per setting of a run, and those of its folder."""

from __future__ import annotations

import argparse
import os
from typing import Any

from kerasocc.cli.common import class_name
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config_checks import CHOICES, OPTIONAL_CHOICES
from kerasocc.experiments.defaults import PROTOCOLS
from kerasocc.experiments.profiles import absolute


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options, in groups."""
    _add_problem(parser.add_argument_group("problem"))
    _add_method(parser.add_argument_group("method"))
    _add_training(parser.add_argument_group("training"))
    _add_run(parser.add_argument_group("run"))


def _add_problem(group: Any) -> None:
    _option(
        group,
        "dataset",
        "path of a table (.npz, .mat, .csv, .parquet) or of a folder of images, or a name (see "
        "`kerasocc datasets`)",
        type=lambda text: absolute(text) if text else text,
        metavar="DATA",
    )
    _option(group, "protocol", "published experiment that fixes the settings")
    _option(
        group,
        "normal_class",
        "the class, or the label in a table, that is normal",
        type=class_name,
        metavar="CLASS",
    )
    _option(group, "label", "name of the label column of a table", metavar="COLUMN")
    _option(group, "missing", "missing values of a table: refuse or impute")
    _option(
        group, "image_size", "side, or HEIGHTxWIDTH, that images are resized to", type=_image_size
    )
    _option(group, "unreadable", "image files that cannot be read")
    _option(group, "contamination", "fraction of hidden anomalies in the training set", type=float)
    _option(
        group,
        "altered",
        "make the anomalies of images by permuting their blocks or drawing strokes over them; all "
        "classes are normal",
    )
    _option(group, "amount", "blocks per side, or thickness of the strokes", type=int)
    _option(group, "labelled_altered", "alteration of the labelled anomalies")
    _option(group, "labelled_amount", "its amount", type=int)
    _option(
        group,
        "labelled",
        "fraction of labelled anomalies in the training set of Deep SAD, for which it is 0.05",
        type=float,
    )
    _option(
        group,
        "labelled_classes",
        "classes that the labelled anomalies come from (a comma behind a single number), or how "
        "many classes",
        type=_labelled_classes,
        metavar="CLASS,[CLASS...]",
    )
    _option(group, "validation", "fraction held out for the threshold", type=float)
    _option(
        group,
        "transductive",
        "test on the training samples instead of on the test part",
        action=argparse.BooleanOptionalAction,
    )
    _option(group, "test", "fraction for the test, where the data have no test part", type=float)
    _option(
        group,
        "preprocessing",
        "of images: contrast normalisation (Deep SVDD), [0, 1] alone (Deep SAD), or that of "
        "weights trained on ImageNet",
    )
    _option(
        group, "threshold_rate", "false positive rate that the threshold is set for", type=float
    )
    _option(group, "seed", "seed of split, initial weights and order of the samples", type=int)


def _add_method(group: Any) -> None:
    _option(group, "method", "what to train")
    _option(group, "objective", "objective of Deep SVDD")
    _option(group, "radius_update", "when the radius is set")
    _option(
        group, "nu", "of the soft boundary and of OC-NN: fraction of outliers to allow", type=float
    )
    _option(group, "eta", "weight of the labelled samples of Deep SAD", type=float)
    _add_oc_nn(group)
    _add_robust_autoencoder(group)
    _option(group, "regularizer", "against collapse")
    _option(
        group,
        "regularizer_weight",
        "fixed weight of the regularizer in place of the adaptive one",
        type=float,
    )
    _option(group, "network", "of images instead of a LeNet")
    _option(group, "pooling", "of the ResNet-18")
    _option(
        group,
        "weights",
        "file of the ResNet-18's initial weights (.weights.h5, .pth, .safetensors, .npz)",
        type=_path,
        metavar="FILE",
    )
    _option(
        group,
        "use_bias",
        "let the networks have biases, which Deep SVDD forbids without a regularizer",
        action=argparse.BooleanOptionalAction,
    )


def _add_oc_nn(group: Any) -> None:
    flag = argparse.BooleanOptionalAction
    _option(group, "units", "width of OC-NN's hidden layer", type=int)
    _option(group, "activation", "of OC-NN's hidden layer")
    _option(
        group,
        "normalize",
        "whether OC-NN scales the embeddings to length 1; none: unless they are frozen and the "
        "activation is sigmoid",
        action=flag,
    )
    _option(group, "train_encoder", "let OC-NN train the encoder too; OC-NN: true", action=flag)
    _option(
        group,
        "head_epochs",
        "epochs of OC-NN with the encoder frozen before it is trained too; OC-NN: 40",
        type=int,
    )
    _option(group, "quantile_update", "when the r of OC-NN is set; OC-NN: batch")


def _add_robust_autoencoder(group: Any) -> None:
    _option(
        group,
        "lam",
        "weight of the robust autoencoder's noise, inf for none: residuals up to half of it pass "
        "for ordinary",
        type=float,
    )
    _option(group, "norm", "of the noise: l1 for single values, l21 for groups")
    _option(group, "groups", "of the norm l21")
    _option(group, "encode", "what the robust autoencoder reads: without noise, or as it is")
    _option(group, "noise_every", "epochs between two updates of the noise", type=int)


def _add_training(group: Any) -> None:
    drops = {"type": _integers, "metavar": "EPOCH[,EPOCH...]"}
    _option(
        group,
        "hidden",
        "widths of the encoder for tables, the last is the dimension of the embedding",
        type=_integers,
        metavar="WIDTH[,WIDTH...]",
    )
    _option(group, "optimizer", "optimizer of both phases")
    _option(group, "epochs", "epochs of the method", type=int)
    _option(group, "learning_rate", "of its optimizer", type=float, metavar="RATE")
    _option(group, "drop_at", "epochs after which it is divided by 10", **drops)
    _option(
        group, "weight_decay", "of the method; robust autoencoder: mu", type=float, metavar="DECAY"
    )
    _option(group, "pretrain_epochs", "epochs of the autoencoder, 0 for none", type=int)
    _option(group, "pretrain_learning_rate", "of its optimizer", type=float, metavar="RATE")
    _option(group, "pretrain_drop_at", "epochs after which it is divided by 10", **drops)
    _option(group, "pretrain_weight_decay", "of the autoencoder", type=float, metavar="DECAY")
    _option(group, "batch_size", "samples per step, in both phases", type=int)
    _option(
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


def _option(group: Any, name: str, text: str, **arguments: Any) -> None:
    """Add an option for a field of `TrainConfig`, its default in the help."""
    # What is not given stays absent, so that resuming can tell what was.
    default = getattr(TrainConfig.for_dataset(), name)
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = "none" if default in ("", None) else default
    choices = {**CHOICES, **OPTIONAL_CHOICES, "protocol": PROTOCOLS}.get(name)
    if choices:
        arguments["choices"] = list(choices)
    elif "action" not in arguments:
        arguments.setdefault("metavar", name.rpartition("_")[-1].upper())
    group.add_argument(
        f"--{name.replace('_', '-')}", help=f"{text} (default: {shown})", **arguments
    )


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be whole numbers such as 40,50, not {text!r}"
        ) from None


def _path(text: str) -> str:
    return os.path.abspath(text)


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
