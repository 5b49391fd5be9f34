"""A process that does one cell after the other, and is ended where a fit takes too long."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection.cells import DONE, FAILED, TIMED_OUT, UNSUITABLE, Cell
from benchmarks.detection.ours import OurDetector, check_samples, make_config
from benchmarks.detection.peers import PEERS, PeerDetector
from benchmarks.detection.problems import Division, Parts, Problem, read_parts

# Stages as the process announces them. Reading data and importing packages is not the detector's
# time, but must not last for ever.
READING, FITTING, SCORING = "reading", "fitting", "scoring"
SECONDS_TO_READ = 900.0
CELLS_PER_PROCESS = 50
"""After so many a new process is started: compiled functions of earlier models pile up."""


class Worker:
    """Does cells in a process of its own.

    Args:
        tfds_dir: Folder of tensorflow-datasets.
    """

    def __init__(self, tfds_dir: Path):
        self._tfds_dir = tfds_dir
        self._process: Any = None
        self._cells = 0

    def run(self, cell: Cell) -> dict[str, Any]:
        """The result of a cell; `status` says whether it was done."""
        if self._process is None or self._cells >= CELLS_PER_PROCESS:
            self.close()
            self._start()
        self._cells += 1
        with contextlib.suppress(BrokenPipeError):  # it has died: to be read from it below
            self._connection.send(cell)
        stage = READING
        while True:
            limit = SECONDS_TO_READ if stage == READING else cell.limit
            if not self._connection.poll(limit):
                self.close()
                return {"status": TIMED_OUT, "stage": stage, "seconds": limit}
            try:
                what, value = self._connection.recv()
            except (EOFError, ConnectionResetError):
                self.close()
                return {"status": FAILED, "error": f"the process died while {stage}"}
            if what == "result":
                return value
            stage = value

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._tfds_dir), daemon=True)
        self._process.start()
        theirs.close()
        self._cells = 0


def serve(connection: Any, tfds_dir: Path) -> None:
    """Do the cells that come, until the other side is gone."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Ctrl-C is for the process that reads the results: it ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        _serve(connection, tfds_dir)


def _serve(connection: Any, tfds_dir: Path) -> None:
    while True:
        cell = connection.recv()
        try:
            result = measure(cell, tfds_dir, lambda stage: connection.send(("stage", stage)))
        except BrokenPipeError:
            raise
        except Exception as error:
            # Whatever another package raises is a result: it must not end the benchmark.
            result = {"status": FAILED, "error": f"{type(error).__name__}: {error}"[:500]}
        connection.send(("result", result))


def measure(cell: Cell, tfds_dir: Path, announce: Callable[[str], None]) -> dict[str, Any]:
    """Fit and test a detector.

    Args:
        cell: What to do.
        tfds_dir: Folder of tensorflow-datasets.
        announce: Is told every stage before it begins.

    Returns:
        AUC, average precision, false positive rate (None where nothing was held out),
        seconds and numbers of samples.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    parts = _read(cell.problem, cell.division, tfds_dir)
    try:
        detector = _make_detector(cell, parts)
    except ValueError as error:
        return {"status": UNSUITABLE, "error": str(error)}
    announce(FITTING)
    begun = time.perf_counter()
    detector.fit(parts.x_train)
    fitted = time.perf_counter()
    announce(SCORING)
    scores = np.asarray(detector.score(parts.x_test))
    scored = time.perf_counter()
    rate = None
    if len(parts.x_calibration):
        threshold = detector.threshold(parts.x_calibration, cell.rate)
        rate = float(np.mean(scores[parts.y_test == 0] > threshold))
    return {
        "status": DONE,
        "auc": float(roc_auc_score(parts.y_test, scores)),
        "average_precision": float(average_precision_score(parts.y_test, scores)),
        "false_positive_rate": rate,
        "fit_seconds": fitted - begun,
        "score_seconds": scored - fitted,
        "samples": {name: len(x) for name, x in parts._asdict().items()},
        "shape": list(parts.x_train.shape[1:]),
    }


# One problem after the other is done, with all detectors.
@functools.lru_cache(maxsize=1)
def _read(problem: Problem, division: Division, tfds_dir: Path) -> Parts:
    return read_parts(problem, division, tfds_dir)


def _make_detector(cell: Cell, parts: Parts) -> Any:
    if cell.detector in PEERS:
        return PeerDetector(PEERS[cell.detector], cell.seed)
    from kerasocc.experiments.runs.startup import import_keras

    import_keras()
    import keras

    keras.utils.clear_session()
    config = make_config(cell.detector, cell.problem, cell.seed)
    check_samples(config, parts.x_train.shape[1:])
    return OurDetector(config, cell.problem)
