"""The settings of a training run."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasocc import catalog
from kerasocc.checks import (
    check_choice,
    check_fraction,
    check_integer,
    check_non_negative,
    check_positive,
)
from kerasocc.experiments.defaults import DEFAULTS, PROTOCOLS
from kerasocc.files import read_json, write_json

OBJECTIVES = ("one-class", "soft-boundary")

OPTIMIZERS = ("adam", "adamw", "adagrad", "adamax", "lion", "nadam", "rmsprop", "sgd")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides the outcome of a run, and nothing else.

    Attributes:
        dataset: Name or path of the data, as `datasets.load` takes it.
        normal_class: The class that is normal, by name or number; None for the
            default of the data.
        label: Name of a table's label column; None for the usual names.
        missing: `"error"` or `"median"`: what to do about a table's missing values.
        image_size: Side, or (height, width), that images are resized to, or None.
        unreadable: `"error"` or `"skip"`: what to do about image files that cannot
            be read.
        test: Fraction that is the test part where the data have none, in (0, 1);
            None for the default.
        hidden: Widths of the encoder for tables, the code last; None for the default.
        objective: `"one-class"` or `"soft-boundary"`.
        protocol: Published experiment whose settings these are, one of
            `PROTOCOLS`, or None.
        nu: Of the soft boundary, in (0, 1].
        radius_update: When the radius of the soft boundary is set: `"epoch"` or
            `"batch"`, see `RadiusUpdate`.
        optimizer: One of `OPTIMIZERS`, in both phases.
        batch_size: Samples per step, in both phases.
        pretrain_epochs: Epochs of the autoencoder; 0 leaves it out.
        pretrain_learning_rate: Of the autoencoder's optimizer.
        pretrain_drop_at: Epochs after which it is divided by 10.
        pretrain_weight_decay: Of the autoencoder.
        epochs: Epochs of Deep SVDD.
        learning_rate: Of its optimizer.
        drop_at: Epochs after which it is divided by 10.
        weight_decay: Of Deep SVDD.
        contamination: Fraction of hidden anomalies in the training set, in [0, 1).
        validation: Fraction of the training part that is held out for the
            threshold, in [0, 1).
        threshold_rate: False positive rate that the threshold is set for, in [0, 1).
        seed: Seed of the split, the initial weights and the order of the samples.

    Raises:
        ValueError: For a setting that is out of range.
    """

    dataset: str
    normal_class: int | str | None = None
    label: str | None = None
    missing: str = "error"
    image_size: int | tuple[int, int] | None = None
    unreadable: str = "error"
    test: float | None = None
    hidden: tuple[int, ...] | None = None
    protocol: str | None = None
    objective: str = "one-class"
    nu: float = 0.1
    radius_update: str = "epoch"
    optimizer: str = "adam"
    batch_size: int
    pretrain_epochs: int
    pretrain_learning_rate: float
    pretrain_drop_at: tuple[int, ...]
    pretrain_weight_decay: float
    epochs: int
    learning_rate: float
    drop_at: tuple[int, ...]
    weight_decay: float
    contamination: float = 0.0
    # Enough normal samples to set the threshold on, see `calibration`.
    validation: float = 0.2
    threshold_rate: float = 0.05
    seed: int = 0

    def __post_init__(self):
        _check_name("dataset", self.dataset)
        self._check_data_options()
        check_choice("objective", self.objective, OBJECTIVES)
        check_fraction("nu", self.nu, one=True)
        check_choice("radius_update", self.radius_update, ["epoch", "batch"])
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_integer("batch_size", self.batch_size, minimum=1)
        check_integer("pretrain_epochs", self.pretrain_epochs, minimum=0)
        check_integer("epochs", self.epochs, minimum=1)
        for name in ("learning_rate", "pretrain_learning_rate"):
            check_positive(name, getattr(self, name))
        for name in ("weight_decay", "pretrain_weight_decay"):
            check_non_negative(name, getattr(self, name))
        for name in ("contamination", "validation", "threshold_rate"):
            check_fraction(name, getattr(self, name), zero=True)
        check_integer("seed", self.seed, minimum=0)
        self._check_drops("drop_at", self.epochs)
        self._check_drops("pretrain_drop_at", self.pretrain_epochs)

    def _check_data_options(self) -> None:
        if self.normal_class is not None:
            _check_class("normal_class", self.normal_class)
        if self.label is not None:
            _check_name("label", self.label)
        check_choice("missing", self.missing, ["error", "median"])
        check_choice("unreadable", self.unreadable, ["error", "skip"])
        if self.test is not None:
            check_fraction("test", self.test)
        for name in ("image_size", "hidden"):
            value = getattr(self, name)
            if isinstance(value, (list, tuple)):
                # JSON has no tuples; what was read must equal what was written.
                object.__setattr__(self, name, tuple(value))
            for number in value if isinstance(value, (list, tuple)) else [value]:
                if value is not None:
                    check_integer(name, number, minimum=1)

    def _check_drops(self, name: str, epochs: int) -> None:
        drops = getattr(self, name)
        valid = isinstance(drops, (tuple, list)) and all(
            type(drop) is int and 0 < drop < epochs for drop in drops
        )
        if not valid:
            raise ValueError(
                f"`{name}` must hold epochs after the first and before the end of the "
                f"{epochs} epochs. Received: {name}={drops!r}"
            )
        # JSON has no tuples; what was read must equal what was written.
        object.__setattr__(self, name, tuple(drops))

    @classmethod
    def for_dataset(
        cls, dataset: str = "digits", protocol: str | None = None, **settings: Any
    ) -> TrainConfig:
        """The defaults of a data set, or a protocol's, with some settings changed.

        Args:
            dataset: Name or path of the data.
            protocol: One of `PROTOCOLS`, which fixes part of the settings, or None.
            **settings: Fields of this class. Where a number of epochs is given
                without its drops, the default drops keep their proportion.

        Raises:
            ValueError: For a setting that is unknown, out of range or changed though
                the protocol fixes it.
            FileNotFoundError: If `dataset` is the path of a file that does not exist.
        """
        dataset = absolute(_check_name("dataset", dataset))
        defaults = DEFAULTS[profile_of(dataset)]
        _check_known("Settings", settings)
        if protocol is not None:
            fixed = _settings_of(protocol, dataset)
            changed = sorted(
                n for n in set(settings) & set(fixed) if _differ(settings[n], fixed[n])
            )
            if changed:
                raise ValueError(
                    f"`protocol` must stand without settings that it fixes: {changed}. "
                    f"Received: protocol={protocol!r}"
                )
            usual = {"normal_class": defaults["normal_class"]}
            return cls(dataset=dataset, protocol=protocol, **{**usual, **fixed, **settings})
        scaled = {}
        for prefix in ("", "pretrain_"):
            epochs, usual = settings.get(f"{prefix}epochs"), defaults[f"{prefix}epochs"]
            if isinstance(epochs, int) and usual:
                drops = (round(drop * epochs / usual) for drop in defaults[f"{prefix}drop_at"])
                scaled[f"{prefix}drop_at"] = tuple(d for d in drops if 0 < d < epochs)
        return cls(dataset=dataset, **{**defaults, **scaled, **settings})

    def write(self, path: str | os.PathLike) -> None:
        """Write as JSON; `read` returns an equal object."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike) -> TrainConfig:
        """Read what `write` has written.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no JSON object, lacks settings, has unknown ones
                or such that are out of range.
        """
        content = read_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"{path} must hold a JSON object. Received: {type(content).__name__}")
        _check_known(str(path), content)
        missing = sorted({field.name for field in dataclasses.fields(cls)} - set(content))
        if missing:
            raise ValueError(f"{path} must hold all settings. Missing: {missing}")
        try:
            return cls(**content)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def absolute(dataset: str) -> str:
    """The name of a data set as it is; a path as one that holds in every folder."""
    is_path = dataset not in catalog.RESERVED and Path(dataset).exists()
    return str(Path(dataset).resolve()) if is_path else dataset


def profile_of(dataset: str) -> str:
    """The entry of `DEFAULTS` for a data set.

    Raises:
        FileNotFoundError: If it is the path of a file that does not exist.
    """
    if dataset in DEFAULTS and dataset in catalog.RESERVED:
        return dataset
    kind = catalog.kind_of(dataset)
    return kind if kind in (catalog.FOLDER, catalog.TABLE) else "images"


def _settings_of(protocol: str, dataset: str) -> dict[str, Any]:
    by_dataset = PROTOCOLS[check_choice("protocol", protocol, PROTOCOLS)]
    if dataset not in by_dataset:
        raise ValueError(
            f"`protocol` {protocol!r} is for the data sets {sorted(by_dataset)}. "
            f"Received: dataset={dataset!r}"
        )
    return by_dataset[dataset]


def _differ(value: Any, other: Any) -> bool:
    """Whether two settings differ; files hold lists where we have tuples."""
    return (tuple(value) if isinstance(value, list) else value) != other


def _check_known(where: str, settings: dict[str, Any]) -> None:
    known = [field.name for field in dataclasses.fields(TrainConfig)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{where} must be among {known}. Received: unknown {unknown}")


def _check_name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` must be a name. Received: {name}={value!r}")
    return value


def _check_class(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(
            f"`{name}` must be the number or the name of a class. Received: {name}={value!r}"
        )
