"""The runs in one folder: new names, and the one to resume."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.folder import INTERRUPTED, RUNNING, RunFolder, now


def check_new(out: str | os.PathLike, name: str | None) -> None:
    """Validate the name and the folder of a new run, before Keras is imported.

    Args:
        out: The folder of all runs.
        name: Name of the run, or None.

    Raises:
        ValueError: If the name is unusable or taken.
        OSError: If the folder cannot be written.
    """
    if not os.fspath(out):
        raise ValueError(f"`out` must be a folder. Received: out={out!r}")
    if name is not None:
        _check_name(name)
        if (Path(out) / name).exists():
            raise ValueError(_exists_message(Path(out) / name))
    check_writable(out)


def check_writable(folder: str | os.PathLike) -> None:
    """Make a folder if there is none, and raise `OSError` unless files can be written to it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        # The user knows the folder, not the temporary file.
        raise OSError(error.errno, error.strerror, str(folder)) from error


def create(out: str | os.PathLike, name: str | None, config: TrainConfig) -> RunFolder:
    """Make the folder of a new run.

    Args:
        out: The folder of all runs.
        name: Name of the run; None takes the data set, the class and the method,
            numbered if there is such a run.
        config: The settings, written into the folder.

    Raises:
        ValueError: If a run of that name exists.
        OSError: If the folder cannot be written.
    """
    staged = RunFolder(Path(out) / f".{uuid.uuid4().hex[:8]}-run")
    staged.backup.mkdir(parents=True)
    try:
        config.write(staged.config_file)
        staged.write_results({"status": RUNNING, "started": now()})
        for candidate in [name] if name else numbered_names(config):
            path = Path(out) / candidate
            try:
                # Takes the name or fails, also if two runs are started at once.
                staged.path.rename(path)
                return RunFolder(path)
            except OSError:
                if not path.exists():
                    raise
        raise ValueError(_exists_message(path))
    finally:
        shutil.rmtree(staged.path, ignore_errors=True)


def find_unfinished(out: str | os.PathLike, name: str | None) -> RunFolder:
    """The run to resume.

    Args:
        out: The folder of all runs.
        name: Name of the run, whatever its state; None takes the one that was
            started or resumed last among those that are not finished.

    Raises:
        FileNotFoundError: If there is none.
    """
    if name is not None:
        _check_name(name)
        run = RunFolder(Path(out) / name)
        if not run.config_file.exists():
            raise FileNotFoundError(f"There is no run {str(run.path)!r} to resume.")
        return run
    candidates = [RunFolder(file.parent) for file in Path(out).glob("[!.]*/results.json")]
    unfinished = [run for run in candidates if _is_unfinished(run) and not run.is_locked()]
    if not unfinished:
        raise FileNotFoundError(f"There is no unfinished run in {str(out)!r} to resume.")
    return max(unfinished, key=lambda run: run.results_file.stat().st_mtime)


def numbered_names(config: TrainConfig) -> Iterator[str]:
    """`digits-0-deep-svdd`, `digits-0-deep-svdd-2`, ..., without end."""
    normal = [config.normal_class, config.altered, config.amount]
    normal = [str(part) for part in normal if part is not None]
    name = "-".join([Path(config.dataset).stem, *normal, config.method])
    # A name begins with a letter or a digit, see `_check_name`.
    name = re.sub(r"^[\W_]+", "", re.sub(r"[^\w.+-]", "_", name))
    yield name
    for number in itertools.count(2):
        yield f"{name}-{number}"


def _check_name(name: str) -> None:
    """Raise `ValueError` unless `name` is that of a plain folder."""
    if not re.fullmatch(r"[^\W_][\w.+-]*", name):
        raise ValueError(
            "`name` must begin with a letter or digit and hold letters, digits and `._+-` only. "
            f"Received: name={name!r}"
        )


def _exists_message(path: Path) -> str:
    """What to do about a name that is taken."""
    return (
        f"`name` must be new, but {str(path)!r} exists. Continue that run with `--resume`, "
        f"or choose another name. Received: name={path.name!r}"
    )


def _is_unfinished(run: RunFolder) -> bool:
    with contextlib.suppress(ValueError):
        return run.results["status"] in (RUNNING, INTERRUPTED) and run.config_file.exists()
    return False
