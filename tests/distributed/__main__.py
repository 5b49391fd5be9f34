r"""Replicas, workers and killed workers beside one process.

    python -m tests.distributed matrix [WORD ...] [--without-kills] [--float64] [--folder FOLDER]
    python -m tests.distributed kill [--times 20] [--case NAME] [--seed 0] [--folder FOLDER]

`matrix` trains every case whose name contains one of the words in one process, over two replicas
in one process, over two workers, and over two workers one or both of which are killed by SIGKILL
at a random moment and started again; it prints the largest difference of a weight from the first.
In double precision (`--float64`) rounding errors are smaller, and nothing else: what differs by
1e-6 there computes something else. Losses that are computed in float32 under any policy differ by
1e-8, all others by 1e-14.
`kill` kills and restarts trainings of one case at random moments until it has killed so many
times, and compares the weights at the end of each. Both exit with 1 if a bound is exceeded.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tests.distributed import processes

MODES = ("one", "replicas", "workers", "killed")
FLOAT64_BOUND = 1e-6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    matrix = commands.add_parser("matrix")
    matrix.add_argument("words", nargs="*")
    matrix.add_argument("--without-kills", action="store_true")
    matrix.add_argument("--float64", action="store_true", help="train in double precision")
    kill = commands.add_parser("kill")
    kill.add_argument("--times", type=int, default=20)
    kill.add_argument("--case", default="noise files")
    kill.add_argument("--seed", type=int, default=0)
    for command in (matrix, kill):
        command.add_argument("--folder", type=Path, help="for files and logs, kept")
    child = commands.add_parser("train", help="one process of a training")
    child.add_argument("mode", choices=MODES)
    child.add_argument("folder", type=Path)
    child.add_argument("cases", nargs="+")
    child.add_argument("--float64", action="store_true")
    arguments = parser.parse_args()
    if arguments.command == "train":
        return train(arguments.mode, arguments.folder, arguments.cases, arguments.float64)
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if arguments.command == "matrix":
            kills = not arguments.without_kills
            return print_matrix(folder, arguments.words, kills, arguments.float64)
        return kill_often(folder, arguments.case, arguments.times, arguments.seed)


# One process.


def train(mode: str, folder: Path, cases: list[str], float64: bool = False) -> int:
    """Train cases, those that have been finished before left out, and write their weights."""
    import keras
    import tensorflow as tf

    strategy = None
    if mode == "replicas":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    elif mode in ("workers", "killed"):
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    from tests.distributed import cases as registry

    is_chief = strategy is None or mode == "replicas" or strategy.cluster_resolver.task_id == 0
    for name in cases:
        files = folder / name
        if (files / "weights.npz").exists():
            continue
        files.mkdir(parents=True, exist_ok=True)
        extra = [keras.callbacks.LambdaCallback(on_epoch_begin=announce(name))]
        if mode == "killed":
            extra.append(keras.callbacks.BackupAndRestore(files / "backup"))
        try:
            with strategy.scope() if strategy else contextlib.nullcontext():
                weights = registry.train(name, files, extra, policy="float64" if float64 else None)
        except ValueError as error:
            print(f"REFUSED {name}: {error}", flush=True)
            continue
        if is_chief:
            np.savez(files / ".new.npz", *weights)
            os.replace(files / ".new.npz", files / "weights.npz")
        print(f"DONE {name}", flush=True)
    return 0


def announce(name: str):
    def on_epoch_begin(epoch, logs):
        print(f"EPOCH {epoch} {name}", flush=True)

    return on_epoch_begin


# All processes.


def print_matrix(folder: Path, words: list[str], with_kills: bool, float64: bool) -> int:
    from tests.distributed.cases import CASES

    names = [n for n in CASES if not words or any(word in n for word in words)]
    if float64:
        names = [n for n in names if not CASES[n].policy.startswith("mixed")]
    modes = MODES if with_kills else MODES[:-1]
    for mode in modes:
        started = time.monotonic()
        run_all(mode, folder / mode, names, float64)
        print(f"{mode}: {time.monotonic() - started:.0f} s", flush=True)
    print("| case | bound | " + " | ".join(modes[1:]) + " |")
    print("|---" * (len(modes) + 1) + "|")
    failed = False
    for name in names:
        found = [difference(folder / "one", folder / mode, name) for mode in modes[1:]]
        bound = min(CASES[name].bound, FLOAT64_BOUND if float64 else 1.0)
        failed = failed or not all(value <= bound for value in found)
        print(f"| {name} | {bound:.0e} | " + " | ".join(f"{value:.1e}" for value in found) + " |")
    return int(failed)


def run_all(mode: str, folder: Path, names: list[str], float64: bool = False) -> None:
    """Train all cases in one way."""
    options = ["--float64"] if float64 else []
    arguments = ["train", mode, str(folder), *names, *options]
    if mode != "killed":
        count = 2 if mode == "workers" else 1
        codes = processes.finish(processes.start(arguments, folder, count), 3600)
        if any(codes):
            print(f"{mode}: exit codes {codes}, see {folder}", flush=True)
        return
    generator = random.Random(0)
    for name in names:
        report = train_and_kill(folder, name, generator, kills=1, options=options)
        print(f"{name}: {'; '.join(report)}", flush=True)


def train_and_kill(
    folder: Path,
    name: str,
    generator: random.Random,
    kills: int,
    options: Sequence[str] = (),
) -> list[str]:
    """Train a case with two workers, killed and started again so many times. Returns a report."""
    from tests.distributed.cases import EPOCHS

    report = []
    arguments = ["train", "killed", str(folder), name, *options]
    log = folder / "worker-0.log"
    for _ in range(kills):
        log.rename(log.with_suffix(f".{time.time():.0f}")) if log.exists() else None
        running = processes.start(arguments, folder, 2)
        epoch = generator.randrange(EPOCHS)
        if processes.follow(log, f"EPOCH {epoch} {name}", running):
            time.sleep(generator.random() * 0.3)
            victims = processes.kill_some(running, generator)
            report.append(f"worker {victims} killed in or after epoch {epoch}")
        processes.wait_or_kill(running, 30)
    codes = processes.finish(processes.start(arguments, folder, 2))
    return [*report, f"finished, exit codes {codes}"]


def difference(reference: Path, folder: Path, name: str) -> float:
    """Largest difference of a weight; infinite where there is none."""
    if not (folder / name / "weights.npz").exists():
        return float("inf")
    expected, found = (np.load(place / name / "weights.npz") for place in (reference, folder))
    # The last array holds the losses, of which a restarted process has the last ones only.
    arrays = sorted(expected.files, key=lambda file: int(file.split("_")[1]))[:-1]
    return max(largest_difference(expected[array], found[array]) for array in arrays)


def largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    return float(np.max(np.abs(first[~equal] - second[~equal]), initial=0.0))


def kill_often(folder: Path, name: str, times: int, seed: int) -> int:
    from tests.distributed.cases import CASES

    generator = random.Random(seed)
    run_all("one", folder / "one", [name])
    killed, number, worst = 0, 0, 0.0
    while killed < times:
        place = folder / f"training-{number}"
        report = train_and_kill(place, name, generator, kills=min(3, times - killed))
        killed += sum("killed" in line for line in report)
        found = difference(folder / "one", place, name)
        worst, number = max(worst, found), number + 1
        left = [str(p.relative_to(place)) for p in place.rglob(".*")]
        print(f"training {number}: {'; '.join(report)}; difference {found:.1e}", flush=True)
        print(f"  half-written files: {', '.join(left) or 'none'}", flush=True)
    print(f"killed {killed} times in {number} trainings, largest difference {worst:.1e}")
    return int(worst > CASES[name].bound)


if __name__ == "__main__":
    sys.exit(main())
