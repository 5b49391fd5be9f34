"""An option of the command line for a setting of a run."""

from __future__ import annotations

from typing import Any

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config_checks import CHOICES, OPTIONAL_CHOICES
from kerasocc.experiments.defaults import PROTOCOLS


def option(group: Any, name: str, text: str, **arguments: Any) -> None:
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
