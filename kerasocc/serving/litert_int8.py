"""Conversion of a SavedModel to LiteRT in 8 bits: `python -m` this, in a process of its own.

TensorFlow's converter ends the whole process, without an exception, on some graphs that it cannot
quantize. `convert` starts this module as a program and turns that into an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

IN_8_BITS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""The operations that compute in 8 bits. A distance, a sum of squares or a p-value in 8 bits would
take 256 values at most."""


def convert(saved_model: Path, samples: np.ndarray, file: Path) -> None:
    """Convert a SavedModel, and write the LiteRT file.

    Args:
        saved_model: Its folder, with the one signature `serving_default` of the input `inputs`.
        samples: Samples that tell the ranges of activations, shape `(samples, ...)`.
        file: The file to write.

    Raises:
        ValueError: If the converter cannot convert the model, or ends its process.
    """
    stored = file.with_suffix(".npy")
    np.save(stored, samples)
    # The package may be there by the path of this process alone.
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", __name__, str(saved_model), str(stored), str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = f"it ended with signal {-done.returncode}" if done.returncode < 0 else lines[-1]
        raise ValueError(
            '`quantize="int8"` needs a model that the LiteRT converter of TensorFlow can convert '
            'to 8 bits; "dynamic" and "float16" are easier for it, and ONNX has a converter of its '
            f"own. Received: a model on which it failed: {why}"
        )


def _convert(saved_model: str, samples: str, file: str) -> None:
    import tensorflow as tf
    from tensorflow.lite.python.schema_py_generated import BuiltinOperator

    def representative():
        for sample in np.load(samples):
            yield {"inputs": sample[None]}

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    names = [name for name in vars(BuiltinOperator) if not name.startswith("_")]
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=[name for name in names if name not in IN_8_BITS]
    )
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=representative, debug_options=options
    )
    Path(file).write_bytes(debugger.get_nondebug_quantized_model())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _convert(*sys.argv[1:])
