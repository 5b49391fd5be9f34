"""ONNX files in fewer bits: the weights, or the layers, of a network."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""The operations whose weights are stored in fewer bits. All else stays in float32."""


def quantize(source: Path, target: Path, kind: str, samples: np.ndarray | None) -> None:
    """Quantize an ONNX file.

    Args:
        source: A file of float32.
        target: The file to write.
        kind: `"float16"` stores the weights in 16 bits, `"dynamic"` in 8, and `"int8"` computes
            the layers in 8 bits.
        samples: For `"int8"`: samples that tell the ranges of activations.
    """
    if kind == "float16":
        _store_in_16_bits(source, target)
        return
    from onnxruntime import quantization

    # It advises, on the root logger, to optimize the file first.
    before, root = logging.root.manager.disable, logging.root
    root.manager.disable = logging.WARNING
    try:
        if kind == "dynamic":
            quantization.quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["Gemm", "MatMul", "Conv"],
                # ONNX Runtime has no convolutions of weights with a sign on every CPU.
                weight_type=quantization.QuantType.QUInt8,
                extra_options={"MatMulConstBOnly": True},
            )
        else:
            quantization.quantize_static(
                source,
                target,
                _reader(samples),
                op_types_to_quantize=list(LAYERS),
                per_channel=True,
                # Weights of 7 bits: with 8 ONNX Runtime's sums of 16 bits saturate on processors
                # without VNNI, and the scores depend on where the file is served.
                reduce_range=True,
                extra_options={"MatMulConstBOnly": True},
            )
    finally:
        root.manager.disable = before


def _reader(samples: np.ndarray) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        """The samples, one after the other."""

        def __init__(self):
            self._samples = iter(samples)

        def get_next(self):
            sample = next(self._samples, None)
            return None if sample is None else {"inputs": sample[None]}

    return Reader()


def _store_in_16_bits(source: Path, target: Path) -> None:
    """Store the weights of the layers in float16; they are cast when the file is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(source)
    graph = model.graph
    used = {name for node in graph.node if node.op_type in LAYERS for name in node.input[1:]}
    casts = []
    for weight in graph.initializer:
        if weight.name not in used or weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        stored = f"{weight.name}/float16"
        casts.append(helper.make_node("Cast", [stored], [weight.name], to=TensorProto.FLOAT))
        weight.CopyFrom(numpy_helper.from_array(values.astype("float16"), stored))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.save(model, target)
