"""One class and one method of the comparison: a run, or what it has left."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from kerasocc.callbacks import CollapseError
from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn.comparison import Outcome, run_name
from kerasocc.experiments.runs import runner, store
from kerasocc.experiments.runs.folder import COMPLETE, FAILED, RunFolder


def run_method(
    config: TrainConfig,
    method: str,
    out: str | os.PathLike,
    load: Callable[[], OneClassDataset],
    *,
    progress: bool = False,
) -> Outcome:
    """Do a run, resume one that was interrupted, or read one that is finished.

    Args:
        config: What `make_config` returned.
        method: One of `comparison.COMPARED`, for the name of the run.
        out: The folder of all runs.
        load: Returns the data of `config`; not called for a finished run.
        progress: Whether to draw a bar per phase.

    Raises:
        ValueError: If another process is working on the run, or its folder is broken.
        OSError: If the data cannot be read, or the folder cannot be written.
    """
    run, is_new = _find(config, method, out)
    results = {} if is_new else run.results
    if results.get("status") == FAILED:
        return Outcome(run.path, None, None, str(results.get("error")))
    if results.get("status") != COMPLETE:
        # Errors in the data come before there is a folder.
        data = load()
        run = store.create(out, run.name, config) if is_new else run
        try:
            with _without_retracing_warnings():
                results = runner.train(config, run, data, progress=progress)
        except (CollapseError, FloatingPointError) as error:
            return Outcome(run.path, None, None, str(error))
    return Outcome(run.path, results["auc"], results["anomalous"], None)


def _find(config: TrainConfig, method: str, out: str | os.PathLike) -> tuple[RunFolder, bool]:
    """The run with exactly these settings, else a free name; and whether it is the latter."""
    name = run_name(config.dataset, config.normal_class, method)
    for number in itertools.count(1):
        run = RunFolder(Path(out) / (name if number == 1 else f"{name}-{number}"))
        if not run.path.exists():
            break
        # A folder without readable settings is somebody else's, or an older version's.
        with contextlib.suppress(OSError, ValueError):
            if TrainConfig.read(run.config_file) == config:
                return run, False
    return run, True


@contextlib.contextmanager
def _without_retracing_warnings() -> Iterator[None]:
    """Drop TensorFlow's advice not to make a function per model.

    It takes the functions of many models, one after the other, for one that is traced
    again and again.
    """
    logger = logging.getLogger("tensorflow")

    def is_other(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)
