"""SavedModels by TensorFlow Serving's messages over gRPC, and by a TensorFlow Serving itself."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

import kerasocc
from kerasocc.serving.client import ServedModel
from tests.datasets.mixed_examples import make_frame
from tests.serving.table_samples import samples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(table_model):
    return table_model


@pytest.fixture(scope="module")
def shop():
    """A model of a table with text and dates, and the table."""
    frame = make_frame(120).drop(columns=["customer", "fraud"])
    features = kerasocc.datasets.TableFeatures().adapt(frame)
    model = kerasocc.NearestNeighbors(k=2, preprocessing=features)
    model.fit(frame, verbose=0)
    model.calibrate(frame, fpr=0.1)
    return model, frame


@pytest.fixture(scope="module")
def stub(model, shop, tmp_path_factory):
    grpc = pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving", reason="needs tensorflow-serving-api")
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from tests.serving.prediction_service import PredictionServer

    root = tmp_path_factory.mktemp("models")
    for version in ("1", "2"):
        kerasocc.export(model, root / "table" / version, signatures=["serving_default", "embed"])
    text_model, _ = shop
    kerasocc.export(
        text_model, root / "shop" / "1", signatures=["serving_default", "serving_examples"]
    )
    server = PredictionServer(root)
    with grpc.insecure_channel(server.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
    server.stop()


def predict(stub, x, version=None, signature="", outputs=(), name="table"):
    return predict_inputs(stub, {"inputs": x}, version, signature, outputs, name)


def predict_inputs(stub, inputs, version=None, signature="", outputs=(), name="table"):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for key, values in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
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


def test_a_table_with_text_has_an_input_for_each_column(stub, shop):
    model, frame = shop
    inputs = {
        "amount": frame.amount.to_numpy("float32"),
        "city": frame.city.tolist(),
        "paid": frame.paid.to_numpy("float32"),
        "when": frame.when.tolist(),
    }
    _, found = predict_inputs(stub, inputs, name="shop")
    np.testing.assert_allclose(found["score"], model.score(frame), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found["is_anomaly"], model.is_anomaly(frame))


def test_a_table_with_text_takes_examples(stub, shop):
    model, frame = shop
    examples = [example(row) for row in frame.to_dict("records")]
    _, found = predict_inputs(
        stub, {"example_bytes": examples}, signature="serving_examples", name="shop"
    )
    np.testing.assert_allclose(found["score"], model.score(frame), rtol=1e-4, atol=1e-6)
    assert found["valid"].all()


def example(row):
    import tensorflow as tf

    def feature(value):
        if isinstance(value, str):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    features = {name: feature(value) for name, value in row.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


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
