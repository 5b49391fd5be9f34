r"""Speed and memory of `kerasocc score` on files, without the start of the process.

    python benchmarks/batch_scoring.py                  # 2,000,000 rows of 20 columns
    python benchmarks/batch_scoring.py --rows 500000 --cases csv-csv

Each case is a process of its own, which loads a Deep SVDD (MLP 20-64-32), scores a small file of
the same kind, so that all is imported and compiled, and then the large one. Printed are the rows
per second of that, the seconds that all threads together computed per million rows, which other
work on the machine changes less, and the peak memory of the whole process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

COLUMNS, SMALL = 20, 20_000
FORMATS = ("parquet", "csv", "npz")
DEFAULT = ("parquet-parquet", "csv-csv", "parquet-csv", "npz-npz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    cases = [f"{source}-{output}" for source in FORMATS for output in FORMATS]
    parser.add_argument("--cases", nargs="+", choices=cases, default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="for the files (default: a temporary one)")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        _measure(Path(arguments.folder), arguments.inside)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        _prepare(Path(folder), arguments.rows, {case.split("-")[0] for case in arguments.cases})
        print(f"{arguments.rows:,} rows of {COLUMNS} columns, load {os.getloadavg()[0]:.1f}")
        for case in arguments.cases * arguments.rounds:
            subprocess.run(
                [sys.executable, __file__, "--folder", folder, "--inside", case],
                check=True,
            )


def _prepare(folder: Path, rows: int, formats: set[str]) -> None:
    import keras
    import numpy as np
    import pyarrow
    from pyarrow import csv, parquet

    import kerasocc as kocc

    x = np.random.default_rng(0).normal(size=(rows, COLUMNS)).astype("float32")
    for name, part in (("small", x[:SMALL]), ("large", x)):
        table = pyarrow.table({f"c{i}": part[:, i] for i in range(COLUMNS)})
        if "parquet" in formats:
            parquet.write_table(table, folder / f"{name}.parquet")
        if "csv" in formats:
            csv.write_csv(table, folder / f"{name}.csv")
        if "npz" in formats:
            np.savez(folder / f"{name}.npz", x=part)
    model = kocc.DeepSVDD(kocc.networks.mlp([COLUMNS, 64, 32], seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(x[:8192], batch_size=128, epochs=1, verbose=0)
    model.calibrate(x[:8192], fpr=0.05)
    model.save(folder / "model.keras")


def _measure(folder: Path, case: str) -> None:
    from kerasocc.experiments.runs.startup import import_keras

    import_keras()
    from kerasocc.experiments.runs.file_scores import score_file
    from kerasocc.experiments.runs.trained import find_trained

    source, output = case.split("-")
    trained = find_trained(folder, None, folder / "model.keras").load()
    score_file(trained, folder / f"small.{source}", folder / f"out.{output}")
    begun, computed = time.perf_counter(), time.process_time()
    rows = score_file(trained, folder / f"large.{source}", folder / f"out.{output}").samples
    seconds, computed = time.perf_counter() - begun, time.process_time() - computed
    print(
        f"  {source:8} to {output:8} {rows / seconds:10,.0f} rows/s   "
        f"{1e6 * computed / rows:5.2f} s computed per million   {_peak():6.0f} MB   "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _peak() -> float:
    """Peak memory of this process in MB; that of `getrusage` begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


if __name__ == "__main__":
    main()
