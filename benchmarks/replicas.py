r"""Time of an epoch over replicas beside that of one replica, as ratios of interleaved rounds.

    python benchmarks/replicas.py [--rounds 7] [--workers]

MLP: 8192 rows of 20 columns in batches of 128; LeNet: 1024 images of MNIST's shape in batches of
64; two replicas on two logical devices of the CPU. `--workers` starts two processes of one replica
each as well, on this machine, and reports their time beside that of the two replicas.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import kerasocc as kocc

EPOCHS = 5
"""Of a `fit`."""
SIZES = {"mlp": (8192, (20,), 128), "lenet": (1024, (28, 28, 1), 64)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", action="store_true", help="also two processes")
    parser.add_argument("--as-worker", metavar="CASE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_worker:
        print(json.dumps(worker_times(arguments.as_worker, arguments.rounds)))
        return
    for case in SIZES:
        report(case, arguments.rounds, arguments.workers)


def report(case: str, rounds: int, with_workers: bool) -> None:
    """Print the median times of an epoch, and the median of the rounds' ratios to one replica."""
    times = replica_times(case, rounds)
    one = times["one replica"]
    for name, found in times.items():
        ratio = statistics.median(t / o for t, o in zip(found, one, strict=True))
        print(f"{case}: {name}: {1e3 * statistics.median(found):.0f} ms, ratio {ratio:.2f}")
    if with_workers:
        found = statistics.median(times_of_two_workers(case, rounds))
        ratio = found / statistics.median(times["two replicas"])
        print(f"{case}: two workers: {1e3 * found:.0f} ms, {ratio:.2f} of two replicas")


def epoch_of(case: str, strategy: object = None) -> Callable[[], float]:
    """A function that trains an epoch and returns its seconds; the first call has been made."""
    rows, shape, batch_size = SIZES[case]
    x = np.random.default_rng(0).random((rows, *shape), "float32")
    with strategy.scope() if strategy else contextlib.nullcontext():
        network = (
            kocc.networks.lenet("mnist") if case == "lenet" else kocc.networks.mlp([20, 64, 32])
        )
        model = kocc.DeepSVDD(network, seed=0)
        model.compile(keras.optimizers.Adam(1e-4))

    def epoch() -> float:
        started = time.perf_counter()
        quiet = kocc.callbacks.CollapseMonitor(action="log")
        model.fit(x, batch_size=batch_size, epochs=EPOCHS, verbose=0, callbacks=[quiet])
        return (time.perf_counter() - started) / EPOCHS

    epoch()
    return epoch


def replica_times(case: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of an epoch, round by round, with one replica and under strategies."""
    import tensorflow as tf

    cpus = tf.config.list_physical_devices("CPU")
    if len(tf.config.list_logical_devices("CPU")) < 2:
        raise SystemExit(f"Two logical devices are needed. Received: {cpus}")
    contenders = {
        "one replica": epoch_of(case),
        "OneDeviceStrategy": epoch_of(case, tf.distribute.OneDeviceStrategy("CPU:0")),
        "two replicas": epoch_of(case, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])),
    }
    turns = [{name: epoch() for name, epoch in contenders.items()} for _ in range(rounds)]
    return {name: [turn[name] for turn in turns] for name in contenders}


def times_of_two_workers(case: str, rounds: int) -> list[float]:
    """Seconds of an epoch of two processes on this machine, as the first one measures them."""
    ports = [free_port() for _ in range(2)]
    command = [sys.executable, __file__, "--rounds", str(rounds), "--as-worker", case]
    processes = [
        subprocess.Popen(
            command,
            env={**os.environ, "TF_CONFIG": json.dumps(cluster(ports, index))},
            stdout=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    outputs = [process.communicate()[0] for process in processes]
    return json.loads(outputs[0].splitlines()[-1])


def cluster(ports: list[int], index: int) -> dict[str, dict]:
    workers = [f"localhost:{port}" for port in ports]
    return {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def worker_times(case: str, rounds: int) -> list[float]:
    import tensorflow as tf

    epoch = epoch_of(case, tf.distribute.MultiWorkerMirroredStrategy())
    return [epoch() for _ in range(rounds)]


if __name__ == "__main__":
    if "--as-worker" not in sys.argv:
        import tensorflow as tf

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
        )
    main()
