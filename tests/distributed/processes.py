"""Processes that train: started, killed and started again."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

WAIT = 240
"""Seconds after which a training counts as stuck."""


def environment(index: int | None = None, ports: list[int] | None = None) -> dict[str, str]:
    """The environment of a process; that of a worker says which of the workers it is."""
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    variables.pop("TF_CONFIG", None)
    if index is not None:
        cluster = {"worker": [f"localhost:{port}" for port in ports]}
        task = {"type": "worker", "index": index}
        variables["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
    return variables


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for found in sockets:
        found.bind(("localhost", 0))
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def start(arguments: list[str], folder: Path, count: int) -> list[subprocess.Popen]:
    """Start the workers of a training.

    Args:
        arguments: Of `python -m tests.distributed`.
        folder: For their output, `worker-<number>.log`, which is appended to.
        count: How many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ports = free_ports(count)
    processes = []
    for index in range(count):
        with open(folder / f"worker-{index}.log", "a") as log:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.distributed", *arguments],
                    env=environment(index, ports),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    return processes


def finish(processes: list[subprocess.Popen], seconds: float = WAIT) -> list[int]:
    """Wait for all processes; where one fails, end the others. Returns their exit codes."""
    stop = time.monotonic() + seconds
    while any(process.poll() is None for process in processes):
        failed = any(process.poll() not in (None, 0) for process in processes)
        if failed or time.monotonic() > stop:
            wait_or_kill(processes, 30 if failed else 0)
        time.sleep(0.1)
    return [process.returncode for process in processes]


def wait_or_kill(processes: list[subprocess.Popen], seconds: float) -> None:
    """Give processes some time to end by themselves."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop and any(process.poll() is None for process in processes):
        time.sleep(0.1)
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def kill_some(processes: list[subprocess.Popen], generator: random.Random) -> str:
    """Kill one of the workers, or all, by SIGKILL. Returns which."""
    victims = generator.choice([[p] for p in processes] + [processes])
    for process in victims:
        process.send_signal(signal.SIGKILL)
    return " and ".join(str(processes.index(process)) for process in victims)


def follow(log: Path, text: str, processes: list[subprocess.Popen]) -> bool:
    """Wait until a line of a log begins with a text. Returns False if the processes end first."""
    stop = time.monotonic() + WAIT
    while time.monotonic() < stop:
        # Asked first: what a process wrote before it ended is read after that.
        ended = any(process.poll() is not None for process in processes)
        if any(line.startswith(text) for line in log.read_text(errors="replace").splitlines()):
            return True
        if ended:
            return False
        time.sleep(0.02)
    return False
