"""MLflow's callback for Keras with its local store, in an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.environments import python_of

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, sys
import mlflow, numpy as np
import kerasocc as kocc

x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
model = kocc.DeepSVDD(kocc.networks.mlp([4, 8, 2]), objective="soft-boundary", nu=0.2, seed=0)
model.compile("adam")
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("pumps")
with mlflow.start_run() as run:
    mlflow.log_params({"nu": model.nu})
    history = model.fit(x, epochs=3, verbose=0, callbacks=[
        kocc.callbacks.RadiusUpdate(warmup_epochs=1), mlflow.keras.MlflowCallback()])
    model.save("model.keras")
    mlflow.log_artifact("model.keras")
client = mlflow.MlflowClient()
stored = client.get_run(run.info.run_id)
logged = {
    name: [metric.value for metric in client.get_metric_history(run.info.run_id, name)]
    for name in stored.data.metrics
}
files = [file.path for file in client.list_artifacts(run.info.run_id)]
loaded = kocc.load_model(mlflow.artifacts.download_artifacts(
    run_id=run.info.run_id, artifact_path="model.keras"))
print(json.dumps({
    "history": history.history, "logged": logged, "params": stored.data.params, "files": files,
    "equal": bool(np.array_equal(loaded.score(x), model.score(x)))}))
"""


@pytest.mark.slow
def test_mlflow_keeps_what_the_training_logs_and_the_model(tmp_path):
    python = python_of("mlflow")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_PYTHON_REFRESH": "quiet"}
    output = subprocess.run(
        [python, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert output.returncode == 0, output.stderr
    found = json.loads(output.stdout.splitlines()[-1])
    assert {"loss", "radius", "embedding_spread"} <= set(found["history"])
    for name, values in found["history"].items():
        assert found["logged"][name] == pytest.approx(values), name
    assert len(set(found["history"]["radius"])) == 3
    assert found["params"]["nu"] == "0.2" and found["params"]["optimizer_name"] == "adam"
    assert "model.keras" in found["files"] and found["equal"]
