"""`kerasocc export`."""

import json
from pathlib import Path

import numpy as np
import pandas
import tensorflow as tf

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, of, refused


def test_export_a_run(pumps, frame, tmp_path, capsys):
    path = tmp_path / "served" / "1"
    command = ["export", str(path), *of(pumps)]
    assert main(command) == 0
    assert f"Exported {pumps / 'model.keras'} to {path} (tf_saved_model)" in capsys.readouterr().out
    scorer = tf.saved_model.load(str(path)).signatures["serving_default"]
    x = frame[COLUMNS].to_numpy("float32")
    outputs = scorer(inputs=tf.constant(x))
    model = kerasocc.load_model(pumps / "model.keras")
    np.testing.assert_allclose(outputs["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(outputs["is_anomaly"], model.is_anomaly(x))
    np.testing.assert_allclose(outputs["p_value"], model.p_values(x), rtol=1e-6)

    before = (path / "saved_model.pb").stat().st_mtime_ns
    assert "must not exist unless `overwrite=True`" in refused(command, capsys)
    assert (path / "saved_model.pb").stat().st_mtime_ns == before
    assert main([*command, "--overwrite"]) == 0
    assert (path / "saved_model.pb").stat().st_mtime_ns > before
    (tmp_path / "thesis.txt").write_text("years of work")
    mistaken = ["export", str(tmp_path), *of(pumps), "--overwrite"]
    assert "must be a SavedModel or an empty folder" in refused(mistaken, capsys)
    assert (tmp_path / "thesis.txt").exists()
    assert "invalid choice: 'h5'" in refused(["export", "x", "--format", "h5"], capsys)


def test_versions_with_what_the_run_knows(pumps, place, frame, tmp_path, capsys):
    folder = tmp_path / "pumps"
    command = ["export", str(folder), *of(pumps), "--version", "next"]
    options = ["--samples", str(place / "pumps.csv"), "--signatures", "serving_default"]
    assert main([*command, *options]) == 0
    assert (
        f"Exported {pumps / 'model.keras'} to {folder / '1'} (tf_saved" in capsys.readouterr().out
    )
    extra = folder / "1" / "assets.extra"
    card = json.loads((extra / "model_card.json").read_text("utf-8"))
    results = json.loads((pumps / "results.json").read_text())
    assert Path(card["data"]["dataset"]).name == "pumps.csv"
    assert card["data"]["normal_class"] == "ok" and card["training"]["method"]
    assert f"{results['threshold']:.4g}, for a false" in card["figures"]["Threshold"]
    body = json.loads((extra / "requests" / "serving_default.json").read_text())
    np.testing.assert_allclose(body["instances"], frame[COLUMNS].to_numpy("float32")[:1])

    assert main([*command, "--format", "litert"]) == 0
    assert (folder / "2" / "model.tflite").exists()
    taken = ["export", str(folder), *of(pumps), "--version", "2"]
    assert "`version` must be new unless `overwrite=True`" in refused(taken, capsys)
    assert "must be next, none or a whole number, not 'x'" in refused(
        ["export", "p", "--version", "x"], capsys
    )
    unknown = ["export", str(tmp_path / "m"), *of(pumps), "--signatures", "serving_images"]
    assert "`signatures` must be some of" in refused(unknown, capsys)


def test_quantized(pumps, place, tmp_path, capsys):
    path = tmp_path / "pumps.tflite"
    command = ["export", str(path), *of(pumps), "--format", "litert", "--quantize"]
    assert "`samples` must be given" in refused([*command, "int8"], capsys)
    normal = pandas.read_csv(place / "pumps.csv").query("state == 'ok'")
    normal.to_csv(tmp_path / "normal.csv", index=False)
    options = ["float16", "--samples", str(tmp_path / "normal.csv")]
    assert main([*command, *options]) == 0
    _, scores, threshold = capsys.readouterr().out.splitlines()
    assert scores.startswith("Scores on 90 samples: rank correlation 0.99")
    assert threshold.startswith("Threshold: ") and "of 90 decisions changed" in threshold
    assert path.exists()
