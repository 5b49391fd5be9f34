"""Progress of a training phase: one bar, epochs as its unit."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

import keras

WIDTH = 30
SECONDS_BETWEEN_LINES = 5.0
"""Where the output is not a terminal, so that lines cannot be drawn over."""
SECONDS_BETWEEN_DRAWINGS = 0.1


class EpochBar(keras.callbacks.Callback):
    """Draw one bar for all epochs of a `fit`.

    On a terminal the bar is drawn over itself; elsewhere there is a line every
    few seconds and one at the end.

    Args:
        title: Text before the bar.
        epochs: Number of epochs, those finished by an earlier process included.
    """

    def __init__(self, title: str, epochs: int):
        super().__init__()
        self.title = title
        self.epochs = epochs
        self._done = 0
        self._open = False

    def on_train_begin(self, logs=None):
        self._terminal = sys.stdout.isatty()
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
        filled = WIDTH * self._done // max(self.epochs, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        count = f"{self._done:>{len(str(self.epochs))}}/{self.epochs} epochs"
        line = f"{self.title:<11} [{bar}] {count}{self._loss(logs)}{self._left()}"
        if self._terminal:
            columns = shutil.get_terminal_size().columns - 1
            # Padded: a shorter line must cover the longer one before it.
            sys.stdout.write(f"\r{line[:columns]:<{min(columns, 79)}}")
        else:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        self._open = self._terminal

    def _loss(self, logs: dict[str, Any] | None) -> str:
        return f"  loss {logs['loss']:.4g}" if logs and "loss" in logs else ""

    def _left(self) -> str:
        since_first = 0 if self._first_epoch is None else self._done - 1 - self._first_epoch
        if not since_first or self._done >= self.epochs:
            return ""
        seconds = (time.monotonic() - self._started) / since_first * (self.epochs - self._done)
        minutes, seconds = divmod(round(seconds), 60)
        return f"  {minutes}:{seconds:02d} left"
