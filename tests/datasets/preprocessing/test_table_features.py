"""The layer that makes features of the columns of a table."""

import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf

import kerasocc
from kerasocc.datasets import TableFeatures
from kerasocc.datasets.columns.encoders import NumberColumn, to_config
from kerasocc.networks import mlp
from tests.datasets.mixed_examples import make_frame


@pytest.fixture(scope="module")
def frame():
    return make_frame(80).drop(columns=["customer", "fraud"])


@pytest.fixture(scope="module")
def model(frame):
    features = TableFeatures().adapt(frame)
    model = kerasocc.DeepSVDD(mlp([features.width, 6, 3], seed=0), preprocessing=features, seed=0)
    model.compile()
    model.fit(frame, epochs=1, verbose=0)
    return model


def test_encoding_by_hand():
    features = TableFeatures(scaling=None, missing="median").adapt(
        {
            "n": [1.0, 3.0, None],
            "t": ["x", "y", "x"],
            "b": [True, False, True],
            "d": ["09:00", "21:00", None],
        }
    )
    assert features.encoded_names == (
        *("n", "t=x", "t=y", "t=(other)", "b", "d:time_sin", "d:time_cos"),
    )
    encoded = features.encode(
        {"d": ["06:00", None], "b": [False, True], "t": ["z", "y"], "n": [7, None]}
    )
    np.testing.assert_allclose(encoded, [[7, 0, 0, 1, 0, 1, 0], [2, 0, 1, 0, 1, 0, 0]], atol=1e-7)
    np.testing.assert_array_equal(features(encoded), encoded)


def test_scaling_is_that_of_the_training_rows(frame):
    for name in ("min-max", "standard"):
        features = TableFeatures(scaling=name).adapt(frame)
        encoded = features.encode(frame)
        scaled = keras.ops.convert_to_numpy(features(encoded))
        varies = np.ptp(encoded, axis=0) > 0
        if name == "min-max":
            np.testing.assert_allclose(scaled[:, varies].max(axis=0), 1, atol=1e-6)
        else:
            np.testing.assert_allclose(scaled[:, varies].std(axis=0), 1, atol=1e-4)
        assert not scaled[:, ~varies].any()


def test_a_model_takes_raw_rows(model, frame, tmp_path):
    scores = model.score(frame)
    assert np.ptp(scores) > 0
    model.save(tmp_path / "m.keras")
    loaded = kerasocc.load_model(tmp_path / "m.keras")
    assert loaded.feature_names == ("amount", "city", "when", "paid")
    others = {
        "order": frame[frame.columns[::-1]],
        "dict": {name: frame[name].tolist() for name in frame},
        "arrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "types": frame.assign(
            when=pandas.to_datetime(frame.when),
            city=frame.city.astype("category"),
            paid=frame.paid * 1,
        ),
        "features": loaded.preprocessing.encode(frame),
    }
    for kind, x in others.items():
        np.testing.assert_array_equal(loaded.score(x), scores, err_msg=kind)
    rebuilt = TableFeatures.from_config(model.preprocessing.get_config())
    assert rebuilt.get_config() == model.preprocessing.get_config()


def test_an_unseen_value_is_unlike_all_of_training(model, frame):
    unseen = model.preprocessing.encode(frame.assign(city="Rome"))
    at = list(model.preprocessing.encoded_names).index("city=(other)")
    assert unseen[:, at].all() and not model.preprocessing.encode(frame)[:, at].any()
    assert (model.score(frame.assign(city="Rome")) != model.score(frame)).all()


WRONG = {
    "no column ['city']": lambda frame: frame.drop(columns="city"),
    "foreign columns ['z']": lambda frame: frame.assign(z=1),
    "Column 'amount' must hold numbers that are finite as float32": lambda f: f.assign(amount="x"),
    "Received: 1e+300 in row 0": lambda frame: frame.assign(amount=1e300),
    "Column 'when' must hold dates": lambda frame: frame.assign(when="31.12.2024"),
    "Column 'city' must not have missing values": lambda frame: frame.assign(city=None),
    "Column 'amount' must not have missing values": lambda frame: frame.assign(amount=np.nan),
}


@pytest.mark.parametrize("message", WRONG)
def test_rows_that_do_not_fit(message, model, frame):
    with pytest.raises(ValueError) as error:
        model.score(WRONG[message](frame))
    assert message in str(error.value)


def test_bad_rows_are_found(model, frame):
    spoiled = frame.astype(object)
    spoiled.loc[[3, 50], "when"] = "never"
    spoiled.loc[10, "amount"] = None
    bad = model.preprocessing.find_bad(spoiled)
    assert np.flatnonzero(bad.rows).tolist() == [3, 10, 50]
    assert (bad.first_row, bad.column.name) == (3, "when")
    assert model.preprocessing.find_bad(frame) is None


def test_a_layer_that_is_not_adapted_is_refused():
    with pytest.raises(ValueError, match="must be adapted"):
        TableFeatures()(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="`x` must be a data frame or a dict of columns"):
        TableFeatures().adapt(np.zeros((2, 3)))


def test_names_beside_the_features_are_not_read(frame):
    features = TableFeatures(also=["customer"]).adapt(frame)
    np.testing.assert_array_equal(
        features.encode(frame.assign(customer="x")), features.encode(frame)
    )


def test_missing_numbers_are_filled_in_the_layer_too():
    features = TableFeatures(missing="median").adapt({"a": [0.0, 1.0, 4.0], "b": [0.0, 2.0, 2.0]})
    scaled = features(np.array([[np.nan, 1.0]], "float32"))
    np.testing.assert_allclose(scaled, [[0.25, 0.5]])


def nearest(frame, features):
    model = kerasocc.NearestNeighbors(k=2, preprocessing=features)
    model.fit(frame)
    return model


@pytest.mark.parametrize("scaling", ["min-max", "standard", "robust", "quantile"])
def test_arrays_of_the_same_numbers_have_the_same_scores(scaling, tmp_path):
    random = np.random.default_rng(0)
    rows = np.stack([1.7e9 + random.integers(0, 1000, 60), random.normal(size=60)], axis=1)
    frame = pandas.DataFrame(rows, columns=["seconds", "value"])
    model = nearest(frame, TableFeatures(scaling=scaling).adapt(frame))
    assert model.sample_dtype == "float64"
    later = frame.assign(seconds=frame.seconds + 500)
    scores = model.score(later)
    # Rounded to multiples of 128 they would be far fewer, and centered twice far away.
    assert len(set(scores)) > 50 and scores.max() < 10
    model.save(tmp_path / "m.keras")
    loaded = kerasocc.load_model(tmp_path / "m.keras")
    for x in (later, later[["value", "seconds"]], later.to_numpy(), later.to_numpy().tolist()):
        np.testing.assert_array_equal(loaded.score(x), scores)


def test_close_numbers_that_nothing_scales_are_refused():
    seconds = {"ts": 1.7e9 + np.arange(40.0), "a": np.arange(40.0)}
    with pytest.raises(ValueError, match=r"`scaling` must be one of .* columns \['ts'\]"):
        TableFeatures(scaling=None).adapt(seconds)
    TableFeatures(scaling=None).adapt({"ts": seconds["ts"] - 1.7e9, "a": seconds["a"]})


def test_models_of_older_versions_that_centered_columns(tmp_path):
    centered = [NumberColumn("ts", 1.7e9 + 20, 1.7e9 + 20), NumberColumn("a", 0.0)]
    config = [to_config(column) for column in centered]
    for column in config:
        del column["precise"]  # which they did not have
    frame = pandas.DataFrame({"ts": 1.7e9 + np.arange(40.0), "a": np.arange(40.0) % 7})
    features = TableFeatures(columns=config, missing="median")
    features.adapt_scaling(features.encode(frame))
    np.testing.assert_allclose(features.encode(frame)[:, 0], np.arange(40) - 20)
    model = nearest(frame, features)
    model.save(tmp_path / "m.keras")
    loaded = kerasocc.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.score(frame), model.score(frame))
    assert not loaded.preprocessing.is_numeric
    kerasocc.export(loaded, tmp_path / "saved", signatures=["serving_default"])
    scorer = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"]
    found = scorer(ts=tf.constant(frame.ts, "float64"), a=tf.constant(frame.a, "float32"))
    np.testing.assert_allclose(found["score"], model.score(frame), rtol=1e-5, atol=1e-6)


def test_ensembles_share_features(frame):
    features = TableFeatures().adapt(frame)
    members = [kerasocc.NearestNeighbors(k=k, preprocessing=features) for k in (1, 2)]
    ensemble = kerasocc.Ensemble(members)
    ensemble.fit(frame)
    np.testing.assert_array_equal(ensemble.score(frame), ensemble.score(frame[frame.columns[::-1]]))
    other = TableFeatures(max_categories=1).adapt(frame)
    with pytest.raises(ValueError, match="`members` must share one `TableFeatures`"):
        kerasocc.Ensemble([members[0], kerasocc.NearestNeighbors(k=1, preprocessing=other)])
