"""Settings from a file: YAML, or JSON such as the `config.json` of a run."""

from __future__ import annotations

import os
from dataclasses import Field
from pathlib import Path
from typing import Any

from kerasocc.experiments.config.train_config import Config, TrainConfig
from kerasocc.experiments.settings.setting import definition_of
from kerasocc.files import read_json


def read_settings(
    path: str | os.PathLike, config_class: type[Config] = TrainConfig
) -> dict[str, Any]:
    """Read some or all of the settings of a run.

    Args:
        path: A `.json`, `.yaml` or `.yml` file with one mapping of settings to values.
        config_class: Whose settings they are.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another suffix, cannot be read, holds no mapping, or
            settings that do not exist.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".json", ".yaml", ".yml"):
        raise ValueError(
            f"`config` must be a .json, .yaml or .yml file. Received: config={str(path)!r}"
        )
    try:
        content = read_json(path) if suffix == ".json" else _read_yaml(path)
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply to be read.") from None
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must hold one mapping of settings. Received: {type(content).__name__}"
        )
    fields = config_class.schema.fields
    unknown = [name for name in content if name not in fields]
    if unknown:
        raise ValueError(f"{path} must hold settings among {list(fields)}. Received: {unknown}")
    content = config_class.schema.updated(content)
    return {name: _number(value, fields[name]) for name, value in content.items()}


def merged(settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The settings of a file with some replaced.

    Where a number of epochs is replaced without the epochs at which the learning
    rate drops, these are left to the defaults. A number of steps replaces one of epochs,
    and the other way round.
    """
    for name, other in (("epochs", "steps"), ("steps", "epochs")):
        if name in given and other not in given:
            settings = {k: v for k, v in settings.items() if k != other}
    if "steps" in given:
        settings = {k: v for k, v in settings.items() if k != "drop_at"}
    for prefix in ("", "pretrain_"):
        if f"{prefix}epochs" in given:
            settings = {k: v for k, v in settings.items() if k != f"{prefix}drop_at"}
    return {**settings, **given}


def _read_yaml(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # the latter from invalid dates and numbers
        raise ValueError(f"{path} is not a readable YAML file: {error}") from error


def _number(value: Any, field: Field) -> Any:
    """A float that YAML 1.1 takes for text, such as `1e-4`, as a float."""
    if isinstance(value, str) and definition_of(field).kind.is_number:
        try:
            return float(value)
        except ValueError:
            return value
    return value
