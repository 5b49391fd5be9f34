r"""Speed of kerasocc beside PyOD, DeepOD and a PyTorch loop, in one command.

    pip install pyod deepod           # each is optional
    python benchmarks/speed.py        # all cases; --cases fit-mlp score for some

Every case runs in a process of its own with a fixed number of threads. Its contenders take
turns in every round; the first round, which compiles, is not counted. Printed are the median
time of each and the median of the ratios within a round, above 1 where kerasocc is faster. A
contender waits a little before its turn: PyTorch's threads go on spinning for some milliseconds
after their work. Run it on an idle machine: the ratios travel, the times do not.

What cannot be made equal: `fit` of PyOD and DeepOD ends with a scoring pass over the training
data (one pass, after twenty epochs), PyOD holds no BatchNorm and gets no dropout here, DeepOD's
network has neither. They make a new model for every `fit`; kerasocc and the PyTorch loop go on
with theirs, so that what compiling the first `fit` of a model costs is left out. All train on
the same arrays with batches of the same size and Adam.

`KERAS_BACKEND=jax python benchmarks/speed.py --cases fit-mlp fit-lenet fit-many score` needs no
TensorFlow and measures on a GPU, where JAX and PyTorch see one; it names the device. Only there
`fit-many` compares two things.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

Contenders = dict[str, Callable[[], Any]]
ROWS, COLUMNS, EPOCHS, BATCH = 8192, 20, 20, 128
IMAGES, IMAGE_EPOCHS, IMAGE_BATCH = 6000, 2, 200
SCORED, PASSES, SINGLES = 100_000, 5, 50
DETECTORS = 10
PAUSE = 0.1


class Case(NamedTuple):
    """What is measured.

    Attributes:
        title: For the output.
        make: To the contenders by name, kerasocc first; a call is one round.
        per: What a call is divided by to give the unit.
        unit: Of the printed times, milliseconds.
        threads: Of every framework, unless the command line says otherwise.
    """

    title: str
    make: Callable[[], Contenders]
    per: int
    unit: str
    threads: int = 2


def fit_mlp() -> Contenders:
    x = _rows(ROWS)
    ours = _mlp("DeepSVDD")
    import peers

    return {
        "kerasocc": lambda: ours.fit(x, batch_size=BATCH, epochs=EPOCHS, verbose=0),
        "PyOD": peers.pyod_fit(x, BATCH, EPOCHS),
        "DeepOD": peers.deepod_fit("DeepSVDD", x, None, BATCH, EPOCHS),
        "PyTorch loop": peers.torch_fit(peers.torch_mlp, x, BATCH, EPOCHS),
    }


def fit_sad() -> Contenders:
    import numpy as np
    import peers

    x, y = _rows(ROWS), np.zeros(ROWS)
    y[: ROWS // 100] = 1
    ours = _mlp("DeepSAD")
    return {
        "kerasocc": lambda: ours.fit(x, -y, batch_size=BATCH, epochs=EPOCHS, verbose=0),
        "DeepOD": peers.deepod_fit("DeepSAD", x, y, BATCH, EPOCHS),
    }


def fit_lenet() -> Contenders:
    import peers

    ours, x = lenet()
    images = x.transpose(0, 3, 1, 2).copy()
    return {
        "kerasocc": lambda: ours.fit(x, batch_size=IMAGE_BATCH, epochs=IMAGE_EPOCHS, verbose=0),
        "PyTorch loop": peers.torch_fit(peers.torch_lenet, images, IMAGE_BATCH, IMAGE_EPOCHS),
    }


def fit_many() -> Contenders:
    import kerasocc as kocc

    x = _rows(ROWS)

    def fit(seed):
        return _mlp("DeepSVDD", seed=seed).fit(x, batch_size=BATCH, epochs=EPOCHS, verbose=0)

    fits = [functools.partial(fit, seed) for seed in range(DETECTORS)]
    return {
        "train_together": lambda: kocc.train_together(fits),
        "one after another": lambda: [each() for each in fits],
    }


def score() -> Contenders:
    import keras
    import peers

    x, model = _rows(SCORED), _fitted_mlp()
    calls = {
        "kerasocc": lambda: model.score(x),
        "Keras predict": lambda: keras.Model.predict(model, x, verbose=0),
        "Keras predict, 1000": lambda: keras.Model.predict(model, x, batch_size=1000, verbose=0),
        "PyTorch, 1000": peers.torch_score(peers.torch_mlp, x, 1000),
        "PyOD": peers.pyod_score(x),
        "DeepOD": peers.deepod_score(x),
    }
    return _repeated(calls, PASSES)


def row() -> Contenders:
    import keras
    import peers

    x, model = _rows(1), _fitted_mlp()
    calls = {
        "kerasocc": lambda: model.score(x),
        "Keras predict": lambda: keras.Model.predict(model, x, verbose=0),
        "PyTorch, 1000": peers.torch_score(peers.torch_mlp, x, 1000),
        "PyOD": peers.pyod_score(x),
        "DeepOD": peers.deepod_score(x),
    }
    return _repeated(calls, SINGLES)


def import_() -> Contenders:
    code = {
        "with kerasocc": "import tensorflow, keras, kerasocc",
        "without": "import tensorflow, keras",
    }
    return {name: _command(sys.executable, "-c", line) for name, line in code.items()}


def help_() -> Contenders:
    return {
        "kerasocc --help": _command(sys.executable, "-m", "kerasocc", "--help"),
        "python -c pass": _command(sys.executable, "-c", "pass"),
    }


def rows() -> Contenders:
    x, model = _rows(1_000_000), _mlp("DeepSVDD")
    return {f"{n:,} rows": _epoch(model, x[:n]) for n in (1000, 10_000, 100_000, 1_000_000)}


def columns() -> Contenders:
    return {f"{n:,} columns": _epoch(_mlp("DeepSVDD", n), _rows(ROWS, n)) for n in (10, 100, 1000)}


def replicas() -> Contenders:
    import tensorflow as tf

    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    alone = _mlp("DeepSVDD")
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        both = _mlp("DeepSVDD")
    x = _rows(ROWS)
    return {"one": _epoch(alone, x), "two replicas on CPUs": _epoch(both, x)}


def _epoch(model: Any, x: Any) -> Callable[[], Any]:
    return lambda: model.fit(x, batch_size=BATCH, epochs=1, verbose=0)


CASES = {
    "fit-mlp": Case("fit, MLP 20-64-32, 8192 rows, batch 128", fit_mlp, EPOCHS, "epoch", 1),
    "fit-sad": Case("fit, Deep SAD, the same MLP, 1 % labelled", fit_sad, EPOCHS, "epoch", 1),
    "fit-lenet": Case("fit, MNIST LeNet, 6000 images, batch 200", fit_lenet, IMAGE_EPOCHS, "epoch"),
    "fit-many": Case("fit, ten new MLPs, compiling included", fit_many, DETECTORS, "detector"),
    "score": Case("score, the MLP, 100,000 rows", score, PASSES, "pass"),
    "row": Case("score, the MLP, one row", row, SINGLES, "row"),
    "import": Case("import, beside TensorFlow and Keras", import_, 1, "process"),
    "help": Case("kerasocc --help", help_, 1, "process"),
    "rows": Case("fit, cost against the number of rows", rows, 1, "epoch"),
    "columns": Case("fit, cost against the number of columns, 8192 rows", columns, 1, "epoch"),
    "replicas": Case("fit, cost of replicas, 8192 rows", replicas, 1, "epoch"),
}


DEFAULT = [name for name in CASES if name != "fit-many"]


def main() -> None:
    arguments = _arguments()
    if arguments.inside:
        _measure(CASES[arguments.cases[0]], arguments.rounds)
        return
    for name in arguments.cases:
        threads = str(arguments.threads or CASES[name].threads)
        limits = ("OMP", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
        environment = {f"{limit}_{_THREADS[limit]}": threads for limit in limits}
        print(f"{CASES[name].title}; threads: {threads}", flush=True)
        run = subprocess.run(
            [sys.executable, __file__, "--inside", "--cases", name]
            + ["--rounds", str(arguments.rounds)],
            env={**os.environ, **environment},
            stderr=None if arguments.verbose else subprocess.DEVNULL,
            check=False,
        )
        if run.returncode:
            print("  failed; `--verbose` shows why", flush=True)
    if arguments.cases == DEFAULT:
        subprocess.run([sys.executable, Path(__file__).with_name("memory.py")], check=False)


_THREADS = {"OMP": "NUM_THREADS", "TF_NUM_INTRAOP": "THREADS", "TF_NUM_INTEROP": "THREADS"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds")
    parser.add_argument("--threads", type=int, help="of every framework (default: by case)")
    parser.add_argument("--verbose", action="store_true", help="show what the processes complain")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(case: Case, rounds: int) -> None:
    contenders = {name: call for name, call in case.make().items() if call}
    if os.environ.get("KERAS_BACKEND") == "jax":
        import jax

        print(f"  JAX on {jax.devices()[0].device_kind}", flush=True)
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, call in contenders.items():
            time.sleep(PAUSE)
            begun = time.perf_counter()
            call()
            if number:
                seconds[name].append(time.perf_counter() - begun)
    ours, *_ = seconds.values()
    for name, values in seconds.items():
        line = f"  {name:20} {1000 * statistics.median(values) / case.per:9.2f} ms per {case.unit}"
        if values is not ours:
            ratios = [theirs / own for theirs, own in zip(values, ours, strict=True)]
            line += f"   ratio {statistics.median(ratios):6.2f}"
            line += f" ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line, flush=True)


def _rows(count: int, columns: int = COLUMNS) -> Any:
    import numpy as np

    return np.random.default_rng(0).normal(size=(count, columns)).astype("float32")


def _mlp(kind: str, columns: int = COLUMNS, seed: int = 0) -> Any:
    import keras

    import kerasocc as kocc

    model = getattr(kocc, kind)(kocc.networks.mlp([columns, 64, 32], seed=seed), seed=seed)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model


def lenet() -> tuple[Any, Any]:
    """The MNIST LeNet, not trained yet, and images for it."""
    import keras
    import numpy as np

    import kerasocc as kocc

    x = np.random.default_rng(0).random((IMAGES, 28, 28, 1), dtype="float32")
    model = kocc.DeepSVDD(kocc.networks.lenet("mnist", seed=0), seed=0, weight_decay=5e-7)
    model.compile(optimizer=keras.optimizers.Adam(1e-4))
    return model, x


def _fitted_mlp() -> Any:
    model = _mlp("DeepSVDD")
    model.fit(_rows(ROWS), batch_size=BATCH, epochs=1, verbose=0)
    return model


def _repeated(calls: Contenders, times: int) -> Contenders:
    def repeat(call):
        return lambda: [call() for _ in range(times)]

    return {name: repeat(call) for name, call in calls.items() if call}


def _command(*words: str) -> Callable[[], Any]:
    return lambda: subprocess.run(words, check=True, capture_output=True)


if __name__ == "__main__":
    main()
