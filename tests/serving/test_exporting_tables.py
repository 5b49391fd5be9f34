"""Exports of models of tables with text and dates."""

import keras
import numpy as np
import pytest

import kerasocc
from kerasocc.datasets import TableFeatures
from kerasocc.datasets.columns.input_names import input_names
from kerasocc.networks import mlp
from tests.conformance.test_export import litert_scorer, saved_model_scorer
from tests.datasets.mixed_examples import make_frame

tf = pytest.importorskip("tensorflow")

UNKNOWN = "[UNK]"


@pytest.fixture(scope="module")
def frame():
    """Awkward names and values: what Keras calls unknown, missing ones, close large numbers."""
    frame = make_frame(120).drop(columns=["customer", "fraud"])
    frame = frame.rename(columns={"amount": "net amount", "paid": "0"})
    random = np.random.default_rng(1)
    frame = frame.assign(
        # As the inputs of exported models are: equal scores have equal p-values.
        **{"net amount": frame["net amount"].astype("float32")},
        seconds=1.7e9 + random.integers(0, 1000, 120),
        day=[f"2000-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(120)],
        clock=[f"{i % 24:02d}:{i % 60:02d}" for i in range(120)],
        code=random.choice([UNKNOWN, "Ü", "x"], 120),
        zone=random.choice([UNKNOWN, *[f"Zürich {i}" for i in range(40)]], 120),
    )
    frame.loc[0, "city"] = None
    frame.loc[1, "when"] = None
    frame.loc[2, "net amount"] = np.nan
    frame.loc[3, "zone"] = None
    return frame


@pytest.fixture(scope="module")
def model(frame):
    features = TableFeatures(missing="median", frequencies=["zone"]).adapt(frame)
    assert "zone:rarity" in features.encoded_names
    model = kerasocc.DeepSVDD(mlp([features.width, 6, 3], seed=0), preprocessing=features, seed=0)
    model.compile()
    model.fit(frame, epochs=1, verbose=0)
    model.calibrate(frame, fpr=0.1)
    return model


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model"
    kerasocc.export(model, path)
    return tf.saved_model.load(path)


@pytest.fixture
def new(frame):
    """New rows: unseen values, the last second of a year, a leap day, a time zone."""
    new = frame.copy()
    new.loc[5, ["city", "zone"]] = "never"
    new.loc[6, "when"] = "2030-12-31T23:59:59+02:00"
    new.loc[7, "when"] = "2024-02-29"
    new.loc[8, "when"] = "1969-12-31 00:00"
    return new


def as_tensor(column, dtype):
    if dtype == tf.string:
        return tf.constant([v if isinstance(v, str) else "" for v in column])
    return tf.constant(column.astype("float64"), dtype)


def as_example(row, is_text):
    features = {}
    for name, value in row.items():
        if isinstance(value, str):
            features[name] = tf.train.Feature(
                bytes_list=tf.train.BytesList(value=[value.encode("utf-8")])
            )
        elif value is not None and value == value and is_text[name]:
            text = repr(float(value)).encode()
            features[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text]))
        elif value is not None and value == value:
            features[name] = tf.train.Feature(float_list=tf.train.FloatList(value=[float(value)]))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def test_one_input_per_column(exported, model, new):
    signature = exported.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    names = input_names(list(new.columns))
    assert {name: spec.dtype.name for name, spec in specs.items()} == {
        **{names[c]: "string" for c in ("city", "when", "day", "clock", "code", "zone")},
        **{"net_amount": "float32", "column_0": "float32", "seconds": "float64"},
    }
    inputs = {names[c]: as_tensor(new[c], specs[names[c]].dtype) for c in new}
    found = signature(**inputs)
    scores = model.score(new)
    np.testing.assert_allclose(found["score"], scores, rtol=1e-5)
    np.testing.assert_array_equal(found["is_anomaly"], scores > float(model.threshold))
    np.testing.assert_allclose(found["p_value"], model.p_values(new), rtol=1e-5)
    assert len(np.unique(scores)) > 100


def test_serialized_examples(exported, model, new):
    is_text = {name: name == "seconds" for name in new}
    examples = tf.constant([as_example(row, is_text) for row in new.to_dict("records")])
    found = exported.signatures["serving_examples"](example_bytes=examples)
    np.testing.assert_allclose(found["score"], model.score(new), rtol=1e-5)


def test_a_date_in_another_form_is_an_error(exported, new):
    signature = exported.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    names = input_names(list(new.columns))
    spoiled = new.assign(when="31.12.2024")
    inputs = {names[c]: as_tensor(spoiled[c], specs[names[c]].dtype) for c in new}
    with pytest.raises(tf.errors.InvalidArgumentError, match="must hold dates such as 2024-01-31"):
        signature(**inputs)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_other_formats_take_no_text(format, model, tmp_path):
    with pytest.raises(ValueError, match=rf"{format} takes no columns of text.*'city'"):
        kerasocc.export(model, tmp_path / "m", format=format)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("format", ["tf_saved_model", "litert"])
def test_columns_of_numbers_stay_one_input(format, frame, tmp_path):
    columns = frame[["net amount", "0"]]
    features = TableFeatures(missing="median").adapt(columns)
    model = kerasocc.NearestNeighbors(k=2, preprocessing=features)
    model.fit(columns)
    kerasocc.export(model, tmp_path / "m", format=format)
    rows = np.array([[np.nan, 1.0], [50.0, 0.0]], "float32")
    scorer = {"tf_saved_model": saved_model_scorer, "litert": litert_scorer}[format]
    found = scorer(tmp_path / "m")(rows)["score"]
    expected = model.score({"net amount": rows[:, 0], "0": rows[:, 1]})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_an_ensemble(frame, tmp_path):
    columns = frame[["city", "0"]].dropna()
    features = TableFeatures().adapt(columns)
    members = [kerasocc.NearestNeighbors(k=k, preprocessing=features) for k in (1, 3)]
    model = kerasocc.Ensemble(members)
    model.fit(columns)
    kerasocc.export(model, tmp_path / "m")
    signature = tf.saved_model.load(tmp_path / "m").signatures["serving_default"]
    inputs = {"city": tf.constant(columns.city), "column_0": tf.constant(columns["0"], "float32")}
    np.testing.assert_allclose(signature(**inputs)["score"], model.score(columns), rtol=1e-5)


def test_names_of_inputs_differ():
    found = input_names(["a b", "a_b", "A.B", "0", "", "ä"])
    assert list(found.values()) == ["a_b", "a_b_2", "A_B_3", "column_0", "column_", "column__"]
    assert keras.backend.backend() == "tensorflow"
