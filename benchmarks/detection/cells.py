"""One result: what it depends on, and who is to compute it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.detection.problems import Division, Problem
from kerasocc.experiments.tables.cell import key_of
from kerasocc.experiments.tables.cell_store import DONE, FAILED, CellStore

TIMED_OUT, UNSUITABLE = "timed out", "not for such samples"
__all__ = ["DONE", "FAILED", "TIMED_OUT", "UNSUITABLE", "Cell", "claimed"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """A detector on a problem, with one seed.

    Attributes:
        problem: The data.
        division: How their rows are divided.
        detector: Name of a peer, or a variant of a method of ours.
        settings: All settings of the detector.
        seed: Of the detector.
        rate: Wanted false positive rate.
        limit: Seconds that a fit may take, and the scoring.
    """

    problem: Problem
    division: Division
    detector: str
    settings: Mapping[str, Any]
    seed: int
    rate: float = 0.05
    limit: float = 300.0

    @property
    def configuration(self) -> dict[str, Any]:
        """All that the result depends on; paths are no part of it."""
        return {
            "problem": self.problem.name,
            "division": self.division._asdict(),
            # Two names of one variant share the result.
            "detector": self.detector.partition(":")[0],
            "settings": json.loads(json.dumps(dict(self.settings), default=list)),
            "seed": self.seed,
            "rate": self.rate,
            "limit": self.limit,
        }

    @property
    def key(self) -> str:
        """Name of the result."""
        return key_of(self.configuration)


@contextlib.contextmanager
def claimed(results: CellStore, cell: Cell, *, again: bool = False) -> Iterator[bool]:
    """Whether this process is the one to do a cell; the system frees that of a killed one.

    Args:
        results: Where it is kept.
        cell: What to do.
        again: Whether to repeat it if it timed out or failed.
    """
    with results.claimed(cell.key) as is_mine:
        yield is_mine and _is_open(results.read(cell), again)


def _is_open(result: dict[str, Any] | None, again: bool) -> bool:
    return result is None or (again and result["status"] in (TIMED_OUT, FAILED))
