"""The results in a folder, which several processes may fill at once."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasocc.experiments.tables.cell import Cell, key_of
from kerasocc.experiments.tables.results_file import RESULTS_FILE, has_status, results_in
from kerasocc.files import read_json, write_json

DONE, FAILED = "done", "failed"


class CellStore:
    """The results of cells, a file for each; those of a table that was shared count as well.

    Args:
        folder: It is made when something is written. A `results.json` in it, such as the ones of
            `benchmarks/results`, gives results that need no file of their own.

    Raises:
        ValueError: If `results.json` is not readable.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self._cells = self.folder / "cells"
        self._shared: dict[str, dict[str, Any]] = {}
        shared = self.folder / RESULTS_FILE
        if shared.exists():
            for entry in results_in(shared):
                self._shared[key_of(entry["configuration"])] = entry["result"]

    def read(self, cell: Cell) -> dict[str, Any] | None:
        """The result of a cell, or None if there is none yet."""
        file = self._cells / f"{cell.key}.json"
        if not file.exists():
            return self._shared.get(cell.key)
        content = read_json(file)
        if not isinstance(content, dict) or not has_status(content.get("result")):
            raise ValueError(f"{file} holds no `result`: remove it, and its cell is done again.")
        return content["result"]

    def write(self, cell: Cell, result: Mapping[str, Any]) -> None:
        """Keep a result; a process that is killed leaves all of it or nothing."""
        self._cells.mkdir(parents=True, exist_ok=True)
        content = {"configuration": dict(cell.configuration), "result": dict(result)}
        write_json(self._cells / f"{cell.key}.json", content)

    def work_folder(self, name: str) -> Path:
        """A folder for what an interrupted training needs; it is made."""
        folder = self.folder / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def discard(self, work_folder: Path) -> None:
        """Remove such a folder."""
        shutil.rmtree(work_folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            work_folder.parent.rmdir()

    @contextlib.contextmanager
    def claimed(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Whether this process is the one to work on something.

        The system gives back what a killed process had claimed.

        Args:
            name: Of what is claimed.
            wait: Whether to wait until another process is done with it.
        """
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        # The file stays: who removes one that another process waits for makes two locks of it.
        descriptor = os.open(locks / name, os.O_RDWR | os.O_CREAT)
        try:
            yield _lock(descriptor, wait)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: at worst a cell is done twice
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
