"""`PredictionService` over real gRPC with TensorFlow Serving's own messages, on SavedModels.

It stands in for the binary of TensorFlow Serving: the messages, the transport and the SavedModel
are real, what serves them is this file.
"""

from concurrent import futures
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, root):
        self.root, self.loaded = Path(root), {}

    def Predict(self, request, context):
        version, model = self._model(request.model_spec, context)
        name = request.model_spec.signature_name or "serving_default"
        if name not in model.signatures:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no signature {name}")
        signature = model.signatures[name]
        inputs = {k: tf.constant(tf.make_ndarray(t)) for k, t in request.inputs.items()}
        try:
            outputs = signature(**inputs)
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:500])
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version
        response.model_spec.signature_name = name
        for key, values in outputs.items():
            if not request.output_filter or key in request.output_filter:
                response.outputs[key].CopyFrom(tf.make_tensor_proto(values.numpy()))
        return response

    def _model(self, spec, context):
        folder = self.root / spec.name
        versions = [int(f.name) for f in folder.glob("*") if f.name.isdigit()]
        wanted = spec.version.value if spec.HasField("version") else max(versions, default=None)
        if wanted not in versions:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {spec.name}/{wanted}")
        key = spec.name, wanted
        if key not in self.loaded:
            self.loaded[key] = tf.saved_model.load(str(folder / str(wanted)))
        return wanted, self.loaded[key]


class PredictionServer:
    """The service on a port of its own.

    Args:
        root: Folder with a folder for each model, which has one for each version.
    """

    def __init__(self, root):
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        service = _Service(root)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()
