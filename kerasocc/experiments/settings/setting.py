"""A setting of a run, defined once: its default, its check, its text and its option.

A group of settings is a frozen dataclass whose fields are made by `setting`. The command
line, the checks, the files of settings and the documentation are made from these fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from kerasocc.experiments.settings.kinds import Kind

REQUIRED = dataclasses.MISSING
"""Default of a setting that has none of its own: it depends on the data."""

_KEY = "setting"


class Rule(NamedTuple):
    """What a setting must fulfil together with others.

    Attributes:
        holds: From the settings of a run to whether they fulfil it.
        reason: What the error says after the name of the setting; `{config.name}` stands
            for the value of another one.
        allows_default: Whether the default value fulfils it in any case.
    """

    holds: Callable[[Any], bool]
    reason: str
    allows_default: bool


def require(holds: Callable[[Any], bool], reason: str) -> Rule:
    """A rule that must hold."""
    return Rule(holds, reason, allows_default=False)


def only_if(holds: Callable[[Any], bool], reason: str) -> Rule:
    """A rule for a setting that would be ignored otherwise: it must keep its default."""
    return Rule(holds, reason, allows_default=True)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known about a setting beside its name, type and default.

    Attributes:
        help: What it is, for the command line and the documentation.
        kind: What values it takes and how they are written.
        symbol: What the paper calls it, if that is another name.
        metavar: Placeholder of its value on the command line; None for that of the kind.
        rules: What it must fulfil together with other settings.
        added_later: Whether the files of older runs may lack it, which then means its default.
    """

    help: str
    kind: Kind
    symbol: str | None = None
    metavar: str | None = None
    rules: tuple[Rule, ...] = ()
    added_later: bool = False


def setting(
    default: Any,
    kind: Kind,
    help: str,
    *,
    symbol: str | None = None,
    metavar: str | None = None,
    rules: tuple[Rule, ...] = (),
    added_later: bool = False,
) -> Any:
    """A field of a dataclass of settings.

    Args:
        default: Its default, or `REQUIRED`. None is allowed as a value where it is the
            default.
        kind: See `kinds`.
        help: See `Setting`.
        symbol: See `Setting`.
        metavar: See `Setting`.
        rules: See `Setting`.
        added_later: See `Setting`.
    """
    definition = Setting(
        help=help, kind=kind, symbol=symbol, metavar=metavar, rules=rules, added_later=added_later
    )
    return dataclasses.field(default=default, metadata={_KEY: definition})


def definition_of(field: dataclasses.Field) -> Setting:
    """The definition that `setting` has attached to a field."""
    return field.metadata[_KEY]


def check_alone(field: dataclasses.Field, value: Any) -> None:
    """Raise `ValueError` unless a setting may have this value."""
    if value is None and field.default is None:
        return
    definition_of(field).kind.check(field.name, value)


def check_rule(field: dataclasses.Field, rule: Rule, config: Any) -> None:
    """Raise `ValueError` unless a setting fulfils a rule among the others in `config`."""
    value = getattr(config, field.name)
    if (rule.allows_default and value == field.default) or rule.holds(config):
        return
    reason = rule.reason.format(config=config)
    raise ValueError(f"`{field.name}` {reason}. Received: {field.name}={value!r}")
