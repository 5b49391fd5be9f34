"""A CSV file that is written over hours, and continued after an interruption."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from kerasocc.files import errors_named


class ResumableCsv:
    """A table that stands in `PATH.partial` until it is complete.

    Beside it `PATH.partial.jsonl` says after each block how far it has come: its first line is
    what the table is made of, each of the others the length of the table in bytes and the counts
    of the writer. What stands behind the last of these lines is written again.

    Args:
        path: The file to write.
        made_of: What the table is made of, as JSON can hold it. A partial table is continued
            only if it was made of the same.

    Attributes:
        counts: The counts that the last block of a partial table came with; None for a new one.

    Raises:
        ValueError: If there is a partial table of anything else.
    """

    def __init__(self, path: str | os.PathLike, made_of: dict[str, Any]):
        self.path = Path(path)
        self.partial = self.path.with_name(f"{self.path.name}.partial")
        self.journal = self.path.with_name(f"{self.path.name}.partial.jsonl")
        self.counts: dict[str, Any] | None = None
        self._length = 0
        if self.partial.exists() and self.journal.exists():
            self._find_end(made_of)
        self._stream: TextIO = self._opened(self.partial)
        self._log: TextIO = self._opened(self.journal)
        with errors_named(self.partial):
            self._stream.truncate(self._length)
            if self.counts is None:
                self._log.truncate(0)
                self._note(made_of)
        self._table = csv.writer(self._stream, lineterminator="\n")

    def _find_end(self, made_of: dict[str, Any]) -> None:
        # The last line is not complete if the process was killed while it wrote.
        lines = self.journal.read_text(encoding="utf-8").split("\n")[:-1]
        if not lines:
            return
        before = json.loads(lines[0])
        changed = [name for name in before | made_of if before.get(name) != made_of.get(name)]
        if changed:
            name = changed[0]
            raise ValueError(
                f"{str(self.partial)!r} must be scores of the same samples by the same model to be "
                f"continued; delete it to begin anew. Received: {name}={made_of.get(name)!r}, "
                f"and {before.get(name)!r} when it was begun"
            )
        size = self.partial.stat().st_size
        for line in lines[1:]:
            block = json.loads(line)
            if block["length"] <= size:
                self._length, self.counts = block["length"], block["counts"]

    @staticmethod
    def _opened(path: Path) -> TextIO:
        # Names of files that are not UTF-8 are written unchanged.
        return open(path, "a", encoding="utf-8", errors="surrogateescape", newline="")

    def write(self, rows: Iterable[Sequence[Any]], counts: dict[str, Any]) -> None:
        """Write a block of rows, and the counts after it."""
        with errors_named(self.partial):
            self._table.writerows(rows)
            self._stream.flush()
            length = os.fstat(self._stream.fileno()).st_size
            self._note({"length": length, "counts": counts})

    def _note(self, content: dict[str, Any]) -> None:
        self._log.write(json.dumps(content) + "\n")
        self._log.flush()

    def finish(self) -> None:
        """Give the table its name."""
        self._close()
        with errors_named(self.path, self.partial):
            os.replace(self.partial, self.path)
        self.journal.unlink()

    def discard(self) -> None:
        """Delete what has been written."""
        self._close()
        for path in (self.partial, self.journal):
            path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Leave what has been written for the next time."""
        self._close()

    def _close(self) -> None:
        for stream in (self._stream, self._log):
            stream.close()
