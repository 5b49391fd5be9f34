"""The settings of a run, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerasocc.experiments.config.schema import Group, help_text
from kerasocc.experiments.config.train_config import Config
from kerasocc.experiments.reports.markup import Content, data_table, element


def settings_in_words(config: Config) -> Content:
    """The settings that a run uses, group by group, with what they mean.

    Args:
        config: The settings.
    """
    return [
        part
        for group in config.schema.groups
        if not group.owners or config.method in group.owners
        for part in _group(group, config)
    ]


def _group(group: Group, config: Config) -> Iterator[Content]:
    values = {name: getattr(config, name) for name in group.fields}
    used = {name: value for name, value in values.items() if value not in (None, (), "")}
    title = group.title[:1].upper() + group.title[1:]
    if used:
        rows = (
            (_name(name), in_words(value), _sentence(help_text(group.fields[name])))
            for name, value in used.items()
        )
        yield element("h3", title)
        yield data_table(("setting", "value", "what it is"), rows)
    unused = [_name(name) for name in values if name not in used]
    if unused and used:
        yield element("p", f"Not used: {', '.join(unused)}.", class_="explained")


def _name(name: str) -> str:
    return name.replace("_", " ")


def _sentence(text: str) -> Content:
    return element("span", text[:1].upper() + text[1:], class_="long")


def in_words(value: Any) -> str:
    """The value of a setting."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
