"""The settings that a run has unless it is told otherwise: by its data and its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasocc.checks import check_choice
from kerasocc.datasets import catalog
from kerasocc.experiments.defaults import DEFAULTS, PROTOCOLS, for_method


def settings_for(dataset: str, protocol: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a run that differ from the defaults of `TrainConfig`.

    Args:
        dataset: Name or path of the data, absolute.
        protocol: One of `PROTOCOLS`, or None.
        settings: What the user has chosen. Where a number of epochs is given without
            its drops, the default drops keep their proportion.

    Raises:
        ValueError: If a setting is changed though the protocol fixes it, or the
            protocol is for other data.
        FileNotFoundError: If `dataset` is the path of a file that does not exist.
    """
    profile = profile_of(dataset)
    defaults = DEFAULTS[profile]
    fixed = {} if protocol is None else _fixed_by(protocol, dataset)
    changed = sorted(n for n in set(settings) & set(fixed) if _differ(settings[n], fixed[n]))
    if changed:
        raise ValueError(
            f"`protocol` must stand without settings that it fixes: {changed}. "
            f"Received: protocol={protocol!r}"
        )
    if settings.get("altered") is not None:
        # All classes are normal.
        defaults = {**defaults, "normal_class": None}
    usual = {**defaults, **for_method({**fixed, **settings}, defaults, profile)}
    if settings.get("network") is not None:
        # There is no decoder: it starts from the weights in a file, or from random ones.
        usual |= {"pretrain_epochs": 0, "pretrain_drop_at": ()}
    usual |= _scaled_drops(usual, settings)
    return {"dataset": dataset, "protocol": protocol, **usual, **fixed, **settings}


def _scaled_drops(defaults: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The default drops of the learning rates, in proportion to other numbers of epochs."""
    scaled = {}
    for prefix in ("", "pretrain_"):
        epochs, usual = settings.get(f"{prefix}epochs"), defaults[f"{prefix}epochs"]
        if isinstance(epochs, int) and usual:
            drops = (round(drop * epochs / usual) for drop in defaults[f"{prefix}drop_at"])
            scaled[f"{prefix}drop_at"] = tuple(d for d in drops if 0 < d < epochs)
    return scaled


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
    kind = catalog.resolve(dataset).kind
    return kind if kind in (catalog.FOLDER, catalog.TABLE) else "images"


def _fixed_by(protocol: str, dataset: str) -> dict[str, Any]:
    by_dataset = PROTOCOLS[check_choice("protocol", protocol, PROTOCOLS)]
    profile = profile_of(dataset)
    name = {catalog.TABLE: Path(dataset).stem, catalog.FOLDER: profile}.get(profile, dataset)
    if name not in by_dataset and profile in by_dataset:
        name = profile
    if name not in by_dataset:
        raise ValueError(
            f"`protocol` {protocol!r} is for the data sets {sorted(by_dataset)}. "
            f"Received: dataset={dataset!r}"
        )
    return by_dataset[name]


def _differ(value: Any, other: Any) -> bool:
    """Whether two settings differ; files hold lists where we have tuples."""
    return (tuple(value) if isinstance(value, list) else value) != other
