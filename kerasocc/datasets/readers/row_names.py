"""Numbers of rows as the names of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class RowNames(Sequence[str]):
    """The numbers of rows as text, each made when it is asked for.

    Args:
        numbers: Whole numbers, shape `(rows,)`.
    """

    def __init__(self, numbers: np.ndarray):
        self.numbers = numbers

    @classmethod
    def counted(cls, start: int, count: int) -> RowNames:
        """The names of `count` rows from number `start` on."""
        return cls(np.arange(start, start + count))

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return RowNames(self.numbers[key])
        return str(self.numbers[key])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)
