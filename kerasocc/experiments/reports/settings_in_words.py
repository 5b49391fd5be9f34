"""The settings of a run, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerasocc.experiments.config.consistency import rules_of
from kerasocc.experiments.config.schema import Fields, Group, help_text
from kerasocc.experiments.config.train_config import Config
from kerasocc.experiments.reports.markup import Content, element, rows_table
from kerasocc.experiments.settings.setting import definition_of


def used_settings(config: Config) -> list[str]:
    """Names of the settings that have an effect on a run: those of its method, and not ignored.

    Args:
        config: The settings.
    """
    ignored = {
        name
        for name, rule in rules_of(config.definition)
        if rule.allows_default and not rule.holds(config)
    }
    return [
        name
        for group in config.schema.groups
        if not group.owners or config.method in group.owners
        for name, field in group.fields.items()
        if name not in config.definition.chooses | ignored
        and all(rule.holds(config) for rule in definition_of(field).rules if rule.allows_default)
    ]


def settings_in_words(config: Config) -> Content:
    """The settings that a run uses: in a line per group, then one by one with what they mean.

    Args:
        config: The settings.
    """
    used = used_settings(config)
    groups = [
        (group, {name: field for name, field in group.fields.items() if name in used})
        for group in config.schema.groups
    ]
    lines = {_title(group): "; ".join(_brief(group, own, config)) for group, own in groups}
    return [
        rows_table({title: line for title, line in lines.items() if line}),
        element(
            "details",
            element("summary", "Every setting, and what it means"),
            [_explained(group, own, config) for group, own in groups if own],
        ),
    ]


def is_unset(value: Any) -> bool:
    """Whether a value says that a setting is not used; the number 0 does not."""
    return value is None or value is False or (isinstance(value, (tuple, str)) and not value)


def _title(group: Group) -> str:
    return group.title[:1].upper() + group.title[1:]


def _brief(group: Group, own: Fields, config: Config) -> Iterator[str]:
    for name in own:
        value = getattr(config, name)
        if value is True:
            yield _name(name)
        elif not is_unset(value):
            yield in_words(value) if name == group.title else f"{_name(name)} {in_words(value)}"


def _explained(group: Group, own: Fields, config: Config) -> Iterator[Content]:
    yield element("h3", _title(group))
    yield rows_table(
        {
            _name(name): [
                in_words(getattr(config, name)),
                element("span", _sentence(help_text(field)), class_="explained"),
            ]
            for name, field in own.items()
        }
    )


def _name(name: str) -> str:
    return name.replace("_", " ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def in_words(value: Any) -> str:
    """The value of a setting."""
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
