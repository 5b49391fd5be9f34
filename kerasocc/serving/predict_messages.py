"""Messages of TensorFlow Serving: requests over gRPC and REST, and the log for warming up.

The few messages that are needed are described to protobuf here, with the numbers of their fields
as in `tensorflow_serving/apis/predict.proto`, `model.proto` and `prediction_log.proto`. The
package `tensorflow-serving-api`, which has them all, need not be installed.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

# Field: number, type (bytes stands for a message of TensorFlow) and whether it is repeated.
_MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "ModelSpec": {"name": (1, "string", False), "signature_name": (3, "string", False)},
    "Input": {"key": (1, "string", False), "value": (2, "bytes", False)},
    "PredictRequest": {
        "model_spec": (1, "ModelSpec", False),
        # An entry of a map is a message of a key and a value.
        "inputs": (2, "Input", True),
    },
    "PredictLog": {"request": (1, "PredictRequest", False)},
    "PredictionLog": {"predict_log": (6, "PredictLog", False)},
}


def predict_request(model: str, signature: str, inputs: Mapping[str, np.ndarray]) -> Any:
    """A `PredictRequest`, whose `SerializeToString` gives its bytes.

    Args:
        model: Name of the served model.
        signature: Name of the signature.
        inputs: Arrays by the names of the inputs.
    """
    import tensorflow as tf

    classes = _classes()
    request = classes["PredictRequest"]()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, values in inputs.items():
        tensor = tf.make_tensor_proto(values).SerializeToString(deterministic=True)
        request.inputs.add(key=name, value=tensor)
    return request


def write_warmup(file: Path, requests: Iterable[Any]) -> None:
    """Write requests as records that TensorFlow Serving replays when it has loaded a model.

    Args:
        file: `assets.extra/tf_serving_warmup_requests` below the SavedModel.
        requests: Of `predict_request`.
    """
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(file)) as writer:
        for request in requests:
            log = _classes()["PredictionLog"]()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())


def rest_request(signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The body of `POST /v1/models/NAME:predict`, in the row format."""
    rows = [
        {name: _as_json(values[i]) for name, values in inputs.items()}
        for i in range(len(next(iter(inputs.values()))))
    ]
    if len(inputs) == 1:
        rows = [next(iter(row.values())) for row in rows]
    return {"signature_name": signature, "instances": rows}


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


@functools.cache
def _classes() -> dict[str, Any]:
    """The classes of the messages, in a pool of their own beside those of other packages."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": kinds.TYPE_STRING, "bytes": kinds.TYPE_BYTES}
    file = descriptor_pb2.FileDescriptorProto(
        name="kerasocc/predict.proto", package="kerasocc", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            added.type = scalars.get(kind, kinds.TYPE_MESSAGE)
            if kind not in scalars:
                added.type_name = f".kerasocc.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {n: message_factory.GetMessageClass(find(f"kerasocc.{n}")) for n in _MESSAGES}
