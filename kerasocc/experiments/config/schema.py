"""All settings of a run in groups, collected from the shared ones and those of the methods."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass
from typing import Any, NamedTuple

from kerasocc.experiments.config.protocols import PROTOCOLS
from kerasocc.experiments.methods import Method
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.data import DataSettings
from kerasocc.experiments.settings.latent import LatentSettings
from kerasocc.experiments.settings.network import NetworkSettings
from kerasocc.experiments.settings.setting import definition_of, setting
from kerasocc.experiments.settings.training import TrainingSettings

Fields = dict[str, Field]

DEFAULT_METHOD = "deep-svdd"


class Group(NamedTuple):
    """Settings that belong together.

    Attributes:
        title: What the group is called.
        fields: Its settings by name.
        owners: Names of the methods that use them; empty for all methods.
    """

    title: str
    fields: Fields
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The settings of a run for some methods.

    Attributes:
        methods: Definitions by name.
        groups: All groups, in the order of the command line.
    """

    methods: Mapping[str, Method]
    groups: tuple[Group, ...]

    @property
    def fields(self) -> Fields:
        """All settings by name."""
        return {name: field for group in self.groups for name, field in group.fields.items()}

    @property
    def owners(self) -> dict[str, tuple[str, ...]]:
        """The methods that use a setting, for those that not all methods use."""
        owned = (group for group in self.groups if group.owners)
        return {name: group.owners for group in owned for name in group.fields}

    def updated(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a file, without former defaults of methods that it is not about."""
        method, owners = settings.get("method", DEFAULT_METHOD), self.owners
        return {
            name: value
            for name, value in settings.items()
            if method in owners.get(name, (method,))
            or value != definition_of(self.fields[name]).older
        }

    def added_to(self, method: Any) -> dict[str, Any]:
        """What files mean that lack settings of a method that it has not always had."""
        values = {name: definition_of(self.fields[name]).older for name in self.needed_by(method)}
        return {name: v for name, v in values.items() if v is not dataclasses.MISSING}

    def needed_by(self, method: Any) -> Iterator[str]:
        """Names of the settings that the file of a run of a method must hold."""
        for group in self.groups:
            if not group.owners or method in group.owners:
                yield from group.fields


def make_schema(methods: Mapping[str, Method]) -> Schema:
    """The settings of a run for some methods.

    Raises:
        ValueError: If two methods define a setting of one name, each for itself.
    """
    groups = (
        Group("data", _fields_of(DataSettings)),
        Group("method", _fields_of(_choice_among(methods))),
        *_groups_of(methods),
        Group("contaminated training data", _fields_of(LatentSettings)),
        Group("network", _fields_of(NetworkSettings)),
        Group("training", _fields_of(TrainingSettings)),
    )
    names = [name for group in groups for name in group.fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Settings must be defined once. Received: {twice} defined twice")
    return Schema(methods, groups)


def _choice_among(methods: Mapping[str, Method]) -> type:
    @dataclass(frozen=True, kw_only=True)
    class MethodSettings:
        method: str = setting(DEFAULT_METHOD, kinds.choice(*methods), "what is trained")
        protocol: str | None = setting(
            None,
            kinds.choice(*PROTOCOLS),
            "published experiment that fixes part of the settings",
        )

    return MethodSettings


def _groups_of(methods: Mapping[str, Method]) -> Iterator[Group]:
    """The settings of single methods, those that several methods share apart."""
    by_name: dict[str, list[tuple[Method, Field]]] = {}
    for method in methods.values():
        for name, field in _fields_of(method.settings).items():
            by_name.setdefault(name, []).append((method, field))
    by_owners: dict[tuple[str, ...], Fields] = {}
    for name, found in by_name.items():
        if any(definition_of(f) is not definition_of(found[0][1]) for _, f in found):
            raise ValueError(
                f"`{name}` must be defined once and inherited by the settings of the methods "
                f"{[method.name for method, _ in found]}"
            )
        owners = tuple(method.name for method, _ in found)
        by_owners.setdefault(owners, {})[name] = found[0][1]
    for owners, fields in by_owners.items():
        yield Group(", ".join(methods[owner].title for owner in owners), fields, owners)


def _fields_of(settings: type) -> Fields:
    return {field.name: field for field in dataclasses.fields(settings)}


def describe(schema: Schema) -> str:
    """The settings in words, group by group, for a docstring."""
    lines = []
    for group in schema.groups:
        lines += ["", f"{group.title[0].upper()}{group.title[1:]}:"]
        for name, field in group.fields.items():
            text = f"{name}: {help_text(field)}."
            lines += textwrap.wrap(text, 84, initial_indent="    ", subsequent_indent=" " * 8)
    return "\n".join(lines)


def help_text(field: Field) -> str:
    """What a setting is, with the symbol of the paper where that has another name."""
    definition = definition_of(field)
    symbol = f" (in the paper: {definition.symbol})" if definition.symbol else ""
    return f"{definition.help}{symbol}"
