"""Import Keras and its backend without TensorFlow's start-up logs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

INTERRUPTED = 130
"""Exit code of a process that Ctrl-C has ended: 128 + SIGINT."""
TERMINATED = 143
"""Exit code of a process that was asked to end, as by `kill` or a scheduler: 128 + SIGTERM."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end. What answers Ctrl-C answers this too."""


@contextlib.contextmanager
def interrupt_on_termination() -> Iterator[None]:
    """Have SIGTERM raise `Terminated`, unless the process has an answer of its own to it."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _raise_terminated(*_: Any) -> NoReturn:
    raise Terminated


def import_keras(start: Callable[[], Any] | None = None) -> None:
    """Import Keras and initialise its devices.

    TensorFlow logs errors only, unless the user has set `TF_CPP_MIN_LOG_LEVEL`.

    Args:
        start: Called before any operation, as what needs the devices for itself has to be.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _exit_on_interrupt(), _drop_logs(int(level) if level.isdigit() else 0):
        import keras

        if start is not None:
            start()
        # Devices are named in the log when the first operation looks for them.
        keras.ops.convert_to_numpy(keras.ops.zeros(()))
        # Under the other backends Keras imports it too, but later.
        with contextlib.suppress(ImportError):
            import tensorflow  # noqa: F401


@contextlib.contextmanager
def _exit_on_interrupt() -> Iterator[None]:
    """End the process on Ctrl-C, and when it is asked to end.

    Libraries that are being imported swallow `KeyboardInterrupt` or make another
    error of it. Nothing needs to be cleaned up yet.
    """
    answers = (
        (signal.SIGINT, signal.default_int_handler, INTERRUPTED),
        (signal.SIGTERM, _raise_terminated, TERMINATED),
    )
    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number, usual, code in answers:
                # Answers that others have chosen stay what they are.
                if signal.getsignal(number) is usual:
                    signal.signal(number, lambda *_, code=code: os._exit(code))
                    stack.callback(signal.signal, number, usual)
        yield


@contextlib.contextmanager
def _drop_logs(level: int) -> Iterator[None]:
    """Drop the log lines below `level` that compiled code writes to standard error.

    TensorFlow 2.21 writes some of them before it reads `TF_CPP_MIN_LOG_LEVEL`, and not
    through `sys.stderr`. All other lines are written afterwards.
    """
    original = _duplicate_of_stderr() if level > 0 else None
    if original is None:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            captured.seek(0)
            os.write(2, _without_lines(captured.read(), level))


def _duplicate_of_stderr() -> int | None:
    try:
        return os.dup(2)
    except OSError:  # a daemon may have no standard error to keep clean
        return None


def _without_lines(text: bytes, level: int) -> bytes:
    dropped = "IWE"[:level]
    logs = re.compile(
        rf"WARNING: All log messages before absl::InitializeLog|[{dropped}]\d{{4}} "
        rf"|\d{{4}}-\d\d-\d\d [\d:.]+: [{dropped}] ".encode()
    )
    return b"".join(line for line in text.splitlines(True) if not logs.match(line))
