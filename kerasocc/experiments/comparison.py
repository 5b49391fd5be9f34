"""The methods of the OC-NN repository's notebooks, class by class, under their protocol.

Chalapathy et al., https://github.com/raghavchalapathy/oc-nn. Keras is imported by the
functions that need it: the command line lists methods without it.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kerasocc.checks import check_choice
from kerasocc.datasets import catalog
from kerasocc.experiments import runs
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config_checks import AUTOENCODERS
from kerasocc.experiments.folder import COMPLETE, FAILED, RunFolder
from kerasocc.experiments.profiles import absolute, profile_of

if TYPE_CHECKING:
    from kerasocc.datasets import OneClassDataset

PROTOCOL = "transductive"


class Method(NamedTuple):
    """A method of the comparison.

    Attributes:
        title: What it is called in tables.
        settings: Fields of `TrainConfig`.
    """

    title: str
    settings: dict[str, Any]


METHODS = {
    "one-class": Method("one-class", {"method": "deep-svdd", "objective": "one-class"}),
    "soft-boundary": Method("soft-boundary", {"method": "deep-svdd", "objective": "soft-boundary"}),
    "dcae": Method("DCAE", {"method": "autoencoder"}),
    # The lambda that the notebooks of CIFAR-10 and GTSRB kept pictures and outputs of.
    "rcae": Method("RCAE", {"method": "robust-autoencoder", "lam": 0.5}),
    "oc-nn": Method("OC-NN", {"method": "oc-nn"}),
}

_MNIST = (97.6, 99.5, 87.3, 86.5, 93.3, 86.5, 97.1, None, 88.6)
_CIFAR10 = (60.4, 62.0, 63.7, 53.6, 67.4, 56.1, 63.3, 60.1, 64.7, 68.7)
_STOP_SIGNS = {"one-class": 67.1, "soft-boundary": 67.5, "dcae": 87.5, "rcae": 87.4}
PUBLISHED: dict[str, dict[str, dict[int, float]]] = {
    "mnist": {"oc-nn": {c: auc for c, auc in enumerate(_MNIST) if auc is not None}},
    "cifar10": {
        "oc-nn": dict(enumerate(_CIFAR10)),
        "rcae": {0: 69.6, 1: 63.1, 5: 64.0, 6: 64.9, 7: 63.3, 9: 74.5},
    },
    # Class 14.
    "gtsrb": {method: {14: auc} for method, auc in _STOP_SIGNS.items()},
}
"""AUC in % that the repository's notebooks keep, by data set, method and normal class."""

CAVEATS = {
    "mnist": "The published runs took normal samples of the test part too.",
    "cifar10": "The published runs took normal samples of the test part too, and 7.7 % anomalies.",
    "gtsrb": "The published anomalies were adversarial attacks on stop signs, not other signs, and "
    "8.7 % of the samples.",
}
"""What else is different about the published figures."""


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
        check_choice("methods", method, METHODS)
    used = any(METHODS[method].settings["method"] not in AUTOENCODERS for method in methods)
    if pretrain_epochs is not None and not used:
        raise ValueError(
            f"`pretrain_epochs` must be left out: none of the methods {list(methods)} is "
            f"pretrained. Received: pretrain_epochs={pretrain_epochs!r}"
        )


def published(dataset: str, method: str, normal_class: int | str) -> float | None:
    """The repository's AUC in %, or None.

    Args:
        dataset: Name or path; GTSRB is known by a name that begins so.
        method: One of `METHODS`.
        normal_class: Its number, or a name that is one.
    """
    number = int(normal_class) if str(normal_class).isdecimal() else None
    return PUBLISHED.get(published_name(dataset), {}).get(method, {}).get(number)


def published_name(dataset: str) -> str:
    """What a data set would be called in `PUBLISHED`."""
    return "gtsrb" if Path(dataset).name.lower().startswith("gtsrb") else dataset


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
        method: One of `METHODS`.
        normal_class: The class that is normal.
        epochs: Of the method; None for the default.
        pretrain_epochs: Of the autoencoder before it, if there is one; None for the
            default.
        seed: Of the contamination, the initial weights and the order of the samples.

    Raises:
        ValueError: For settings out of range, and for a table.
        FileNotFoundError: If `dataset` is the path of a file that does not exist.
    """
    if profile_of(dataset) == catalog.TABLE:
        raise ValueError(
            "`dataset` must hold images: 'digits', 'mnist', 'cifar10', or the path of a folder or "
            f"an .npz file of them. Received: dataset={dataset!r}, a table"
        )
    settings: dict[str, Any] = {**METHODS[method].settings, "seed": seed, "protocol": PROTOCOL}
    if epochs is not None:
        settings["epochs"] = epochs
    if pretrain_epochs is not None and settings["method"] not in AUTOENCODERS:
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
    known, usual = _known_classes(dataset)
    return list(dict.fromkeys(_find_class(value, known) for value in wanted)) or usual


def _known_classes(dataset: str) -> tuple[list[int | str], list[int | str]]:
    if dataset in catalog.RESERVED:
        return list(range(10)), list(range(10))
    from kerasocc.datasets.readers.class_data import load_class_data
    from kerasocc.datasets.readers.image_folders import list_images

    source = catalog.resolve(dataset)
    if source.kind == catalog.FOLDER:
        listing = list_images(source.path)
        usual = [listing.default_normal] if listing.default_normal else listing.classes
        return listing.classes, usual
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


def run_method(
    config: TrainConfig,
    method: str,
    out: str | os.PathLike,
    load: Callable[[], OneClassDataset],
    *,
    progress: bool = False,
) -> Outcome:
    """Do a run, go on with one that was interrupted, or read one that is finished.

    Args:
        config: What `make_config` returned.
        method: One of `METHODS`, for the name of the run.
        out: The folder of all runs.
        load: Returns the data of `config`; not called for a finished run.
        progress: Whether to draw a bar per phase.

    Raises:
        ValueError: If another process is working on the run, or its folder is broken.
        OSError: If the data cannot be read, or the folder cannot be written.
    """
    from kerasocc.callbacks.collapse import CollapseError
    from kerasocc.experiments import runner

    run, is_new = _find(config, method, out)
    results = {} if is_new else run.results
    if results.get("status") == FAILED:
        return Outcome(run.path, None, None, str(results.get("error")))
    if results.get("status") != COMPLETE:
        # What would fail at once is refused before there is a folder.
        data = load()
        run = runs.create(out, run.name, config) if is_new else run
        try:
            with _without_retracing_warnings():
                results = runner.train(config, run, data, progress=progress)
        except (CollapseError, FloatingPointError) as error:
            return Outcome(run.path, None, None, str(error))
    return Outcome(run.path, results["auc"], results["anomalous"], None)


def run_name(dataset: str, normal_class: int | str, method: str) -> str:
    """`migrate-mnist-3-oc-nn`."""
    name = f"migrate-{Path(dataset).stem}-{normal_class}-{method}"
    return re.sub(r"[^\w.+-]", "_", name)


def _find(config: TrainConfig, method: str, out: str | os.PathLike) -> tuple[RunFolder, bool]:
    """The run with exactly these settings, else a free name; and whether it is the latter."""
    name = run_name(config.dataset, config.normal_class, method)
    for number in itertools.count(1):
        run = RunFolder(Path(out) / (name if number == 1 else f"{name}-{number}"))
        if not run.path.exists():
            break
        # A folder without readable settings is somebody else's, or an older version's.
        with contextlib.suppress(OSError, ValueError):
            if TrainConfig.read(run.config_file) == config:
                return run, False
    return run, True


@contextlib.contextmanager
def _without_retracing_warnings() -> Iterator[None]:
    """Drop TensorFlow's advice not to make a function per model.

    It takes the functions of many models, one after the other, for one that is traced
    again and again.
    """
    logger = logging.getLogger("tensorflow")

    def is_other(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def resolved(dataset: str) -> str:
    """The data set as runs record it: a path becomes absolute."""
    return absolute(dataset) if dataset else dataset
