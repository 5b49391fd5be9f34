"""Shares of the input of `kerasocc score`, one for each of several processes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.readers.new_samples import NewSamples
from kerasocc.datasets.readers.row_names import RowNames

ROWS_DEALT = 2**13
"""Rows of a file that go to one shard, before the next rows go to the next shard."""


class Shard(NamedTuple):
    """One of several shares, which together have every row once.

    Attributes:
        index: Number of the share, from 1 on.
        count: How many there are.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read what stands on the command line.

        Raises:
            ValueError: Unless it is `"I/N"` with I from 1 to N.
        """
        found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
        shard = cls(*map(int, found.groups())) if found else cls(0, 0)
        if not 1 <= shard.index <= shard.count:
            raise ValueError(f"must be I/N with I from 1 to N, such as 2/4. Received: {text}")
        return shard

    def files_of(self, files: Sequence[Any]) -> tuple[list[Any], Shard | None]:
        """Return the files of this share, and the shard to take of the rows of each.

        Whole files are dealt out if there are enough of them, else the rows of every file.
        """
        if len(files) >= self.count:
            return list(files[self.index - 1 :: self.count]), None
        return list(files), self

    def rows_of(self, parts: Iterator[NewSamples]) -> Iterator[NewSamples]:
        """Yield the samples of this share, named by their numbers in the whole file."""
        for part in parts:
            numbers = part.names.numbers
            mine = numbers // ROWS_DEALT % self.count == self.index - 1
            if mine.all():
                yield part
            elif mine.any():
                yield _take(part, mine)


def _take(part: NewSamples, mine: np.ndarray) -> NewSamples:
    bad = None if part.bad is None else part.bad[mine]
    return part._replace(
        names=RowNames(part.names.numbers[mine]),
        x=part.x[mine],
        bad=bad if bad is not None and bad.any() else None,
        ids={name: list(compress(values, mine)) for name, values in part.ids.items()},
    )
