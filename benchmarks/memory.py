r"""Peak memory of training and scoring, beyond what the process holds before the data come.

    python benchmarks/memory.py        # also the last part of speed.py

Each line is a process of its own: 1,000,000 rows of 20 columns (80 MB) in memory, the MLP
20-64-32, one epoch of Deep SVDD with batches of 1000 or one pass of scores; and the same rows
in a file, which are read batch by batch. PyOD and PyTorch's `DataLoader` loop beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROWS, COLUMNS = 1_000_000, 20


def main() -> None:
    if len(sys.argv) > 1:
        _inside(sys.argv[1], sys.argv[2])
        return
    print(f"peak memory beyond the start, {ROWS:,} rows of {COLUMNS} columns, {_size():.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.npy")
        _write(path)
        for name in WORK:
            subprocess.run(
                [sys.executable, __file__, name, path], stderr=subprocess.DEVNULL, check=False
            )


def _size() -> float:
    return ROWS * COLUMNS * 4 / 1e6


def _write(path: str) -> None:
    import numpy as np

    values = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
    np.save(path, values.astype("float32"))


def _inside(name: str, path: str) -> None:
    load, prepare = WORK[name]
    work = prepare()
    before = _peak()
    work(load(path))
    beyond = _peak() - before
    print(f"  {name:28} {beyond:6.0f} MB, {beyond / _size():.1f} times the data", flush=True)


def _peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _in_memory(path: str) -> Any:
    import numpy as np

    return np.load(path)


def _on_disk(path: str) -> Any:
    import numpy as np

    return np.load(path, mmap_mode="r")


def _new() -> Any:
    import keras

    import kerasocc as kocc

    model = kocc.DeepSVDD(kocc.networks.mlp([COLUMNS, 64, 32], seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model


def _model() -> Any:
    """A model that has trained and scored a little, with all that it then holds."""
    import numpy as np

    model = _new()
    some = np.random.default_rng(1).normal(size=(20_000, COLUMNS)).astype("float32")
    model.fit(some, batch_size=1000, epochs=1, verbose=0)
    model.score(some)
    return model


def _fit() -> Callable[[Any], Any]:
    model = _model()
    return lambda x: model.fit(x, batch_size=1000, epochs=1, verbose=0)


def _first_fit() -> Callable[[Any], Any]:
    _model()
    return lambda x: _new().fit(x, batch_size=1000, epochs=1, verbose=0)


def _score() -> Callable[[Any], Any]:
    model = _model()
    return lambda x: model.score(x)


def _pyod() -> Callable[[Any], Any]:
    import numpy as np
    import peers

    some = np.random.default_rng(1).normal(size=(20_000, COLUMNS)).astype("float32")
    peers.pyod_fit(some, 1000, 1)()
    return lambda x: peers.pyod_fit(x, 1000, 1)()


def _loop() -> Callable[[Any], Any]:
    import numpy as np
    import peers

    some = np.random.default_rng(1).normal(size=(20_000, COLUMNS)).astype("float32")
    peers.torch_fit(peers.torch_mlp, some, 1000, 1)()
    return lambda x: peers.torch_fit(peers.torch_mlp, x, 1000, 1)()


WORK = {
    "fit, in memory": (_in_memory, _fit),
    "first fit, in memory": (_in_memory, _first_fit),
    "fit, in a file": (_on_disk, _fit),
    "score, in memory": (_in_memory, _score),
    "score, in a file": (_on_disk, _score),
    "PyOD fit, in memory": (_in_memory, _pyod),
    "PyTorch loop, in memory": (_in_memory, _loop),
}


if __name__ == "__main__":
    main()
