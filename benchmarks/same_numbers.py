r"""Whether two versions of the package train, score and save bit for bit alike.

    PYTHONPATH=<one tree> python benchmarks/same_numbers.py record before.npz
    PYTHONPATH=<another tree> python benchmarks/same_numbers.py record after.npz
    python benchmarks/same_numbers.py compare before.npz after.npz

Every method is trained under a fixed seed on small data, in many ways (callbacks, kinds of data,
steps, replicas, files); what is recorded of a case are all weights, the history, scores,
embeddings, the results of `evaluate` and the calibrated threshold. Words behind `record FILE` or
`compare FILE FILE` limit it to the cases whose names contain one of them. Only public names are
used. A file is comparable to another one of the same machine and packages; KERAS_BACKEND=jax
leaves out what needs TensorFlow. `compare` lists weights that the second file has beyond the
first, and exits with 1 on any other difference.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
import warnings
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BRIEF = ("again", "callbacks", "data", "latent", "regularizer", "resume", "steps")
"""Groups of cases that repeat a method, and are scored in one way only to save time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, files in (("record", ["file"]), ("compare", ["before", "after"])):
        command = commands.add_parser(name)
        for file in files:
            command.add_argument(file)
        command.add_argument("words", nargs="*", help="parts of the names of the cases")
    arguments = parser.parse_args()
    if arguments.command == "record":
        sys.exit(record(arguments.file, arguments.words))
    sys.exit(compare(arguments.before, arguments.after, arguments.words))


def chosen(names: Any, words: list[str]) -> list[str]:
    return [name for name in names if not words or any(word in name for word in words)]


# Recording.


def record(file: str, words: list[str]) -> int:
    """Run the cases and write their arrays; the number of cases that failed."""
    backend = _start_backend()
    import same_numbers_cases  # noqa: F401
    import same_numbers_ways  # noqa: F401
    from same_numbers_models import CASES, NEEDS_TENSORFLOW

    arrays, failed, started = {}, [], time.perf_counter()
    for name in chosen(CASES, words):
        if backend != "tensorflow" and name in NEEDS_TENSORFLOW:
            print(f"left out, needs TensorFlow: {name}", flush=True)
            continue
        before = time.perf_counter()
        try:
            found = _recorded(CASES[name], in_every_way=name.split("/")[0] not in BRIEF)
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        arrays |= {f"{name}|{key}": value for key, value in found.items()}
        print(f"{name}: {len(found)} arrays, {time.perf_counter() - before:.1f} s", flush=True)
    np.savez_compressed(file, **arrays)
    print(f"{backend}: {time.perf_counter() - started:.0f} s, failed: {failed or 'none'}")
    return 1 if failed else 0


def _start_backend() -> str:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Two replicas on one machine; it has to happen before TensorFlow starts.
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
        )
    return keras.backend.backend()


def _recorded(run: Any, in_every_way: bool) -> dict[str, np.ndarray]:
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, found = run()
        arrays = {**_weights(model), **found, **_results(model, in_every_way)}
    return {key: np.asarray(value) for key, value in arrays.items() if value is not None}


def _weights(model: Any) -> dict[str, np.ndarray]:
    """All weights by their paths; equal paths are numbered."""
    found: dict[str, np.ndarray] = {}
    for weight in model.weights:
        key, number = f"weight/{weight.path}", 2
        while key in found:
            key, number = f"weight/{weight.path}#{number}", number + 1
        found[key] = np.array(_numpy(weight))
    return found


def _numpy(value: Any) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(value)


def _results(model: Any, in_every_way: bool) -> dict[str, Any]:
    """Scores of held-out samples, and the decisions on them."""
    from same_numbers_models import digits, table

    x, y = table()[2:]
    if len(model.encoder.input_shape) > 2:
        data = digits()
        x, y = data.x_test[:50], data.y_test[:50]
    results = {
        "score": model.score(x),
        "embedding": model.embed(x),
        "threshold": model.calibrate(x[y == 0], fpr=0.1),
        "is_anomaly": model.is_anomaly(x),
    }
    if in_every_way:
        results |= {
            "predict": model.predict(x, verbose=0),
            "call": _numpy(model(x[:7])),
            "one_row": model.score(x[:1]),
            "batches_of_9": model.score(x, batch_size=9),
        }
    evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
    return results | {f"evaluate/{name}": value for name, value in evaluated.items()}


# Comparing.


def compare(before: str, after: str, words: list[str]) -> int:
    """Print how the cases of two files differ; 0 if they do not."""
    files = [_by_case(file) for file in (before, after)]
    names = chosen(dict.fromkeys([*files[0], *files[1]]), words)
    different = [name for name in names if not _equal(name, *(file.get(name) for file in files))]
    print(f"{len(names) - len(different)} of {len(names)} cases are bit for bit equal")
    if not names:
        print("there is nothing to compare")
    return 1 if different or not names else 0


def _by_case(file: str) -> dict[str, dict[str, np.ndarray]]:
    cases: dict[str, dict[str, np.ndarray]] = {}
    with np.load(file) as stored:
        for key in stored.files:
            name, _, array = key.partition("|")
            cases.setdefault(name, {})[array] = stored[key]
    return cases


def _equal(name: str, before: Any, after: Any) -> bool:
    if before is None or after is None:
        print(f"DIFFERENT {name}: only in the {'second' if before is None else 'first'} file")
        return False
    new = [key for key in after if key not in before]
    problems = [f"{key} is only in the first file" for key in before if key not in after]
    problems += [f"{key} is only in the second file" for key in new if not _is_weight(key)]
    common = [key for key in before if key in after]
    differences = {key: _difference(before[key], after[key]) for key in common}
    differences = {key: value for key, value in differences.items() if value is not None}
    if differences:
        key = max(differences, key=differences.get)
        problems.append(
            f"{len(differences)} of {len(common)} arrays differ, {key} by {differences[key]:.3g}: "
            + ", ".join(differences)
        )
    print(f"{'DIFFERENT' if problems else 'equal'} {name}: {len(common)} arrays compared")
    for line in [*problems, *(f"new weight: {key}" for key in new if _is_weight(key))]:
        print(f"    {line}")
    return not problems


def _is_weight(key: str) -> bool:
    return key.startswith("weight/")


def _difference(before: np.ndarray, after: np.ndarray) -> float | None:
    """The largest difference, infinity for other shapes, types and NaN; None if equal."""
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        return float("inf")
    if before.tobytes() == after.tobytes():
        return None
    largest = np.max(np.abs(before.astype("float64") - after.astype("float64")))
    return float(largest) if np.isfinite(largest) else float("inf")


if __name__ == "__main__":
    main()
