"""The protocols of servers over HTTP: TensorFlow Serving's and the Open Inference protocol."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.serving.column_inputs import TEXT

DATATYPES = {"float32": "FP32", "float64": "FP64", TEXT: "BYTES"}
"""Names of dtypes in the Open Inference protocol."""
DTYPES = {
    "DT_FLOAT": "float32",
    "DT_DOUBLE": "float64",
    "DT_STRING": TEXT,
    **{name: dtype for dtype, name in DATATYPES.items()},
}
"""Dtypes of inputs by their names in both protocols."""


Columns = Mapping[str, Sequence[Any]]
"""Rows of a table: numbers or texts by the names of the inputs."""


class Served(NamedTuple):
    """What a server says of a model.

    Attributes:
        input: Name of the input.
        shape: Shape of one sample, None for an axis of any size.
        dtype: Dtype of the samples, `"float32"` or `"float64"`.
        outputs: Names of the outputs.
        version: Version of the model, as text; None where the server does not say.
        columns: Names of the columns of a table; None where the server does not say.
        column_inputs: Dtypes by the names of the inputs of a model that has one for each column
            of a table, `"string"` among them; None for a model with one input of samples, which
            alone has `input`, `shape` and `dtype`.
    """

    input: str
    shape: tuple[int | None, ...]
    dtype: str
    outputs: tuple[str, ...]
    version: str | None
    columns: tuple[str, ...] | None = None
    column_inputs: dict[str, str] | None = None


class Answer(NamedTuple):
    """What a server answers to a batch of samples.

    Attributes:
        outputs: Arrays of shape `(batch,)` by their names.
        version: Version of the model that computed them; None where the server does not say.
    """

    outputs: dict[str, np.ndarray]
    version: str | None


class OpenInference:
    """The Open Inference protocol, version 2, as MLServer, KServe and Triton speak it.

    Args:
        model: Name of the model on the server.
    """

    def __init__(self, model: str):
        self._path = f"/v2/models/{urllib.parse.quote(model, safe='')}"
        self.metadata_path = self._path

    def served(self, content: bytes) -> Served:
        """Read the answer to a request for `metadata_path`."""
        found = json.loads(content)
        tensors = found.get("inputs") or []
        outputs = _scored([output["name"] for output in found.get("outputs") or []])
        version = (found.get("versions") or [None])[-1]
        if tensors and all(len(tensor["shape"]) == 1 for tensor in tensors):
            dtypes = {tensor["name"]: _dtype(tensor["datatype"]) for tensor in tensors}
            return _of_columns(dtypes, outputs, version)
        tensor = _only(tensors, found.get("name"))
        columns = (tensor.get("parameters") or {}).get("columns")
        return Served(
            tensor["name"],
            tuple(None if size < 0 else size for size in tensor["shape"][1:]),
            _dtype(tensor["datatype"]),
            outputs,
            version,
            None if columns is None else tuple(columns),
        )

    def predict_path(self, served: Served) -> str:
        """Where samples are sent to."""
        version = f"/versions/{urllib.parse.quote(served.version)}" if served.version else ""
        return f"{self._path}{version}/infer"

    def body(self, x: np.ndarray, served: Served) -> bytes:
        """The request for samples of shape `(batch, ...)`."""
        return self._request([_tensor(served.input, x.shape, served.dtype, x.ravel().tolist())])

    def body_of_columns(self, columns: Columns, served: Served) -> bytes:
        """The request for rows of a table, by the names of the inputs."""
        return self._request(
            [
                _tensor(name, (len(columns[name]),), dtype, columns[name])
                for name, dtype in served.column_inputs.items()
            ]
        )

    @staticmethod
    def _request(tensors: list[dict[str, Any]]) -> bytes:
        return json.dumps({"inputs": tensors}).encode()

    def answer(self, content: bytes) -> Answer:
        """Read the answer to such a request."""
        found = json.loads(content)
        outputs = {tensor["name"]: np.ravel(tensor["data"]) for tensor in found["outputs"]}
        return Answer(outputs, found.get("model_version"))


class TensorFlowServing:
    """The REST API of TensorFlow Serving.

    Args:
        model: Name of the model on the server.
    """

    def __init__(self, model: str):
        self._path = f"/v1/models/{urllib.parse.quote(model, safe='')}"
        self.metadata_path = f"{self._path}/metadata"

    def served(self, content: bytes) -> Served:
        """Read the answer to a request for `metadata_path`."""
        found = json.loads(content)
        signatures = found["metadata"]["signature_def"]["signature_def"]
        signature = signatures["serving_default"]
        inputs = signature["inputs"]
        outputs, version = _scored(signature["outputs"]), found["model_spec"].get("version")
        if inputs and all(len(tensor["tensor_shape"]["dim"]) == 1 for tensor in inputs.values()):
            dtypes = {name: _dtype(tensor["dtype"]) for name, tensor in inputs.items()}
            return _of_columns(dtypes, outputs, version)
        tensor = _only([{**t, "input": name} for name, t in inputs.items()], "serving_default")
        # The API writes 64-bit integers as text.
        sizes = [int(dim["size"]) for dim in tensor["tensor_shape"]["dim"]]
        return Served(
            tensor["input"],
            tuple(None if size < 0 else size for size in sizes[1:]),
            _dtype(tensor["dtype"]),
            outputs,
            version,
        )

    def predict_path(self, served: Served) -> str:
        """Where samples are sent to: always the version that was asked about."""
        version = f"/versions/{served.version}" if served.version else ""
        return f"{self._path}{version}:predict"

    def body(self, x: np.ndarray, served: Served) -> bytes:
        """The request for samples of shape `(batch, ...)`."""
        return json.dumps({"inputs": {served.input: x.tolist()}}).encode()

    def body_of_columns(self, columns: Columns, served: Served) -> bytes:
        """The request for rows of a table, by the names of the inputs."""
        return json.dumps(
            {"inputs": {name: columns[name] for name in served.column_inputs}}
        ).encode()

    def answer(self, content: bytes) -> Answer:
        """Read the answer to such a request."""
        outputs = json.loads(content)["outputs"]
        if isinstance(outputs, list):  # of a model without a threshold
            outputs = {"score": outputs}
        return Answer({name: np.asarray(values) for name, values in outputs.items()}, None)


PROTOCOLS = {"tfserving": TensorFlowServing, "v2": OpenInference}


def protocol_of(name: str, model: str) -> OpenInference | TensorFlowServing:
    """The protocol of that name, for a model on a server.

    Raises:
        ValueError: If there is no such protocol.
    """
    check_choice("protocol", name, PROTOCOLS)
    return PROTOCOLS[name](model)


def _tensor(name: str, shape: Iterable[int], dtype: str, data: Sequence[Any]) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "datatype": DATATYPES[dtype], "data": data}


def _of_columns(dtypes: dict[str, str], outputs: tuple[str, ...], version: str | None) -> Served:
    return Served("", (), "", outputs, version, column_inputs=dtypes)


def _only(tensors: list[dict[str, Any]], of: Any) -> dict[str, Any]:
    if len(tensors) != 1:
        raise ValueError(
            f"The served model must say that it has one input, of samples. Received: {of!r} with "
            f"{[tensor.get('input', tensor.get('name')) for tensor in tensors]}"
        )
    return tensors[0]


def _scored(outputs: Iterable[str]) -> tuple[str, ...]:
    outputs = tuple(outputs)
    if "score" not in outputs:
        raise ValueError(
            f"The served model must say that it has the output 'score'. Received: {list(outputs)}"
        )
    return outputs


def _dtype(name: str) -> str:
    if name not in DTYPES:
        raise ValueError(
            f"The served model must take samples of one of {sorted(DTYPES)}. Received: {name}"
        )
    return DTYPES[name]
