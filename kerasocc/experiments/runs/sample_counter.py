"""How many samples have been scored so far, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

SECONDS_BETWEEN_COUNTS = 0.5


class SampleCounter:
    """A count on standard error, where that is a terminal."""

    def __init__(self):
        self._shown = time.monotonic()
        self._open = False

    def show(self, samples: int) -> None:
        """Show the number of samples, unless it was shown a moment ago."""
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown >= SECONDS_BETWEEN_COUNTS:
            sys.stderr.write(f"\r{samples} samples")
            sys.stderr.flush()
            self._shown, self._open = now, True

    def __enter__(self) -> SampleCounter:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._open:
            sys.stderr.write("\n")
