"""The client of `serving.py`, in the environment of the server: it has the messages of gRPC."""

import http.client
import itertools
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import onnxruntime
from mlserver.grpc import dataplane_pb2, dataplane_pb2_grpc

WARM_UP = 50
CONNECTIONS = 8


def rest_body(x):
    tensor = {"name": "inputs", "shape": list(x.shape), "datatype": "FP32"}
    return json.dumps({"inputs": [{**tensor, "data": x.ravel().tolist()}]}).encode()


def by_rest(connection, name, body):
    """Status and what the server says."""
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"/v2/models/{name}/infer", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def scores_of(content):
    outputs = {o["name"]: o["data"] for o in json.loads(content)["outputs"]}
    return np.array(outputs["score"], "float32")


def grpc_request(name, x):
    tensor = dataplane_pb2.ModelInferRequest.InferInputTensor(
        name="inputs", datatype="FP32", shape=x.shape
    )
    request = dataplane_pb2.ModelInferRequest(model_name=name, inputs=[tensor])
    request.raw_input_contents.append(x.tobytes())
    return request


def ways_of(name, session, connection, stub):
    """Functions of samples that return their scores, by the way that they take."""
    return {
        "onnxruntime alone": lambda x: session.run(None, {"inputs": x}),
        "REST": lambda x: scores_of(by_rest(connection, name, rest_body(x))[1]),
        "gRPC": lambda x: stub.ModelInfer(grpc_request(name, x)),
    }


def latencies(send, x, repeats):
    """Seconds of single requests, sorted."""
    found = []
    for number in range(repeats + WARM_UP):
        began = time.perf_counter()
        send(x)
        if number >= WARM_UP:
            found.append(time.perf_counter() - began)
    return np.sort(found)


def show_latencies(options):
    print("| network | rows | by | p50 ms | p99 ms | rows/s |")
    print("|---|---|---|---|---|---|", flush=True)
    threads = onnxruntime.SessionOptions()
    threads.intra_op_num_threads = 1
    with grpc.insecure_channel(f"127.0.0.1:{options['grpc']}") as channel:
        stub = dataplane_pb2_grpc.GRPCInferenceServiceStub(channel)
        for name in ("lenet", "mlp"):
            file = Path(options["folder"]) / f"{name}.onnx"
            session = onnxruntime.InferenceSession(str(file), threads)
            x = np.load(file.with_suffix(".npz"))["x"]
            connection = http.client.HTTPConnection("127.0.0.1", options["rest"])
            ways = ways_of(name, session, connection, stub)
            for rows, way in itertools.product((1, 32), ways):
                found = latencies(ways[way], x[:rows], options["repeats"])
                p50, p99 = (1e3 * found[int(len(found) * q)] for q in (0.5, 0.99))
                rate = rows / found.mean()
                print(f"| {name} | {rows} | {way} | {p50:.2f} | {p99:.2f} | {rate:.0f} |")
            connection.close()


def broken(x, kind):
    """A request that must be refused."""
    tensor = {"name": "inputs", "shape": list(x.shape), "datatype": "FP32"}
    data = x.ravel().tolist()
    bodies = [
        b"{",
        json.dumps({"inputs": [{**tensor, "data": data[:-1]}]}).encode(),
        json.dumps({"inputs": [{**tensor, "shape": [1, 3], "data": [1, 2, 3]}]}).encode(),
        json.dumps({"inputs": [{**tensor, "data": ["a"] * len(data)}]}).encode(),
        json.dumps({"inputs": [{**tensor, "name": "x", "data": data}]}).encode(),
    ]
    return bodies[kind % len(bodies)]


def memory(pid):
    """Resident memory of a process in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def send_many(options, requests):
    """Send requests over some connections; return statuses of broken ones and wrong answers."""
    file = np.load(Path(options["folder"]) / "lenet.npz")
    x, scores = file["x"], file["scores"]
    connections = threading.local()
    statuses, wrong = {}, []

    def send(number):
        if not hasattr(connections, "own"):
            connections.own = http.client.HTTPConnection("127.0.0.1", options["rest"])
        row = number % (len(x) - 4)
        rows = slice(row, row + 1 + number % 4)
        is_broken = number % 10 == 7
        body = broken(x[rows], number // 10) if is_broken else rest_body(x[rows])
        status, content = by_rest(connections.own, "lenet", body)
        if is_broken:
            statuses[status] = statuses.get(status, 0) + 1
        elif status != 200 or not np.allclose(scores_of(content), scores[rows], rtol=1e-4):
            wrong.append((number, status))

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(send, range(requests)))
    return statuses, wrong


def show_broken_requests(options):
    # What the server allocates once is not growth.
    send_many(options, options["requests"] // 10)
    before = memory(options["pid"])
    began = time.perf_counter()
    statuses, wrong = send_many(options, options["requests"])
    seconds, after = time.perf_counter() - began, memory(options["pid"])
    print(
        f"\n{options['requests']} requests over {CONNECTIONS} connections in {seconds:.0f} s: "
        f"{len(wrong)} wrong answers {wrong[:5]}, statuses of the broken tenth {statuses}, memory "
        f"of the server {before:.1f} MiB before and {after:.1f} after "
        f"({100 * (after / before - 1):+.1f} %)"
    )


if __name__ == "__main__":
    show_latencies(json.loads(sys.argv[1]))
    show_broken_requests(json.loads(sys.argv[1]))
