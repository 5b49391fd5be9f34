"""Progress of a training phase: one bar, epochs as its unit."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

import keras

from kerasocc.experiments.runs.rates import rounded_rate

WIDTH, NARROWEST = 30, 8
"""Characters of the bar; where a terminal has no room for all of them it has fewer."""
TEXT = 59
"""Characters that are left for what stands behind the title and the bar."""
SECONDS_BETWEEN_LINES = 5.0
"""Where the output is not a terminal, so that lines cannot be drawn over."""
SECONDS_BETWEEN_DRAWINGS = 0.1


class EpochBar(keras.callbacks.Callback):
    """Draw one bar for all epochs of a `fit`.

    On a terminal and in a notebook the bar is drawn over itself; elsewhere there is a line every
    few seconds and one at the end. It says how many samples are trained on in a second, and how
    long the rest takes.

    Args:
        title: Text before the bar.
        epochs: Number of epochs, those finished by an earlier process included.
    """

    def __init__(self, title: str, epochs: int):
        super().__init__()
        self.title = title
        self.epochs = epochs
        self._done = 0
        self._drawn_columns = 0
        self._open = False

    def on_train_begin(self, logs=None):
        self._terminal = sys.stdout.isatty() or _is_notebook()
        self._samples = self.model.training_run.source.num_samples
        self._first_epoch = None
        self._done = int(keras.ops.convert_to_numpy(self.model.epochs_trained))
        self._started = self._drawn = time.monotonic()
        if self._terminal:
            self._draw(None)

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        self._done = epoch + 1
        if self._first_epoch is None:
            # The first epoch compiles; the others say how long it will take.
            self._first_epoch, self._started = epoch, now
        pause = SECONDS_BETWEEN_DRAWINGS if self._terminal else SECONDS_BETWEEN_LINES
        if now - self._drawn >= pause and self._done < self.epochs:
            self._draw(logs)
            self._drawn = now

    def on_train_end(self, logs=None):
        self._draw(logs)
        self.close()

    def close(self) -> None:
        """End the line of the bar, also after an interruption."""
        if self._open:
            sys.stdout.write("\n")
            sys.stdout.flush()
        self._open = False

    def _draw(self, logs: dict[str, Any] | None) -> None:
        count = f"{self._done:>{len(str(self.epochs))}}/{self.epochs} epochs"
        text = f"{count}{self._loss(logs)}{self._rate()}{self._left()}"
        title = f"{self.title:<11}"
        columns = shutil.get_terminal_size().columns - 1
        room = columns - len(title) - TEXT if self._terminal else WIDTH
        width = max(NARROWEST, min(WIDTH, room))
        filled = width * self._done // max(self.epochs, 1)
        line = f"{title} [{'#' * filled}{'.' * (width - filled)}] {text}"
        if self._terminal:
            # Padded: a shorter line must cover the longer one before it.
            sys.stdout.write(f"\r{line[:columns]:<{min(columns, self._drawn_columns)}}")
            self._drawn_columns = len(line)
        else:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        self._open = self._terminal

    def _loss(self, logs: dict[str, Any] | None) -> str:
        return f"  loss {logs['loss']:.4g}" if logs and "loss" in logs else ""

    def _rate(self) -> str:
        """Samples per second; nothing before the second epoch, or where they are not counted."""
        if not self._since_first() or not self._samples:
            return ""
        rate = self._since_first() * self._samples / max(time.monotonic() - self._started, 1e-9)
        return f"  {rounded_rate(rate)} samples/s"

    def _left(self) -> str:
        if not self._since_first() or self._done >= self.epochs:
            return ""
        passed = time.monotonic() - self._started
        seconds = passed / self._since_first() * (self.epochs - self._done)
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        shown = f"{hours}:{minutes:02d}" if hours else str(minutes)
        return f"  {shown}:{seconds:02d} left"

    def _since_first(self) -> int:
        """Epochs after the first one of this process."""
        return 0 if self._first_epoch is None else self._done - 1 - self._first_epoch


def _is_notebook() -> bool:
    """Whether the output goes to a notebook, which draws over a line like a terminal."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
