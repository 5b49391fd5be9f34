"""How many samples of a file have been scored and flagged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Summary(NamedTuple):
    """How many samples have been scored and flagged.

    Attributes:
        samples: How many.
        flagged: How many of them are anomalies; None without a threshold.
        bad: How many more samples could not be scored.
        first_bad: What was wrong with the first of them, in words.
    """

    samples: int = 0
    flagged: int | None = None
    bad: int = 0
    first_bad: str = ""

    @classmethod
    def total(cls, summaries: Sequence[Summary]) -> Summary:
        """Join the summaries of several outputs."""
        flagged = [s.flagged for s in summaries]
        return cls(
            sum(s.samples for s in summaries),
            None if None in flagged else sum(flagged),
            sum(s.bad for s in summaries),
            next((s.first_bad for s in summaries if s.bad), ""),
        )
