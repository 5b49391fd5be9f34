"""A real MLServer with the package's runtime, which has neither TensorFlow nor Keras."""

import json
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from kerasocc.serving.client import ServedModel
from tests.environments import python_of
from tests.serving.mlserver_process import REPOSITORY, MLServer
from tests.serving.table_samples import samples

pytestmark = pytest.mark.slow

GRPC_CLIENT = """
import json, sys
import grpc, numpy as np
from mlserver.grpc import dataplane_pb2 as pb, dataplane_pb2_grpc
x = np.load(sys.argv[2])
with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = dataplane_pb2_grpc.GRPCInferenceServiceStub(channel)
    tensor = pb.ModelInferRequest.InferInputTensor(name="inputs", datatype="FP32", shape=x.shape)
    request = pb.ModelInferRequest(model_name="table", inputs=[tensor])
    request.raw_input_contents.append(x.tobytes())
    request.parameters["threshold"].string_param = sys.argv[3]
    answer = stub.ModelInfer(request)
    dtypes = {"FP32": "float32", "BOOL": "bool"}
    raw = zip(answer.outputs, answer.raw_output_contents, strict=True)
    outputs = {o.name: np.frombuffer(data, dtypes[o.datatype]).tolist() for o, data in raw}
    print(json.dumps(outputs))
    request.inputs[0].shape[1] -= 1
    request.raw_input_contents[0] = x[:, 1:].tobytes()
    try:
        stub.ModelInfer(request)
    except grpc.RpcError as error:
        print(error.code().name, error.details())
"""


@pytest.fixture(scope="module")
def model(table_model):
    return table_model


@pytest.fixture(scope="module")
def onnx(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "table.onnx"
    kerasocc.export(model, path, format="onnx")
    return path


@pytest.fixture(scope="module", params=[0, 1], ids=["one process", "a worker"])
def batching(request, onnx, tmp_path_factory):
    """A server that waits a while for more samples."""
    settings = {"max_batch_size": 64, "max_batch_time": 0.05}
    server = MLServer(
        python_of("mlserver"),
        tmp_path_factory.mktemp("batching"),
        {"table": onnx},
        settings,
        parallel_workers=request.param,
    )
    yield server
    server.kill()


@pytest.fixture(scope="module")
def server(onnx, tmp_path_factory):
    extra = {"drift_window": 200, "drift_least": 50}
    folder = tmp_path_factory.mktemp("server")
    server = MLServer(python_of("mlserver"), folder, {"table": onnx}, {"extra": extra})
    yield server
    server.kill()


def check(found, model, x):
    np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"], model.is_anomaly(x))
    np.testing.assert_allclose(found["p_value"], model.p_values(x), atol=1e-5)
    np.testing.assert_allclose(found["confidence"], model.confidence(x), atol=1e-5)
    np.testing.assert_allclose(found["threshold"], np.full(len(x), model.threshold.numpy()))


@pytest.mark.parametrize("rows", [1, 100])
def test_the_outputs_are_those_of_the_model(rows, server, model):
    status, found = server.infer("table", samples(rows))
    assert status == 200
    check(found, model, samples(rows))


def test_the_server_needs_neither_tensorflow_nor_keras(server):
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r});"
        "sys.modules['tensorflow'] = sys.modules['keras'] = None;"
        "import kerasocc.serving.mlserver_runtime"
    )
    subprocess.run([server.python, "-c", code], check=True, timeout=60)


def test_a_request_brings_its_own_threshold(server, model):
    x = samples(100)
    # A score of the server itself: that of the model differs in the last digit.
    scores = np.array(server.infer("table", x)[1]["score"], "float32")
    own = float(np.sort(scores)[40])
    status, found = server.infer("table", x, {"threshold": own})
    assert status == 200
    np.testing.assert_allclose(found["threshold"], np.full(100, own), rtol=1e-6)
    np.testing.assert_array_equal(found["is_anomaly"], scores > np.float32(own))
    assert sum(found["is_anomaly"]) == 59
    # The confidence is one half at the threshold, whichever it is.
    at_threshold = int(np.argsort(scores)[40])
    assert found["confidence"][at_threshold] == pytest.approx(0.5, abs=1e-6)
    before = model.threshold.numpy()
    try:
        model.threshold.assign(own)
        # A score that is rounded otherwise can have the next p-value of 201.
        np.testing.assert_allclose(found["confidence"], model.confidence(x), atol=0.02)
    finally:
        model.threshold.assign(before)
    # The next request does not.
    check(server.infer("table", x)[1], model, x)


def test_grpc(server, model, tmp_path):
    x = samples(20)
    np.save(tmp_path / "x.npy", x)
    own = float(np.median(model.score(x)))
    command = [server.python, "-c", GRPC_CLIENT, f"127.0.0.1:{server.grpc}"]
    done = subprocess.run(
        [*command, str(tmp_path / "x.npy"), repr(own)],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    first, second = done.stdout.splitlines()
    found = json.loads(first)
    np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"], model.score(x) > np.float32(own))
    np.testing.assert_allclose(found["threshold"], np.full(20, own), rtol=1e-6)
    assert second.startswith("INVALID_ARGUMENT 'inputs' must have the shape ['batch', 6]")


NAN = b'{"inputs":[{"name":"inputs","shape":[1,6],"datatype":"FP32","data":[1,2,3,4,5,NaN]}]}'


def body(**changes):
    tensor = {"name": "inputs", "shape": [2, 6], "datatype": "FP32", "data": [0.5] * 12}
    return {"inputs": [{**tensor, **changes}]}


BROKEN = [
    (body(shape=[2, 5], data=[0.5] * 10), "must have the shape ['batch', 6]"),
    (body(shape=[0, 6], data=[]), "with one sample or more. Received: [0, 6]"),
    (body(data=[0.5] * 11), "must hold 12 numbers"),
    (body(data=["a"] * 12), "'inputs' must hold 12 numbers"),
    (body(data=[0.5] * 11 + [1e39]), "Received: NaN or infinity in sample 1"),
    (body(name="other"), "must have the one input 'inputs'. Received: ['other']"),
    (body(datatype="BYTES", data=["a"] * 12), "'inputs' must hold numbers. Received: BYTES"),
    ({"inputs": []}, "must have the one input 'inputs'. Received: []"),
    ({**body(), "outputs": [{"name": "scores"}]}, "Received: ['scores']"),
    ({**body(), "parameters": {"threshold": "high"}}, "Received: 'high'"),
    ({**body(), "parameters": {"threshold": True}}, "Received: True"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_request_is_refused_in_a_line(content, message, server, model):
    status, text = server.get("/v2/models/table/infer", body=json.dumps(content).encode())
    assert status == 400
    assert message in json.loads(text)["error"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", NAN, b"\xff\xfe"])
def test_what_is_no_request_is_refused(content, server, model):
    assert server.get("/v2/models/table/infer", body=content)[0] in (400, 422)
    assert server.infer("table", samples(1))[0] == 200


def test_numbers_of_other_dtypes_are_cast(server, model):
    x = np.arange(12).reshape(2, 6)
    content = body(datatype="INT64", data=x.ravel().tolist())
    _, text = server.get("/v2/models/table/infer", body=json.dumps(content).encode())
    found = {t["name"]: t["data"] for t in json.loads(text)["outputs"]}
    np.testing.assert_allclose(found["score"], model.score(x.astype("float32")), rtol=1e-5)


def test_requests_are_kept_apart_under_adaptive_batching(batching, model):
    scores = model.score(samples(100))
    started = time.monotonic()

    def ask(number):
        x = samples(100)[number : number + 1 + number % 3]
        wanted = [None, ["score"], ["is_anomaly", "score"], ["threshold"]][number % 4]
        parameters = None if number % 5 else {"threshold": float(scores[number])}
        if number % 7 == 3:
            x = x[:, :5]
        return x, wanted, parameters, batching.infer("table", x, parameters, wanted)

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(ask, range(96)))
    seconds = time.monotonic() - started
    for x, wanted, parameters, (status, found) in answers:
        if x.shape[1] == 5:
            assert status == 400 and "must have the shape" in found
            continue
        assert status == 200, found
        every = ["confidence", "is_anomaly", "p_value", "score", "threshold"]
        assert sorted(found) == sorted(wanted or every)
        own = np.float32(parameters["threshold"]) if parameters else model.threshold.numpy()
        if "score" in found:
            np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
        if "is_anomaly" in found and "score" in found:
            np.testing.assert_array_equal(found["is_anomaly"], np.float32(found["score"]) > own)
        if "threshold" in found:
            np.testing.assert_allclose(found["threshold"], np.full(len(x), own), rtol=1e-6)
    # They did wait for each other: 96 requests alone would take 96 times 0.05 seconds, by 24.
    assert seconds > 0.15


def metrics_of(server):
    _, text = server.get("/metrics", port=server.metrics)
    found = re.findall(r"^(kerasocc_\w+)\{([^}]*)\} (\S+)$", text, re.MULTILINE)
    return {
        (name, *re.findall(r'le="([^"]*)"', labels)): float(value) for name, labels, value in found
    }


def test_metrics(onnx, model, tmp_path):
    extra = {"drift_window": 200, "drift_least": 50}
    server = MLServer(python_of("mlserver"), tmp_path, {"table": onnx}, {"extra": extra})
    try:
        x = samples(150)
        server.infer("table", x[:40])
        assert metrics_of(server)[("kerasocc_drift_samples",)] == 0
        time.sleep(1.1)
        server.infer("table", x[40:])
        found = metrics_of(server)
        assert found[("kerasocc_samples_total",)] == 150
        assert found[("kerasocc_anomalies_total",)] == model.is_anomaly(x).sum()
        for bound in (0.05, 0.5, 1.0):
            expected = (model.p_values(x) <= bound + 1e-9).sum()
            assert found[("kerasocc_p_value_bucket", str(bound))] == expected
        assert found[("kerasocc_drift_samples",)] == 150
        assert found[("kerasocc_drift_p_value",)] > 0.01
        time.sleep(1.1)
        server.infer("table", samples(200) * 3)
        found = metrics_of(server)
        assert found[("kerasocc_drift_samples",)] == 200
        assert found[("kerasocc_drift_p_value",)] < 1e-6
        assert found[("kerasocc_drift_distance",)] > 0.3
    finally:
        server.kill()


def test_a_server_that_is_killed_in_the_middle_loses_nothing(
    onnx, model, tmp_path, capsys, monkeypatch
):
    server = MLServer(python_of("mlserver"), tmp_path, {"table": onnx})
    x = samples(20000)
    np.savez(tmp_path / "x.npz", x=x)
    output = tmp_path / "scores.csv"
    partial = Path(f"{output}.partial")

    def restart():
        while not partial.exists() or partial.read_bytes().count(b"\n") < 2000:
            time.sleep(0.001)
        server.kill()
        time.sleep(0.5)
        server.start()

    watching = threading.Thread(target=restart)
    try:
        watching.start()
        command = ["score", str(tmp_path / "x.npz"), "--server", server.url, "--protocol", "v2"]
        options = ["--served-model", "table", "--request-rows", "20", "--output", str(output)]
        assert main([*command, *options, "--p-values"]) == 0
    finally:
        watching.join()
        server.kill()
    found = np.genfromtxt(output, delimiter=",", names=True)
    np.testing.assert_array_equal(found["row"], np.arange(20000))
    np.testing.assert_allclose(found["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"] == 1, model.is_anomaly(x))


def test_columns_and_versions_are_known(server):
    served = ServedModel(server.url, model="table", protocol="v2").description
    assert served.version == "1" and served.shape == (6,) and "p_value" in served.outputs


def test_wrong_settings_are_named(onnx, tmp_path):
    with pytest.raises(RuntimeError, match="`parameters.extra` must have entries of"):
        MLServer(python_of("mlserver"), tmp_path, {"table": onnx}, {"extra": {"treads": 2}})
