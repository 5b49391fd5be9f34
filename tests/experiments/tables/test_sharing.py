"""Two processes on one table, and one that is killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Options
from tests.experiments.tables import tiny

CELLS = tiny.cells(Options())


def started(folder, name, seconds):
    command = [sys.executable, "-m", "tests.experiments.tables.tiny", str(folder), name, seconds]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def begun(folder):
    """Names of the processes and keys of the cells."""
    file = folder / "begun.txt"
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_two_processes_share_a_table(tmp_path):
    processes = [started(tmp_path, name, "0.1") for name in ("first", "second")]
    for process in processes:
        assert process.communicate(timeout=60)[0] == b"all done" and process.returncode == 0
    assert Counter(key for _, key in begun(tmp_path)) == Counter(cell.key for cell in CELLS)
    assert {name for name, _ in begun(tmp_path)} == {"first", "second"}
    assert all(CellStore(tmp_path).read(cell)["status"] == "done" for cell in CELLS)


def test_what_a_killed_process_worked_on_is_done_by_the_other(tmp_path):
    killed = started(tmp_path, "killed", "30")
    wait_for(lambda: begun(tmp_path))
    other = started(tmp_path, "other", "0")
    # All but the group of the first: then it waits.
    wait_for(lambda: len(begun(tmp_path)) == 1 + len(CELLS) - 2)
    assert other.poll() is None
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert other.communicate(timeout=60)[0] == b"all done"
    assert all(CellStore(tmp_path).read(cell)["status"] == "done" for cell in CELLS)
    assert {key for name, key in begun(tmp_path) if name == "other"} == {c.key for c in CELLS}
