"""Which columns of a table are features, and what the others are for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LISTS = ("drop", "columns", "id", "categories", "frequencies")
OPTIONS = (*LISTS, "group", "time")
"""Names of the options by which a user chooses columns, those of several columns first."""


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """What the user says about the columns of a table.

    Attributes:
        drop: Names of columns that are left out.
        columns: Names of the columns that are features; None for all that are left.
        id: Names of columns that are kept beside the scores and are no features.
        categories: Names of columns that hold categories although they are numbers.
        frequencies: Names of columns of categories that become the rarity of their values.
        group: Name of a column whose values are never on both sides of a split, or None.
        time: Name of a column by which the latest rows are the test part, or None.
    """

    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    id: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    frequencies: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None

    @classmethod
    def of(cls, **options: Any) -> ColumnChoice:
        """Make a choice of a user's options, names or sequences of them; None for the default.

        Raises:
            ValueError: For options that contradict each other.
        """
        given = {name: value for name, value in options.items() if value is not None}
        choice = cls(**{n: _names(n, v) if n in LISTS else v for n, v in given.items()})
        if choice.group is not None and choice.time is not None:
            raise ValueError(
                "`group` and `time` exclude each other. Received: "
                f"group={choice.group!r}, time={choice.time!r}"
            )
        twice = [name for name in choice.frequencies if name in choice.categories]
        if twice:
            raise ValueError(
                "`categories` and `frequencies` must name different columns. Received: "
                f"{twice} in both"
            )
        both = [name for name in choice.columns or () if name in (*choice.drop, *choice.id)]
        if both:
            raise ValueError(
                "`columns` must name features, which `drop` and `id` leave out. Received: "
                f"{both} in both"
            )
        return choice

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self == ColumnChoice()

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the columns that are no features."""
        split_by = [name for name in (self.group, self.time) if name is not None]
        return tuple(dict.fromkeys([*self.drop, *self.id, *split_by]))

    def features(self, available: Iterable[str], source: str) -> list[str]:
        """Return the names of the features.

        Args:
            available: Names of the columns of the table, but that of the labels.
            source: What the table is called in errors.

        Raises:
            ValueError: For names that the table does not have, and if no feature is left.
        """
        available = list(available)
        for option in OPTIONS:
            value = getattr(self, option) or ()
            absent = [
                n for n in ((value,) if isinstance(value, str) else value) if n not in available
            ]
            if absent:
                raise ValueError(
                    f"`{option}` must name columns of {source}: {available[:20]}. Received: "
                    f"{absent[:10]}"
                )
        wanted = available if self.columns is None else self.columns
        split_by = (self.group, self.time) if self.columns is None else ()
        left_out = {*self.drop, *self.id, *split_by}
        found = [name for name in wanted if name not in left_out]
        if not found:
            raise ValueError(
                f"`drop` and the like must leave a feature of {source}. Received: none left of "
                f"{available[:20]}"
            )
        return found


def _names(option: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    if any(not isinstance(name, str) or not name for name in names):
        raise ValueError(f"`{option}` must hold names of columns. Received: {option}={value!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"`{option}` must hold different names. Received: {option}={value!r}")
    return names
