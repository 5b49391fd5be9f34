"""Latencies of a served LeNet, and ten thousand requests of which a tenth are broken.

    KERASOCC_ENVIRONMENTS=... python -m benchmarks.serving [--requests 10000]

`KERASOCC_ENVIRONMENTS` is the folder with the environment `mlserver`, which `.ci/run` makes.
Prints a table of latencies over REST and gRPC beside onnxruntime in the process of the client,
and what the broken requests did: wrong answers, statuses, growth of the server's memory.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import kerasocc
from tests.environments import python_of
from tests.serving.mlserver_process import MLServer

NETWORKS = {
    "lenet": ((28, 28, 1), lambda: kerasocc.networks.lenet("mnist")),
    "mlp": ((20,), lambda: kerasocc.networks.mlp([20, 64, 32])),
}
CLIENT = Path(__file__).with_name("serving_client.py")


def export_models(folder):
    """An ONNX file for each network, with samples and their scores."""
    files = {}
    for name, (shape, network) in NETWORKS.items():
        random = np.random.default_rng(0)
        x = random.uniform(0, 255, (600, *shape)).astype("float32")
        model = kerasocc.DeepSVDD(network(), seed=0)
        model.compile("adam")
        model.fit(x[:400], epochs=1, verbose=0)
        model.calibrate(x[400:], fpr=0.05)
        files[name] = folder / f"{name}.onnx"
        kerasocc.export(model, files[name], format="onnx")
        np.savez(folder / f"{name}.npz", x=x, scores=model.score(x))
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000, help="of which a tenth are broken")
    parser.add_argument("--repeats", type=int, default=500, help="for each latency")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = export_models(folder)
        (folder / "server").mkdir()
        server = MLServer(python_of("mlserver"), folder / "server", files)
        try:
            settings = {
                "folder": str(folder),
                "rest": server.rest,
                "grpc": server.grpc,
                "pid": server.process.pid,
                "repeats": options.repeats,
                "requests": options.requests,
            }
            command = [server.python, str(CLIENT), json.dumps(settings)]
            subprocess.run(command, check=True)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
