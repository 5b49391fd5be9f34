"""SavedModels by TensorFlow Serving's messages over gRPC, and by a TensorFlow Serving itself."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

import kerasocc
from kerasocc.serving.client import ServedModel

pytestmark = pytest.mark.slow


def samples(rows, seed=5):
    return np.random.default_rng(seed).normal(size=(rows, 6)).astype("float32")


@pytest.fixture(scope="module")
def model():
    model = kerasocc.DeepSVDD(kerasocc.networks.mlp([6, 16, 4]), seed=0)
    model.compile("adam")
    model.fit(samples(300, 0), epochs=1, verbose=0)
    model.calibrate(samples(200, 1), fpr=0.05)
    return model


@pytest.fixture(scope="module")
def stub(model, tmp_path_factory):
    grpc = pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving", reason="needs tensorflow-serving-api")
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from tests.serving.prediction_service import PredictionServer

    root = tmp_path_factory.mktemp("models")
    for version in ("1", "2"):
        kerasocc.export(model, root / "table" / version, signatures=["serving_default", "embed"])
    server = PredictionServer(root)
    with grpc.insecure_channel(server.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
    server.stop()


def predict(stub, x, version=None, signature="", outputs=(), name="table"):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(x))
    request.output_filter.extend(outputs)
    response = stub.Predict(request, timeout=60)
    return response, {k: tf.make_ndarray(t) for k, t in response.outputs.items()}


def test_the_outputs_are_those_of_the_model(stub, model):
    x = samples(50)
    response, found = predict(stub, x)
    assert response.model_spec.version.value == 2
    np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"], model.is_anomaly(x))
    np.testing.assert_allclose(found["p_value"], model.p_values(x), rtol=1e-5)
    np.testing.assert_allclose(found["confidence"], model.confidence(x), atol=1e-5)


def test_versions_signatures_and_outputs_can_be_chosen(stub, model):
    x = samples(3)
    response, found = predict(stub, x, version=1, outputs=["score"])
    assert response.model_spec.version.value == 1 and list(found) == ["score"]
    _, found = predict(stub, x, signature="embed")
    (values,) = found.values()
    np.testing.assert_allclose(values, model.embed(x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (dict(x=samples(2)[:, :5]), "INVALID_ARGUMENT"),
        (dict(x=samples(2).astype("int64")), "INVALID_ARGUMENT"),
        (dict(signature="other"), "INVALID_ARGUMENT"),
        (dict(version=3), "NOT_FOUND"),
        (dict(name="other"), "NOT_FOUND"),
    ],
)
def test_broken_requests(stub, change, code):
    import grpc

    with pytest.raises(grpc.RpcError) as caught:
        predict(stub, **{"x": samples(2), **change})
    assert caught.value.code().name == code
    assert len(predict(stub, samples(2))[1]["score"]) == 2


@pytest.mark.skipif("TF_SERVING_URL" not in os.environ, reason="TF_SERVING_URL is not set")
def test_a_running_tensorflow_serving(model):
    """With `TF_SERVING_FOLDER`, the folder that it serves as the model `model`."""
    kerasocc.export(model, Path(os.environ["TF_SERVING_FOLDER"]) / str(int(time.time())))
    last = time.monotonic() + 60
    x = samples(1000)
    while True:
        try:
            served = ServedModel(os.environ["TF_SERVING_URL"], model="model", retry_for=10)
            if served.description.version and int(served.description.version) > time.time() - 120:
                break
        except OSError:
            pass
        assert time.monotonic() < last, "the server has not loaded the model"
        time.sleep(1)
    found = served.predict(x)
    np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"].astype(bool), model.is_anomaly(x))
