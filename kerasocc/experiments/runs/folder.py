"""The folder of a run: its files, its state and the process that works on it."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasocc.files import complete_folder_or_absent, read_json, write_json

RUNNING, INTERRUPTED, FAILED, COMPLETE = "running", "interrupted", "failed", "complete"
"""States of a run. A killed one is left `running`, a failed one would fail again."""


class RunFolder:
    """A folder with everything that belongs to one run.

    `config.json` and `results.json` are there from the first moment; the latter
    has the state of the run in its entry `status`. `backup/` exists until the
    run is complete.

    Args:
        path: The folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.name = self.path.name
        self.config_file = self.path / "config.json"
        self.results_file = self.path / "results.json"
        self.data_file = self.path / "data.json"
        self.sample_format_file = self.path / "sample_format.json"
        self.model_file = self.path / "model.keras"
        self.reference_file = self.path / "reference.npy"
        self.backup = self.path / "backup"
        self._replacement = self.path / "replacement"

    @property
    def results(self) -> dict[str, Any]:
        """What `results.json` holds.

        Raises:
            FileNotFoundError: If the folder is not that of a run.
            ValueError: If the file is broken.
        """
        results = read_json(self.results_file)
        if not isinstance(results, dict) or "status" not in results:
            raise ValueError(f"{self.results_file} must hold a JSON object with `status`.")
        return results

    def write_results(self, results: dict[str, Any]) -> None:
        """Replace `results.json`."""
        write_json(self.results_file, results)

    def set_status(self, status: str, **entries: Any) -> None:
        """Change the entry `status` of `results.json`, and others."""
        self.write_results({**self.results, "status": status, **entries})

    def complete(self, results: dict[str, Any]) -> None:
        """Write the final results; from here on there is nothing to resume."""
        self.write_results({**self.results, **results, "status": COMPLETE, "finished": now()})
        self.tidy()

    def tidy(self) -> None:
        """Remove what a complete run does not need."""
        shutil.rmtree(self.backup, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove the temporary files and folders of a process that was killed while writing."""
        for folder in (self.path, self.backup):
            for file in folder.glob(".*-*"):
                if not re.match(r"\.[0-9a-f]{8}-", file.name):
                    continue
                if file.is_dir():
                    shutil.rmtree(file, ignore_errors=True)
                else:
                    file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def replaced(self) -> Iterator[Path]:
        """Yield a folder for new versions of files, which all take their places on success.

        If the block raises an exception, all files remain unchanged. Should the process be
        killed while the new ones take their places, `finish_replacement` moves the others.
        """
        with complete_folder_or_absent(self._replacement) as folder:
            folder.mkdir()
            yield folder
        self.finish_replacement()

    def finish_replacement(self) -> None:
        """Move the files of a complete `replaced` to their places, if there are any left."""
        for file in self._replacement.glob("*"):
            # Another process may be doing the same.
            with contextlib.suppress(FileNotFoundError):
                os.replace(file, self.path / file.name)
        shutil.rmtree(self._replacement, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from working on this run.

        Raises:
            ValueError: If another process does.
        """
        lock = self._lock()
        if lock is None:
            raise ValueError(f"The run {str(self.path)!r} is in use by another process.")
        try:
            yield
        finally:
            os.close(lock)

    def is_locked(self) -> bool:
        """Whether a process is working on this run."""
        lock = self._lock()
        if lock is not None:
            os.close(lock)
        return lock is None

    def _lock(self) -> int | None:
        """File descriptor that holds the lock, or None if another one does.

        The system releases the lock of a killed process.
        """
        self.backup.mkdir(exist_ok=True)
        descriptor = os.open(self.backup / "lock", os.O_RDWR | os.O_CREAT)
        try:
            import fcntl
        except ImportError:  # Windows: nothing to lock with, so nothing is locked
            return descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def now() -> str:
    """The time, with its zone, in whole seconds."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
