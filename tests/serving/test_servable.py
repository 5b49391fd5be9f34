"""The folder that TensorFlow Serving watches: versions, and what goes with them."""

import base64
import json
import os

import numpy as np
import pandas
import pytest

import kerasocc as kocc
from kerasocc.datasets import TableFeatures
from kerasocc.serving import servable
from tests.conformance.registry import CASES
from tests.conformance.test_export import fitted, onnx_scorer

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def of_images(digits):
    """A model of images; no test changes it."""
    return fitted(CASES[0], digits)


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    return pandas.DataFrame(
        {
            "flow rate": random.normal(size=60),
            "city": random.choice(["Ulm", "Köln"], 60),
            "day": pandas.date_range("2024-01-01", periods=60),
        }
    )


@pytest.fixture(scope="module")
def of_a_table(frame):
    features = TableFeatures().adapt(frame)
    model = kocc.NearestNeighbors(k=2, preprocessing=features, name="pumps")
    model.fit(frame)
    model.calibrate(frame, fpr=0.1)
    return model


@pytest.fixture(scope="module")
def digits_version(of_images, tmp_path_factory):
    return kocc.export(
        of_images, tmp_path_factory.mktemp("watched") / "digits", version="next"
    ).path


@pytest.fixture(scope="module")
def pumps_version(of_a_table, frame, tmp_path_factory):
    """One with samples."""
    card = {"data": {"file": "pumps.csv"}, "figures": {"auc": 0.9}}
    options = dict(version=7, samples=frame[5:9], card=card)
    return kocc.export(of_a_table, tmp_path_factory.mktemp("watched") / "pumps", **options).path


either = pytest.mark.parametrize(
    "version", ["pumps_version", pytest.param("digits_version", marks=pytest.mark.slow)]
)


def signatures_of(version):
    loaded = tf.saved_model.load(version)
    assert not set(loaded.signatures) ^ {p.stem for p in sample_requests(version, "pb")}
    return loaded


def sample_requests(version, suffix):
    return sorted((version / "assets.extra" / "requests").glob(f"*.{suffix}"))


def run(signature, arrays):
    specs = signature.structured_input_signature[1]
    inputs = {name: tf.constant(values, specs[name].dtype) for name, values in arrays.items()}
    return {name: value.numpy() for name, value in signature(**inputs).items()}


def assert_useful(outputs):
    for values in outputs.values():
        assert len(values) and (values.dtype == bool or np.isfinite(values).all())
    assert outputs.get("valid", np.array([True])).all()


@either
def test_the_warm_up_is_replayed_with_the_messages_of_tensorflow_serving(version, request):
    apis = pytest.importorskip(
        "tensorflow_serving.apis", reason="tensorflow-serving-api is not installed"
    )
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    assert apis
    folder = request.getfixturevalue(version)
    loaded = signatures_of(folder)
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    replayed = []
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        message = log.predict_log.request
        assert message.model_spec.name == folder.parent.name
        arrays = {key: tf.make_ndarray(value) for key, value in message.inputs.items()}
        replayed.append(message.model_spec.signature_name)
        assert_useful(run(loaded.signatures[replayed[-1]], arrays))
        sample = (folder / "assets.extra" / "requests" / f"{replayed[-1]}.pb").read_bytes()
        assert predict_pb2.PredictRequest.FromString(sample) == message
    assert sorted(replayed) == sorted(loaded.signatures)


def decoded(value):
    """As TensorFlow Serving reads JSON: an object with the key b64 is bytes."""
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return value


@either
def test_the_sample_requests_of_rest(version, request):
    folder = request.getfixturevalue(version)
    loaded = signatures_of(folder)
    files = sample_requests(folder, "json")
    assert len(files) == len(loaded.signatures)
    for file in files:
        body = json.loads(file.read_text("utf-8"))
        signature = loaded.signatures[body["signature_name"]]
        names = list(signature.structured_input_signature[1])
        rows = [r if len(names) > 1 else {names[0]: decoded(r)} for r in body["instances"]]
        assert_useful(run(signature, {n: [row[n] for row in rows] for n in names}))


def test_given_samples_are_in_the_requests(pumps_version, of_a_table, frame):
    folder = pumps_version
    loaded = tf.saved_model.load(folder)
    body = json.loads((folder / "assets.extra" / "requests" / "serving_default.json").read_text())
    assert body["instances"][0]["day"] == "2024-01-06T00:00:00"
    for name in ("serving_default", "serving_examples"):
        request = (folder / "assets.extra" / "requests" / f"{name}.json").read_text("utf-8")
        rows = json.loads(request)["instances"]
        rows = rows if name == "serving_default" else [{"example_bytes": decoded(r)} for r in rows]
        found = run(loaded.signatures[name], {n: [r[n] for r in rows] for n in rows[0]})
        np.testing.assert_allclose(found["score"], of_a_table.score(frame[5:6]), rtol=1e-5)


def test_the_card(pumps_version, of_a_table):
    extra = pumps_version / "assets.extra"
    card = json.loads((extra / "model_card.json").read_text("utf-8"))
    assert card["method"] == "NearestNeighbors" and card["settings"]["k"] == 2
    assert card["data"] == {"file": "pumps.csv"} and card["figures"] == {"auc": 0.9}
    assert card["threshold"] == float(of_a_table.threshold.numpy())
    calibration = of_a_table.calibration
    assert card["calibration"]["samples"] == 60
    assert card["calibration"]["interval_of_the_rate"] == list(calibration.interval)
    scores = of_a_table.sorted_calibration_scores()
    quantiles = card["calibration"]["score_quantiles"]
    assert (quantiles[0], quantiles[-1], len(quantiles)) == (scores[0], scores[-1], 101)
    assert {"kerasocc", "keras", "tensorflow"} < set(card["versions"])
    text = (extra / "model_card.md").read_text("utf-8")
    assert "# pumps" in text and "false positive rate of 10 %" in text and "- auc: 0.9" in text


def test_settings_of_the_server_are_written_once(of_images, tmp_path):
    folder = tmp_path / "digits"
    kocc.export(of_images, folder, version="next", signatures=["serving_default"])
    assert 'base_path: "/models/digits"' in (folder / "models.config").read_text()
    assert "max_batch_size { value: 64 }" in (folder / "batching.config").read_text()
    (folder / "models.config").write_text("of the user")
    found = kocc.export(of_images, folder, version="next", signatures=["serving_default"]).path
    assert (found, found.name) == (folder / "2", "2")
    assert (folder / "models.config").read_text() == "of the user"


def test_a_server_never_sees_half_a_version(tmp_path):
    (tmp_path / "3").mkdir()
    seen = []

    def write(target):
        target.mkdir()
        (target / "half").write_text("half")
        seen.append([entry.name for entry in tmp_path.iterdir() if entry.name.isdecimal()])

    # Another process takes the number while this one is writing.
    def write_while_another_does(target):
        write(target)
        (tmp_path / "4").mkdir()
        (tmp_path / "4" / "of another").write_text("precious")

    assert servable.write_next_version(tmp_path, write_while_another_does).name == "5"
    assert (tmp_path / "4" / "of another").read_text() == "precious"
    assert seen == [["3"]]

    def fail(target):
        write(target)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        servable.write_next_version(tmp_path, fail)
    assert sorted(os.listdir(tmp_path)) == ["3", "4", "5"]


def test_a_number_that_is_taken_between_look_and_rename(tmp_path, monkeypatch):
    looks = iter([0, 1])
    monkeypatch.setattr(servable, "newest_version", lambda folder: next(looks))
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "of another").write_text("precious")
    assert servable.write_next_version(tmp_path, lambda target: target.mkdir()).name == "2"
    assert (tmp_path / "1" / "of another").exists()


def test_what_is_refused(of_images, pumps_version, tmp_path):
    one = dict(signatures=["serving_default"])
    with pytest.raises(ValueError, match=r"`version` must be 'next', None or an integer.*'last'"):
        kocc.export(of_images, tmp_path / "m", version="last")
    with pytest.raises(ValueError, match="folder of all versions.*a SavedModel"):
        kocc.export(of_images, pumps_version, version="next", **one)
    before = (pumps_version / "saved_model.pb").read_bytes()
    with pytest.raises(FileExistsError, match="`version` must be new unless `overwrite=True`"):
        kocc.export(of_images, pumps_version.parent, version=7, **one)
    assert (pumps_version / "saved_model.pb").read_bytes() == before
    with pytest.raises(ValueError, match="`signatures` must be some of.*Received: .*'predict'"):
        kocc.export(of_images, tmp_path / "m", signatures=["predict"])
    assert list(tmp_path.iterdir()) == []


def test_versions_of_a_file(of_images, digits, tmp_path):
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    found = kocc.export(of_images, tmp_path / "digits", format="onnx", version="next").path
    assert sorted(f.name for f in found.iterdir()) == [
        "model.onnx",
        "model_card.json",
        "model_card.md",
    ]
    scores = onnx_scorer(found / "model.onnx")(digits.x_test[:9])["score"]
    np.testing.assert_allclose(scores, of_images.score(digits.x_test[:9]), rtol=1e-4)
