"""One figure of a table, and what it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Cell:
    """One training or fit of a table; the cells of one row and column are averaged.

    Attributes:
        row: Its row, in the words of the paper.
        column: Its column.
        configuration: All that the result depends on, as JSON holds it; no paths of a machine.
        normal_class: What `--classes` chooses it by, or None.
        seed: What `--seeds` chooses it by.
        method: What `--methods` chooses it by.
        data: What `--data` chooses it by, or None.
    """

    row: str
    column: str
    configuration: Mapping[str, Any]
    normal_class: int | str | None = None
    seed: int = 0
    method: str = ""
    data: str | None = None

    @property
    def key(self) -> str:
        """Name of its result: cells of equal configurations, of whatever table, share it."""
        return key_of(self.configuration)

    @property
    def title(self) -> str:
        """For the progress."""
        return f"{self.row}, {self.column}, seed {self.seed}"


class Published(NamedTuple):
    """A figure of a paper.

    Attributes:
        value: In the units of the table.
        checked: Whether it was read in the paper or in a document that quotes it; False for
            one that is recalled.
        deviation: The paper's standard deviation, or None.
    """

    value: float
    checked: bool = True
    deviation: float | None = None


def key_of(configuration: Mapping[str, Any]) -> str:
    """A short name for a configuration, the same for equal ones."""
    text = json.dumps(configuration, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
