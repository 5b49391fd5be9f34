r"""Where the time of a training step goes: milliseconds per step by operation.

    python benchmarks/step_profile.py        # the MNIST LeNet, 6000 images, batch 200

TensorFlow's profiler watches a `fit` after the one that compiles. Operations run beside each
other, so their times may add up to more than the step's.
"""

from __future__ import annotations

import argparse
import collections
import tempfile
import time
from pathlib import Path

from speed import IMAGE_BATCH, IMAGES, lenet

EPOCHS = 4


def main() -> None:
    arguments = _arguments()
    import tensorflow as tf

    model, x = lenet()

    def fit():
        model.fit(x, batch_size=IMAGE_BATCH, epochs=EPOCHS, verbose=0)

    fit()
    begun = time.perf_counter()
    fit()
    steps = EPOCHS * IMAGES // IMAGE_BATCH
    print(f"{1000 * (time.perf_counter() - begun) / steps:9.2f} ms per step, not watched")
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            fit()
        (file,) = Path(folder).rglob("*.xplane.pb")
        seconds = _seconds_by_operation(file)
    for name, value in seconds.most_common(arguments.most):
        print(f"{1000 * value / steps:9.2f} {name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=12, help="operations to print")
    return parser.parse_args()


def _seconds_by_operation(file: Path) -> collections.Counter[str]:
    """Time in the kernels of a profile, by the type of the operation."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(file.read_bytes())
    seconds: collections.Counter[str] = collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # Kernels are called `name in the graph:type`, what surrounds them is not.
                name = plane.event_metadata[event.metadata_id].name
                path, separator, operation = name.rpartition(":")
                if separator and ":" not in path:
                    seconds[operation] += event.duration_ps / 1e12
    return seconds


if __name__ == "__main__":
    main()
