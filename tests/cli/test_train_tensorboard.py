"""`kerasocc train --tensorboard`: where it writes, and what."""

import json

import pytest

from kerasocc.cli import main
from tests.cli.helpers import refused

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def scalars(folder):
    import tensorflow as tf

    found = accumulators.EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    return {
        tag: [
            float(tf.make_ndarray(event.tensor_proto))
            for event in found.Tensors(tag)
            if tf.make_ndarray(event.tensor_proto).ndim == 0
        ]
        for tag in found.Tags()["tensors"]
        if not tag.startswith("_hparams_")
    }


def test_a_run_writes_its_phases_and_its_results(tmp_path, capsys):
    rows = [f"{i % 7},{i % 11},{3 * (i % 5)},{i % 2}" for i in range(120)]
    (tmp_path / "rows.csv").write_text("a,b,c,label\n" + "\n".join(rows))
    options = ["--dataset", str(tmp_path / "rows.csv"), "--pretrain-epochs", "2", "--epochs", "3"]
    out, logs = tmp_path / "runs", tmp_path / "logs"
    command = ["train", *options, "--out", str(out), "--name", "a", "--quiet"]
    assert main([*command, "--tensorboard", str(logs)]) == 0
    assert capsys.readouterr().out.endswith(f"tensorboard --logdir {logs / 'a'}\n")
    history = json.loads((out / "a" / "history.json").read_text())
    for phase in ("pretraining", "training"):
        found = scalars(logs / "a" / phase / "train")
        for name in ("loss", "embedding_spread"):
            assert found[f"epoch_{name}"] == pytest.approx(history[phase][name], rel=1e-6)
        # Of the validation samples, which have labels.
        assert {"scores/normal", "scores/anomaly"} <= set(scalars(logs / "a" / phase))
    results = json.loads((out / "a" / "results.json").read_text())
    found = scalars(logs / "a")
    assert found["test/auc"] == [pytest.approx(results["auc"])]
    assert found["test/threshold"] == [pytest.approx(results["threshold"])]
    assert not (out / "a" / "tensorboard").exists()


def test_without_a_folder_it_writes_to_that_of_the_run(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("a,b\n" + "\n".join(f"{i % 7},{i % 11}" for i in range(60)))
    command = ["train", "--dataset", str(table), "--out", str(tmp_path), "--name", "b", "--quiet"]
    assert main([*command, "--time-budget", "1e-9", "--tensorboard"]) == 0
    logs = tmp_path / "b" / "tensorboard"
    assert "epoch_loss" in scalars(logs / "nearest-neighbours-standard" / "training" / "train")
    assert "test/auc" not in scalars(logs) and "test/false_positive_rate" in scalars(logs)


def test_it_says_what_is_missing_before_anything_is_done(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = refused(["train", "--out", str(tmp_path), "--tensorboard"], capsys)
    assert message.startswith("`--tensorboard` needs the package `tensorboard`. Install it with")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    (tmp_path / "file").write_text("")
    message = refused(
        ["train", "--out", str(tmp_path), "--tensorboard", f"{tmp_path}/file"], capsys
    )
    assert message.endswith(f"{tmp_path}/file'") and "exists" in message.lower()
