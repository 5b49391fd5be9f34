"""How many samples have been scored so far, and how fast, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

from kerasocc.experiments.runs.rates import rounded_rate

SECONDS_BETWEEN_COUNTS = 0.5


class SampleCounter:
    """A count on standard error, where that is a terminal."""

    def __init__(self):
        self._begun = self._shown = time.monotonic()
        self._open = False

    def show(self, samples: int) -> None:
        """Show the number of samples, unless it was shown a moment ago."""
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown >= SECONDS_BETWEEN_COUNTS:
            rate = rounded_rate(samples / (now - self._begun))
            sys.stderr.write(f"\r{samples} samples, {rate} samples/s  ")
            sys.stderr.flush()
            self._shown, self._open = now, True

    def __enter__(self) -> SampleCounter:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._open:
            sys.stderr.write("\n")
