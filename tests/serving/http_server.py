"""A small HTTP server that speaks both protocols, and can fail in the ways that servers do."""

import contextlib
import http.server
import json
import socket
import threading
import time

import numpy as np

DATATYPES = {"float32": "FP32", "string": "BYTES"}


def _tensor_info(dtype, sizes):
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}}


class ScoringServer:
    """Serves the model `digits` below an address.

    Args:
        outputs_of: From samples, shape `(batch, ...)`, to arrays by the names of the outputs.
        shape: Shape of one sample.
        outputs: Names of the outputs.
        columns: What the metadata say of the columns.
        column_inputs: Dtypes by the names of the inputs of a model that has one for each column;
            `outputs_of` then takes a dict of lists.

    Attributes:
        failures: What happens to the next requests for scores instead: a status, `"reset"` (no
            answer), `"cut"` (half of one), or a function of the handler.
        rows: How many samples were scored.
        most_at_once: The most requests that were being answered at one time.
        version: The version that the answers name.
    """

    def __init__(
        self, outputs_of, shape, outputs=("score", "is_anomaly"), columns=None, column_inputs=None
    ):
        self.outputs_of, self.shape, self.outputs = outputs_of, shape, outputs
        self.columns, self.column_inputs = columns, column_inputs
        self.failures, self.rows, self.at_once, self.most_at_once = [], 0, 0, 0
        self.version, self.seconds = "1", 0.0
        self.port = 0
        self.lock = threading.Lock()
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._sockets = []
        self._server = _Server(("127.0.0.1", self.port), _Handler, self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        """Stop like a process that is killed: connections break in the middle."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def restart_after(self, rows, seconds):
        """Once so many samples are scored: stop, and start again after some seconds."""

        def watch():
            while self.rows < rows:
                time.sleep(0.001)
            self.stop()
            time.sleep(seconds)
            self.start()

        threading.Thread(target=watch).start()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler, owner):
        self.owner = owner
        super().__init__(address, handler)

    def process_request(self, request, client_address):
        self.owner._sockets.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # broken connections are meant


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        owner = self.server.owner
        sizes = [-1, *owner.shape]
        if self.path == "/v2/models/digits":
            tensor = {"name": "inputs", "datatype": "FP32", "shape": sizes}
            if owner.columns:
                tensor["parameters"] = {"columns": owner.columns}
            tensors = [tensor]
            if owner.column_inputs:
                tensors = [
                    {"name": name, "datatype": DATATYPES[dtype], "shape": [-1]}
                    for name, dtype in owner.column_inputs.items()
                ]
            outputs = [{"name": name, "datatype": "FP32", "shape": [-1]} for name in owner.outputs]
            self.answer(200, {"name": "digits", "inputs": tensors, "outputs": outputs})
        elif self.path == "/v1/models/digits/metadata":
            inputs = {"inputs": _tensor_info("DT_FLOAT", sizes)}
            if owner.column_inputs:
                inputs = {
                    name: _tensor_info(f"DT_{'STRING' if dtype == 'string' else 'FLOAT'}", [-1])
                    for name, dtype in owner.column_inputs.items()
                }
            signature = {"inputs": inputs, "outputs": dict.fromkeys(owner.outputs, {})}
            found = {"signature_def": {"signature_def": {"serving_default": signature}}}
            spec = {"name": "digits", "signature_name": "", "version": owner.version}
            self.answer(200, {"model_spec": spec, "metadata": found})
        else:
            self.answer(404, {"error": f"Servable not found: {self.path}"})

    def do_POST(self):
        owner = self.server.owner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with owner.lock:
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
            failure = owner.failures.pop(0) if owner.failures else None
        try:
            time.sleep(owner.seconds)
            self.post(json.loads(body), failure)
        finally:
            with owner.lock:
                owner.at_once -= 1

    def post(self, body, failure):
        owner = self.server.owner
        if failure == "reset":
            self.close_connection = True
            return
        if isinstance(failure, int):
            self.answer(failure, {"error": f"asked to fail with {failure}"})
            return
        if self.path == "/v2/models/digits/infer":
            tensor = body["inputs"][0]
            if owner.column_inputs:
                x = {t["name"]: t["data"] for t in body["inputs"]}
            else:
                x = np.array(tensor["data"], "float32").reshape(tensor["shape"])
            outputs = owner.outputs_of(x)
            content = {
                "model_name": "digits",
                "model_version": owner.version,
                "outputs": [
                    {"name": n, "shape": [len(v)], "datatype": "FP32", "data": v.tolist()}
                    for n, v in outputs.items()
                ],
            }
        elif self.path == f"/v1/models/digits/versions/{owner.version}:predict":
            x = body["inputs"]
            outputs = owner.outputs_of(
                x if owner.column_inputs else np.array(x["inputs"], "float32")
            )
            content = {"outputs": {name: values.tolist() for name, values in outputs.items()}}
            if len(outputs) == 1:
                content = {"outputs": content["outputs"]["score"]}
        else:
            self.answer(404, {"error": f"Servable not found: {self.path}"})
            return
        if callable(failure):
            content = failure(content)
        with owner.lock:
            owner.rows += len(next(iter(outputs.values())))
        self.answer(200, content, cut=failure == "cut")

    def answer(self, status, content, cut=False):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut
