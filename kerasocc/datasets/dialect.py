"""How a table is written as text: its separator, its numbers, its encoding, its header."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

AUTO = "auto"
"""Value of an option that is detected in every file, whatever a run has found before."""
NONE = "none"
"""What an option is called that is switched off, in place of the empty text."""

NAMES = {
    "separator": {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"},
    "decimal": {"comma": ",", "point": ".", "dot": "."},
    "thousands": {NONE: "", "space": " ", "comma": ",", "point": ".", "dot": ".", "quote": "'"},
    "comment": {NONE: ""},
}
"""Words for values of the options that are hard to type."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a table is written in a text file, or where it stands in a workbook.

    `None` stands for what is detected in the file. In a run, what was detected in the
    training data is kept and holds for the files that are scored later.

    Attributes:
        separator: Character between two cells: `","`, `";"`, `"tab"`, `"|"`, or `"space"`
            for any number of blanks.
        decimal: `"."` or `","`.
        thousands: Character between groups of three digits: `","`, `"."`, `"space"`,
            `"'"`, or `"none"`.
        encoding: Name of the encoding, such as `"utf-8"` or `"latin-1"`.
        comment: What lines that are left out begin with, or `"none"`.
        header: Whether the first row has the names of the columns.
        sheet: Name of the sheet of an Excel workbook.
        width: Number of columns of a file without a header, labels included.

    Raises:
        ValueError: For a value that is not allowed.
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    comment: str | None = None
    header: bool | str | None = None
    sheet: str | None = None
    width: int | None = None

    def __post_init__(self):
        for name, words in NAMES.items():
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, words.get(value.lower(), value))
        for name in OPTIONS:
            check_option(name, getattr(self, name))
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(
                "`decimal` and `thousands` must differ. Received: "
                f"decimal={self.decimal!r}, thousands={self.thousands!r}"
            )

    def over(self, kept: Dialect | None) -> Dialect:
        """Return these options, those that are None taken from `kept`; `"auto"` stands for None."""
        kept = kept or Dialect()
        values = {}
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            value = getattr(kept, field.name) if given is None else given
            values[field.name] = None if value == AUTO else value
        if values["decimal"] is not None and values["decimal"] == values["thousands"]:
            # One of them was given for this file, so that the other one does not hold for it.
            values["thousands" if self.thousands is None else "decimal"] = None
        return Dialect(**values)

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not None, by name."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return {name: value for name, value in values.items() if value is not None}

    def __str__(self) -> str:
        """Describe what is unusual, empty for a file of commas, points and a header."""
        shown = {"\t": "tabs", " ": "blanks"}
        parts = []
        if self.separator not in (None, ","):
            parts.append(f"separated by {shown.get(self.separator, repr(self.separator))}")
        if self.decimal == ",":
            parts.append("decimal comma")
        if self.thousands:
            parts.append(f"thousands by {shown.get(self.thousands, repr(self.thousands))}")
        if self.encoding not in (None, "utf-8", "utf-8-sig"):
            parts.append(f"encoding {self.encoding}")
        if self.comment:
            parts.append(f"comments after {self.comment!r}")
        if self.header is False:
            parts.append("no header: the first line is a row like the others")
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet!r}")
        return ", ".join(parts)


OPTIONS = ("separator", "decimal", "thousands", "encoding", "comment", "header", "sheet")
"""Names of the options of a dialect that a user may give."""


def check_option(name: str, value: Any) -> Any:
    """Return the value of an option of a dialect if it is allowed.

    Raises:
        ValueError: If it is not.
    """
    if value is None or value == AUTO:
        return value
    if isinstance(value, str):
        value = NAMES.get(name, {}).get(value.lower(), value)
    allowed = {
        "separator": lambda v: len(v) == 1 and v not in '"\n\r.',
        "decimal": lambda v: v in (".", ","),
        "thousands": lambda v: len(v) <= 1 and v not in ('"', "-", "+") and not v.isalnum(),
        "encoding": _is_encoding,
        "comment": lambda v: '"' not in v and not v[:1].isspace(),
        "sheet": bool,
    }
    if name == "header":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, str) and bool(allowed[name](value))
    if not fits:
        raise ValueError(f"`{name}` must be {_EXPECTED[name]}. Received: {name}={value!r}")
    return value


_EXPECTED = {
    "separator": "one character such as ',' or ';', or 'tab', 'space' or 'auto'",
    "decimal": "'.', ',' or 'auto'",
    "thousands": "a character such as ',' or \"'\", or 'space', 'none' or 'auto'",
    "encoding": "the name of an encoding, such as 'utf-8' or 'latin-1', or 'auto'",
    "comment": "what lines to leave out begin with, such as '#', or 'none' or 'auto'",
    "header": "True or False",
    "sheet": "the name of a sheet",
}


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True
