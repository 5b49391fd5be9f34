"""Scorers in fewer bits: their own threshold, exact decisions, and a report."""

import json

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.calibration import p_values
from kerasocc.serving import litert_int8
from kerasocc.serving.onnx_metadata import OnnxMetadata
from kerasocc.serving.outputs import Decisions
from kerasocc.serving.quantization import recalibrated, report, run
from tests.conformance.registry import CASES, build

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    return random.normal(size=(3000, 20)).astype("float32")


@pytest.fixture(scope="module")
def model(data):
    """More calibration scores than a converter leaves alone."""
    model = kocc.DeepSVDD(kocc.networks.mlp([20, 128, 64]), seed=0)
    model.compile()
    model.fit(data[:1000], epochs=1, verbose=0)
    model.calibrate(data[1000:], fpr=0.05)
    return model


FORMATS = [
    "onnx",
    pytest.param("litert", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("kind", ["float16", "dynamic", "int8"])
@pytest.mark.parametrize("format", FORMATS)
def test_decisions_are_those_of_the_quantized_score(format, kind, model, data, tmp_path, capfd):
    if format == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
        pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    held_out, new = data[1000:], 1.5 * data[:500]
    before = float(model.threshold.numpy())
    kocc.export(model, tmp_path / "float", format=format)
    options = dict(format=format, quantize=kind, samples=held_out)
    path, found = kocc.export(model, tmp_path / "quantized", **options)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["float", "quantized"]
    assert path.stat().st_size < (tmp_path / "float").stat().st_size
    assert float(model.threshold.numpy()) == before

    if format == "onnx":
        import onnx

        entries = {p.key: p.value for p in onnx.load(path).metadata_props}
        known = OnnxMetadata.read(entries).calibration_scores
        np.testing.assert_array_equal(known, np.sort(run(path, format, held_out)["score"]))
    own = np.sort(run(path, format, held_out)["score"])
    outputs, scores = run(path, format, new), model.score(new)
    assert len(np.unique(outputs["score"])) > 490
    np.testing.assert_allclose(outputs["score"], scores, atol=0.2 * np.std(scores))
    assert not np.array_equal(outputs["score"], scores)
    # The conformal quantile of the quantized scores: floor(2001 * 0.05) of them are as large.
    assert set(outputs["threshold"]) == {own[-100]} == {np.float32(found["threshold"])}
    np.testing.assert_array_equal(outputs["is_anomaly"], outputs["score"] > own[-100])
    np.testing.assert_allclose(outputs["p_value"], p_values(own, outputs["score"]), rtol=1e-6)
    q = p_values(own, own[-100])
    sure = outputs["confidence"] > 0.5
    np.testing.assert_array_equal(sure, outputs["p_value"] < np.float32(q))
    assert found["samples"] == 2000 and found["threshold_before"] == before
    assert 0.97 < found["rank_correlation"] < 1 and 0 < found["largest_difference"] < 2
    flagged = run(path, format, held_out)["is_anomaly"]
    assert found["decisions_changed"] == np.sum(flagged != model.is_anomaly(held_out))
    assert found["bytes"] == path.stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("name", ["neutral_ad", "icl", "autoencoder"])
def test_int8_of_models_that_are_hard_to_convert(name, digits, tmp_path):
    case = next(case for case in CASES if case.name == name)
    # An untrained ICL has a spread of scores that eight bits do not tell apart.
    model = build(case, digits)
    model.fit(digits.x_train, batch_size=32, epochs=case.epochs, verbose=0)
    model.calibrate(digits.x_train, contamination=0.1)
    options = dict(format="litert", quantize="int8", samples=digits.x_train)
    path, found = kocc.export(model, tmp_path / "model", **options)
    assert found["rank_correlation"] > 0.9
    outputs = run(path, "litert", digits.x_test[:50].astype("float32"))
    assert len(np.unique(outputs["score"])) > 45


def test_without_samples_the_threshold_stays(model, data, tmp_path):
    path, found = kocc.export(model, tmp_path / "m", format="litert", quantize="float16")
    assert found is None
    outputs = run(path, "litert", data[:9])
    assert set(outputs["threshold"]) == {np.float32(model.threshold.numpy())}


def test_a_report_by_hand(monkeypatch):
    class Model:
        threshold, calibration_scores = np.float32(2.5), None

        def score(self, x):
            return np.array([1.0, 2.0, 3.0, 4.0])

    outputs = {
        "score": np.array([1.0, 3.0, 2.0, 4.0]),
        "is_anomaly": np.array([False, True, False, True]),
        "threshold": np.full(4, 2.25),
    }
    found = report(Model(), np.zeros((4, 1)), outputs)
    # Two neighbouring ranks are exchanged: 1 - 6 * (1 + 1) / (4 * 15).
    assert found["rank_correlation"] == pytest.approx(0.8)
    assert found["largest_difference"] == pytest.approx(1 / np.std([1, 2, 3, 4]))
    assert (found["threshold"], found["threshold_before"]) == (2.25, 2.5)
    assert found["decisions_changed"] == 2


def test_a_threshold_without_a_rate_keeps_its_share():
    class Model:
        threshold, calibration, calibration_scores = np.float32(2.5), None, None

        def score(self, x):
            return np.array([1.0, 2.0, 3.0, 4.0])

    model, scores = Model(), np.array([10.0, 20.0, 30.0, 40.0])
    assert recalibrated(model, None, scores).threshold == 20
    model.threshold = np.float32(5)
    assert recalibrated(model, None, scores) == Decisions(np.float32(5))


def test_the_converter_may_end_its_process(tmp_path, data):
    """A program that is killed stands in for a graph on which the converter aborts."""
    (tmp_path / "python").write_text("#!/bin/sh\nkill -ABRT $$\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(litert_int8.sys, "executable", str(tmp_path / "python"))
        with pytest.raises(ValueError, match="a model on which it failed: it ended with signal 6"):
            litert_int8.convert(tmp_path, data[:2], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_what_is_refused(model, data, tmp_path):
    path = tmp_path / "m"
    with pytest.raises(ValueError, match=r"`quantize` must be one of \['float16'.*Received"):
        kocc.export(model, path, format="onnx", quantize="int4")
    with pytest.raises(ValueError, match="`format` must be 'onnx' or 'litert' where `quantize`"):
        kocc.export(model, path, quantize="float16")
    with pytest.raises(ValueError, match='`samples` must be given with `quantize="int8"`'):
        kocc.export(model, path, format="litert", quantize="int8")
    few = dict(format="litert", quantize="dynamic", samples=data[:9])
    with pytest.warns(UserWarning, match="`samples` should be more: 9 of them allow.*0.1"):
        kocc.export(model, path, **few)
    assert keras.ops.convert_to_numpy(model.threshold) > 0


def test_the_report_is_on_the_card(model, data, tmp_path):
    options = dict(version="next", format="litert", quantize="float16", samples=data[1000:])
    path, found = kocc.export(model, tmp_path / "pumps", **options)
    card = json.loads((path / "model_card.json").read_text("utf-8"))
    assert card["quantization"] == found and found["kind"] == "float16"
    assert "## Quantization" in (path / "model_card.md").read_text("utf-8")
