"""The methods of the notebooks, class by class, under their protocol.

Keras is imported when the data are read: the command line lists the methods without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.checks import check_choice
from kerasocc.datasets import catalog
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import kind_of_data
from kerasocc.experiments.methods import METHODS

PROTOCOL = "transductive"


class ComparedMethod(NamedTuple):
    """A method of the comparison.

    Attributes:
        title: What it is called in tables.
        settings: Fields of `TrainConfig`.
    """

    title: str
    settings: dict[str, Any]


COMPARED = {
    "one-class": ComparedMethod("one-class", {"method": "deep-svdd", "objective": "one-class"}),
    "soft-boundary": ComparedMethod(
        "soft-boundary", {"method": "deep-svdd", "objective": "soft-boundary"}
    ),
    "dcae": ComparedMethod("DCAE", {"method": "autoencoder"}),
    # The lambda of the figures and outputs in the notebooks of CIFAR-10 and GTSRB.
    "rcae": ComparedMethod("RCAE", {"method": "robust-autoencoder", "lam": 0.5}),
    "oc-nn": ComparedMethod("OC-NN", {"method": "oc-nn"}),
}


class Outcome(NamedTuple):
    """What became of one class and one method.

    Attributes:
        run: Folder of the run.
        auc: In [0, 1]; None if the training failed.
        anomalies: Number of anomalous samples; None if the training failed.
        error: Why it failed, else None.
    """

    run: Path
    auc: float | None
    anomalies: int | None
    error: str | None


def check_methods(methods: Sequence[str], pretrain_epochs: int | None) -> None:
    """Raise `ValueError` for unknown methods, and for epochs that none of them would use."""
    for method in methods:
        check_choice("methods", method, COMPARED)
    used = any(_is_pretrained(method) for method in methods)
    if pretrain_epochs is not None and not used:
        raise ValueError(
            f"`pretrain_epochs` must be left out: none of the methods {list(methods)} is "
            f"pretrained. Received: pretrain_epochs={pretrain_epochs!r}"
        )


def _is_pretrained(method: str) -> bool:
    return METHODS[COMPARED[method].settings["method"]].pretrained


def make_config(
    dataset: str,
    method: str,
    normal_class: int | str | None,
    *,
    epochs: int | None = None,
    pretrain_epochs: int | None = None,
    seed: int = 0,
) -> TrainConfig:
    """The settings of one run: those of `kerasocc train` under the transductive protocol.

    Args:
        dataset: Name or path of images.
        method: One of `COMPARED`.
        normal_class: The class that is normal.
        epochs: Of the method; None for the default.
        pretrain_epochs: Of the autoencoder before it, if there is one; None for the
            default.
        seed: Of the contamination, the initial weights and the order of the samples.

    Raises:
        ValueError: For settings out of range, and for a table.
        FileNotFoundError: If `dataset` is the path of a file that does not exist.
    """
    if kind_of_data(dataset) == catalog.TABLE:
        raise ValueError(
            "`dataset` must hold images: 'digits', 'mnist', 'cifar10', or the path of a folder or "
            f"an .npz file of them. Received: dataset={dataset!r}, a table"
        )
    settings: dict[str, Any] = {**COMPARED[method].settings, "seed": seed, "protocol": PROTOCOL}
    if epochs is not None:
        settings["epochs"] = epochs
    if pretrain_epochs is not None and _is_pretrained(method):
        settings["pretrain_epochs"] = pretrain_epochs
    return TrainConfig.for_dataset(dataset, normal_class=normal_class, **settings)


def find_classes(dataset: str, wanted: Sequence[int | str] = ()) -> list[int | str]:
    """The classes to take as normal, one after the other.

    Args:
        dataset: Name or path of images.
        wanted: Numbers or names; empty for all, or for the one that the data declare
            normal (MVTec-AD).

    Raises:
        ValueError: If a class is unknown, or the data cannot be read.
        OSError: If there are no such data.
    """
    known, default = _known_classes(dataset)
    return list(dict.fromkeys(_find_class(value, known) for value in wanted)) or default


def _known_classes(dataset: str) -> tuple[list[int | str], list[int | str]]:
    if dataset in catalog.RESERVED:
        return list(range(10)), list(range(10))
    from kerasocc.datasets.readers.class_data import load_class_data
    from kerasocc.datasets.readers.image_folders import list_images

    source = catalog.resolve(dataset)
    if source.kind == catalog.FOLDER:
        listing = list_images(source.path)
        default = [listing.default_normal] if listing.default_normal else listing.classes
        return listing.classes, default
    data = load_class_data(source)
    classes = sorted(set(data.train.classes.tolist()))
    return classes, classes


def _find_class(value: int | str, known: list[int | str]) -> int | str:
    by_name = {str(name): name for name in known}
    if str(value) in by_name:
        return by_name[str(value)]
    if isinstance(value, int) and isinstance(known[0], str) and 0 <= value < len(known):
        return known[value]
    raise ValueError(
        f"`classes` must be among {known[:50]}.{catalog.near_names(str(value), by_name)} "
        f"Received: {value!r}"
    )


def run_name(dataset: str, normal_class: int | str, method: str) -> str:
    """`migrate-mnist-3-oc-nn`."""
    name = f"migrate-{Path(dataset).stem}-{normal_class}-{method}"
    return re.sub(r"[^\w.+-]", "_", name)
