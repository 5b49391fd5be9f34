"""One result: what it depends on, and the folder in which it is kept."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.detection.problems import Division, Problem
from kerasocc.files import read_json, write_json

DONE, TIMED_OUT, FAILED, UNSUITABLE = "done", "timed out", "failed", "not for such samples"


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
            "settings": dict(self.settings),
            "seed": self.seed,
            "rate": self.rate,
            "limit": self.limit,
        }

    @property
    def key(self) -> str:
        """Name of the result."""
        text = json.dumps(self.configuration, sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


class Results:
    """The results in a folder, which several processes may fill at once.

    Args:
        folder: It is made if there is none.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, cell: Cell) -> dict[str, Any] | None:
        """The result, or None if there is none yet."""
        file = self._folder / f"{cell.key}.json"
        return read_json(file)["result"] if file.exists() else None

    def write(self, cell: Cell, result: dict[str, Any]) -> None:
        """Keep a result; a process that is killed leaves all of it or nothing."""
        content = {"configuration": cell.configuration, "result": result}
        write_json(self._folder / f"{cell.key}.json", json.loads(json.dumps(content, default=list)))

    @contextlib.contextmanager
    def claimed(self, cell: Cell, *, again: bool = False) -> Iterator[bool]:
        """Whether this process is the one to do a cell; the system frees that of a killed one.

        Args:
            cell: What to do.
            again: Whether to repeat it if it timed out or failed.
        """
        path = self._folder / f".{cell.key}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            is_mine = _lock(descriptor) and self._is_open(cell, again)
            yield is_mine
            if is_mine:
                # Whoever still waits for this file finds the result when it gets the lock.
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _is_open(self, cell: Cell, again: bool) -> bool:
        result = self.read(cell)
        return result is None or (again and result["status"] in (TIMED_OUT, FAILED))


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: at worst a cell is done twice
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
