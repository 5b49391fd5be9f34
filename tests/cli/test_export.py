"""`kerasocc export`."""

import numpy as np
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
