"""The options of `kerasocc train`: one per setting of a run, and those of its folder."""

from __future__ import annotations

import argparse
from dataclasses import Field
from typing import Any

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.schema import help_text
from kerasocc.experiments.config.train_config import Config
from kerasocc.experiments.runs.workers import STRATEGIES
from kerasocc.experiments.settings.setting import definition_of

_BY_OPTIONS = "that of the options of methods, of the training and of the network, else auto"


def add_options(parser: argparse.ArgumentParser, config_class: type[Config] = TrainConfig) -> None:
    """Add all options, in groups.

    Args:
        parser: Where to.
        config_class: Has the settings that get an option.
    """
    for settings in config_class.schema.groups:
        group = parser.add_argument_group(settings.title)
        method = {"method": settings.owners[0]} if settings.owners else {}
        defaults = config_class.for_dataset(**method)
        for name, field in settings.fields.items():
            default = _BY_OPTIONS if name == "method" else getattr(defaults, name)
            _add_option(group, field, default)
    _add_run(parser.add_argument_group("run"))


def _add_option(group: Any, field: Field, default: Any) -> None:
    """Add the option of a setting, its default in the help."""
    definition = definition_of(field)
    kind = definition.kind
    # What is not given stays absent, so that resuming can tell what was.
    arguments: dict[str, Any] = {}
    if kind.is_flag:
        arguments["action"] = argparse.BooleanOptionalAction
    elif kind.choices:
        arguments["choices"] = list(kind.choices)
    else:
        arguments["type"] = kind.parse
        last_word = field.name.rpartition("_")[-1].upper()
        arguments["metavar"] = definition.metavar or kind.metavar or last_word
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = "none" if default in ("", None) else default
    text = f"{help_text(field)} (default: {shown})".replace("%", "%%")
    group.add_argument(f"--{field.name.replace('_', '-')}", help=text, **arguments)


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
        help="continue the run --name, or the last one that is not complete; its "
        "settings are those it was started with",
    )
    group.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="none",
        help="devices to train on: none is one, mirrored all of this machine, multi-worker those "
        "of the machines in TF_CONFIG, each of which runs this command (default: none)",
    )
    group.add_argument(
        "--tensorboard",
        nargs="?",
        const="",
        default=None,
        metavar="DIR",
        help="write the training for TensorBoard, to a folder of the name of the run in DIR "
        "(default of DIR: tensorboard in the folder of the run)",
    )
    group.add_argument(
        "--quiet", action="store_true", default=False, help="print the result only, no progress"
    )
