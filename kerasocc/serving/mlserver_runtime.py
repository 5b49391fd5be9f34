"""Runtime of MLServer for exported ONNX files: the Open Inference protocol over REST and gRPC.

Needs mlserver, onnxruntime and NumPy, and this package without its requirements (but wrapt):
neither TensorFlow nor Keras. `model-settings.json`:

    {
      "name": "digits",
      "implementation": "kerasocc.serving.mlserver_runtime.Scorer",
      "parameters": {"uri": "./digits.onnx", "version": "1"}
    }
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.settings import ModelParameters, ModelSettings
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataTensor,
    Parameters,
    ResponseOutput,
)
from mlserver.utils import get_model_uri
from prometheus_client import REGISTRY

from kerasocc.engine.calibration import confidence_of, p_values
from kerasocc.serving.batching import Batcher
from kerasocc.serving.drift import LastScores
from kerasocc.serving.onnx_metadata import OnnxMetadata
from kerasocc.serving.server_metrics import ServerMetrics

DATATYPES = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(bool)": "BOOL"}
NUMBERS = ("FP16", "FP32", "FP64", "UINT", "INT")
EXTRA = {
    "threads": 1,
    "drift_window": 1000,
    "drift_seconds": None,
    "drift_least": 100,
    "batch_samples": 1,
    "batch_seconds": 0.0,
}
"""What `parameters.extra` of the settings can say, and the defaults."""


class Scorer(MLModel):
    """Serves an exported ONNX file.

    A request has the one input `inputs`, shape `(batch, ...)`. Its parameter `threshold` (over
    gRPC as text) is the threshold that its own decisions are made by; the outputs that it names
    are all that it gets.
    With `max_batch_size` (samples) and `max_batch_time` (seconds) of the settings, samples of
    several requests are computed together: here and not by MLServer, which would give all of
    these requests the parameters of the last one and the outputs of all.

    Args:
        settings: Settings of the model. `parameters.extra` can have `threads` (of onnxruntime,
            1), `drift_window` (last scores that are tested for drift, 1000), `drift_seconds`
            (how old they may be) and `drift_least` (fewest that are tested, 100).
    """

    def __init__(self, settings: ModelSettings):
        if settings.parameters is None or not settings.parameters.uri:
            raise ValueError(
                f"`parameters.uri` of the model {settings.name!r} must be the path of an ONNX "
                "file. Received: none"
            )
        _take_batching(settings)
        super().__init__(settings)

    async def load(self) -> bool:
        extra = {**EXTRA, **(self.settings.parameters.extra or {})}
        unknown = sorted(extra.keys() - EXTRA.keys())
        if unknown:
            raise ValueError(
                f"`parameters.extra` must have entries of {sorted(EXTRA)}. Received: {unknown}"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = extra["threads"]
        path = await get_model_uri(self.settings, wellknown_filenames=["model.onnx"])
        self._session = onnxruntime.InferenceSession(path, options)
        self._known = OnnxMetadata.read(self._session.get_modelmeta().custom_metadata_map)
        self._names = [output.name for output in self._session.get_outputs()]
        (self._input,) = self._session.get_inputs()
        self._dtype = {"tensor(double)": "float64"}.get(self._input.type, "float32")
        self._batcher = Batcher(
            lambda x: self._session.run(None, {self._input.name: x}),
            most=extra["batch_samples"],
            seconds=extra["batch_seconds"],
        )
        scores, window = self._known.calibration_scores, None
        if scores is not None:
            names = {"most": "drift_window", "seconds": "drift_seconds", "least": "drift_least"}
            window = LastScores(scores, **{name: extra[of] for name, of in names.items()})
        # Prometheus's own registry: MLServer's is not shown where it runs without workers.
        self._metrics = ServerMetrics(REGISTRY, self.name, self.version or "", scores, window)
        return True

    async def metadata(self) -> MetadataModelResponse:
        columns = self._known.columns
        parameters = None if columns is None else Parameters(columns=list(columns))
        sizes = [size if isinstance(size, int) else -1 for size in self._input.shape]
        outputs = self._session.get_outputs()
        return MetadataModelResponse(
            name=self.name,
            platform="onnx",
            versions=[self.version] if self.version else [],
            inputs=[
                MetadataTensor(
                    name=self._input.name,
                    datatype=DATATYPES[self._input.type],
                    shape=sizes,
                    parameters=parameters,
                )
            ],
            outputs=[
                MetadataTensor(name=output.name, datatype=DATATYPES[output.type], shape=[-1])
                for output in outputs
            ],
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = self._samples(payload)
        threshold = self._threshold(payload)
        wanted = self._wanted(payload, threshold)
        arrays = await self._batcher.outputs(x)
        outputs = dict(zip(self._names, arrays, strict=True))
        if threshold is not None:
            outputs = self._decided(outputs, threshold)
        flagged = outputs.get("is_anomaly")
        self._metrics.observe(outputs["score"], None if flagged is None else int(flagged.sum()))
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[_encoded(name, outputs[name]) for name in wanted or outputs],
        )

    def _samples(self, payload: InferenceRequest) -> np.ndarray:
        """The samples of a request, shape `(batch, ...)`."""
        name, sizes = self._input.name, self._input.shape[1:]
        found = [tensor.name for tensor in payload.inputs]
        if found != [name]:
            raise InferenceError(f"A request must have the one input {name!r}. Received: {found}")
        (tensor,) = payload.inputs
        datatype = str(getattr(tensor.datatype, "value", tensor.datatype))
        if not datatype.startswith(NUMBERS):
            raise InferenceError(f"{name!r} must hold numbers. Received: {datatype}")
        fits = len(tensor.shape) == len(sizes) + 1 and all(
            not isinstance(wanted, int) or wanted == size
            for wanted, size in zip(sizes, tensor.shape[1:], strict=True)
        )
        if not fits or tensor.shape[0] < 1:
            raise InferenceError(
                f"{name!r} must have the shape {['batch', *sizes]}, with one sample or more. "
                f"Received: {tensor.shape}"
            )
        try:
            with np.errstate(over="ignore"):
                x = NumpyCodec.decode_input(tensor).astype(self._dtype, copy=False)
        except (ValueError, TypeError, OverflowError) as error:
            raise InferenceError(
                f"{name!r} must hold {math.prod(tensor.shape)} numbers, for the shape "
                f"{tensor.shape}. Received: data for which {error}"
            ) from error
        finite = np.isfinite(x).reshape(len(x), -1).all(axis=1)
        if not finite.all():
            raise InferenceError(
                f"{name!r} must hold finite numbers. Received: NaN or infinity in sample "
                f"{int(np.argmin(finite))}"
            )
        return x

    def _threshold(self, payload: InferenceRequest) -> float | None:
        """The threshold that a request brings along."""
        value = getattr(payload.parameters, "threshold", None)
        if value is None:
            return None
        try:
            # Parameters of gRPC have no floating-point numbers: there it is text.
            threshold = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            threshold = math.nan
        if not math.isfinite(threshold):
            raise InferenceError(f"`threshold` must be a finite number. Received: {value!r}")
        return threshold

    def _wanted(self, payload: InferenceRequest, threshold: float | None) -> list[str]:
        """Names of the outputs that a request asks for; none for all."""
        wanted = [output.name for output in payload.outputs or ()]
        known = self._names
        if threshold is not None:
            known = list(dict.fromkeys([*known, "is_anomaly", "threshold"]))
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise InferenceError(f"`outputs` must be of {known}. Received: {unknown}")
        return wanted

    def _decided(self, outputs: dict[str, np.ndarray], threshold: float) -> dict[str, np.ndarray]:
        """The outputs with the decisions by a threshold of the request's own."""
        scores = outputs["score"]
        # As the model's own threshold: what float32 makes of it.
        threshold = np.float32(threshold)
        found = {
            **outputs,
            "is_anomaly": scores > threshold,
            "threshold": np.full(len(scores), threshold),
        }
        known = self._known.calibration_scores
        if known is not None:
            at_threshold = float(p_values(known, np.array([threshold]))[0])
            confidence = confidence_of(p_values(known, scores), at_threshold)
            found["confidence"] = confidence.astype("float32")
        return found


def _take_batching(settings: ModelSettings) -> None:
    """Move the settings of batching to where MLServer does not see them."""
    if settings.max_batch_size <= 1 or settings.max_batch_time <= 0:
        return
    parameters: ModelParameters = settings.parameters
    parameters.extra = {
        **(parameters.extra or {}),
        "batch_samples": settings.max_batch_size,
        "batch_seconds": settings.max_batch_time,
    }
    settings.max_batch_size, settings.max_batch_time = 0, 0.0


def _encoded(name: str, values: np.ndarray) -> ResponseOutput:
    datatype = {"float32": "FP32", "float64": "FP64", "bool": "BOOL"}[values.dtype.name]
    data: list[Any] = values.tolist()
    return ResponseOutput(name=name, shape=[len(data)], datatype=datatype, data=data)
