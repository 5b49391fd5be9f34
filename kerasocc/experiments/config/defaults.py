"""The default settings of a run: by its data, its method and its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasocc.experiments.config.data_defaults import DEFAULTS, kind_of_data
from kerasocc.experiments.config.protocols import fixed_by
from kerasocc.experiments.config.schema import DEFAULT_METHOD
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method


def settings_for(
    dataset: str,
    protocol: str | None,
    chosen: Mapping[str, Any],
    methods: Mapping[str, Method],
) -> dict[str, Any]:
    """All settings of a run that differ from their own defaults.

    Args:
        dataset: Name or path of the data, absolute.
        protocol: One of `protocols.PROTOCOLS`, or None.
        chosen: What the user has chosen. Where a number of epochs is given without its
            drops, the default drops keep their proportion.
        methods: Definitions by name.

    Raises:
        ValueError: If a setting is changed though the protocol fixes it, or the
            protocol is for other data.
        FileNotFoundError: If `dataset` is the path of a file that does not exist.
    """
    data_kind = kind_of_data(dataset)
    data = DEFAULTS[data_kind]
    fixed = {} if protocol is None else fixed_by(protocol, dataset)
    changed = sorted(n for n in set(chosen) & set(fixed) if _differ(chosen[n], fixed[n]))
    if changed:
        raise ValueError(
            f"`protocol` must stand without settings that it fixes: {changed}. "
            f"Received: protocol={protocol!r}"
        )
    if chosen.get("altered") is not None:
        # All classes are normal.
        data = {**data, "normal_class": None}
    choices = Choices({**fixed, **chosen}, data, data_kind, protocol)
    defaults = {**data, **_of_method(methods, choices)}
    if chosen.get("network") is not None or chosen.get("encoder") is not None:
        # There is no decoder: it starts from the weights in a file, or from random ones.
        defaults |= NO_PRETRAINING
    defaults |= _one_length(defaults, {**fixed, **chosen})
    defaults |= _scaled_drops(defaults, chosen)
    return {"dataset": dataset, "protocol": protocol, **defaults, **fixed, **chosen}


def _of_method(methods: Mapping[str, Method], choices: Choices) -> dict[str, Any]:
    """The defaults of the method; none for an unknown one, which is refused later."""
    name = choices.chosen.get("method", DEFAULT_METHOD)
    method = methods.get(name) if isinstance(name, str) else None
    return {} if method is None else method.defaults(choices)


def _one_length(defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Epochs without default steps where epochs are chosen, steps alone where steps are."""
    if chosen.get("epochs") is not None:
        return {"steps": None}
    if chosen.get("steps") is not None:
        return {"epochs": None, "drop_at": ()}
    return {}


def _scaled_drops(defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The default drops of the learning rates, in proportion to other numbers of epochs."""
    scaled = {}
    for prefix in ("", "pretrain_"):
        epochs, default = chosen.get(f"{prefix}epochs"), defaults[f"{prefix}epochs"]
        if isinstance(epochs, int) and default:
            drops = (round(drop * epochs / default) for drop in defaults[f"{prefix}drop_at"])
            scaled[f"{prefix}drop_at"] = tuple(d for d in drops if 0 < d < epochs)
    return scaled


def _differ(value: Any, other: Any) -> bool:
    """Whether two settings differ; files hold lists where we have tuples."""
    return (tuple(value) if isinstance(value, list) else value) != other
