"""MLServer in a process of its own, with models of ours."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import kerasocc

REPOSITORY = Path(kerasocc.__file__).parents[1]


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class MLServer:
    """The server, with a model for each entry of `models`.

    Args:
        python: Interpreter of an environment with MLServer.
        folder: An empty folder for its settings.
        models: ONNX files by the names of the models.
        settings: More settings of the models.
        parallel_workers: See MLServer; 0 computes in the process of the server.
    """

    def __init__(self, python, folder, models, settings=None, parallel_workers=0):
        self.python, self.folder, self.models = python, Path(folder), list(models)
        self.rest, self.grpc, self.metrics = free_ports(3)
        self.url = f"http://127.0.0.1:{self.rest}"
        own = {
            "http_port": self.rest,
            "grpc_port": self.grpc,
            "metrics_port": self.metrics,
            "host": "127.0.0.1",
            "parallel_workers": parallel_workers,
            "debug": False,
        }
        (self.folder / "settings.json").write_text(json.dumps(own))
        for name, file in models.items():
            place = self.folder / name
            place.mkdir()
            content = {
                "name": name,
                "implementation": "kerasocc.serving.mlserver_runtime.Scorer",
                "parameters": {"uri": str(file), "version": "1"},
            }
            for key, value in (settings or {}).items():
                inner = key in ("extra",)
                (content["parameters"] if inner else content)[key] = value
            (place / "model-settings.json").write_text(json.dumps(content))
        self.start()

    def start(self, seconds=60):
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.log = open(self.folder / "log.txt", "ab")
        self.process = subprocess.Popen(
            [str(Path(self.python).with_name("mlserver")), "start", str(self.folder)],
            stdout=self.log,
            stderr=self.log,
            env=environment,
            cwd=self.folder,
            start_new_session=True,
        )
        last = time.monotonic() + seconds
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > last:
                text = (self.folder / "log.txt").read_text()[-3000:]
                self.kill()
                raise RuntimeError(f"MLServer did not start:\n{text}")
            time.sleep(0.1)

    def _is_ready(self):
        try:
            # The server is ready for a moment before a model has failed to load.
            return all(self.get(f"/v2/models/{name}/ready")[0] == 200 for name in self.models)
        except OSError:
            return False

    def kill(self):
        """End the process at once, and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def get(self, path, port=None, body=None):
        """Status and content of an answer."""
        url = f"http://127.0.0.1:{port or self.rest}{path}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def infer(self, model, x, parameters=None, outputs=None):
        """Status, and arrays by their names or the text of an error."""
        tensor = {"name": "inputs", "shape": list(x.shape), "datatype": "FP32"}
        body = {"inputs": [{**tensor, "data": x.ravel().tolist()}]}
        if parameters is not None:
            body["parameters"] = parameters
        if outputs is not None:
            body["outputs"] = [{"name": name} for name in outputs]
        status, content = self.get(f"/v2/models/{model}/infer", body=json.dumps(body).encode())
        found = json.loads(content)
        if status != 200:
            return status, found["error"]
        return status, {tensor["name"]: tensor["data"] for tensor in found["outputs"]}
