"""Data frames, dicts of columns and sparse matrices as inputs of models."""

import keras
import numpy as np
import pandas
import pyarrow
import pytest
import scipy.sparse

import kerasocc
from kerasocc.datasets.storage import sparse
from kerasocc.networks import mlp, mlp_decoder


@pytest.fixture(scope="module")
def frame():
    """Columns whose order matters: their scales differ."""
    random = np.random.default_rng(0)
    columns = {"a": random.normal(size=60), "b": 5 * random.normal(size=60) + 3}
    return pandas.DataFrame({**columns, "c": random.integers(0, 9, 60)})


@pytest.fixture(scope="module")
def fitted(frame):
    """A model fitted on the frame."""
    return fit(frame)


def fit(x):
    model = kerasocc.DeepSVDD(mlp([3, 8, 4], seed=0), seed=0)
    model.compile()
    model.fit(x, epochs=1, verbose=0)
    return model


AS_OTHER_TYPES = {
    "another order": lambda frame: frame[["c", "a", "b"]],
    "array": lambda frame: frame.to_numpy(),
    "dict": lambda frame: {"c": list(frame.c), "b": frame.b.to_numpy(), "a": frame.a},
    "nullable": lambda frame: frame.convert_dtypes()[["b", "c", "a"]],
    "arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow")[["b", "c", "a"]],
    "arrow table": lambda frame: pyarrow.Table.from_pandas(frame[["b", "c", "a"]]),
    "objects": lambda frame: frame.astype(object)[["c", "b", "a"]],
    "objects in an array": lambda frame: frame.astype(object).to_numpy(),
    "sparse columns": lambda frame: frame.astype(pandas.SparseDtype("float64", 0.0)),
    "no names": lambda frame: pandas.DataFrame(frame.to_numpy()),
}


@pytest.mark.parametrize("kind", AS_OTHER_TYPES)
def test_the_same_scores(kind, fitted, frame):
    scores = fitted.score(AS_OTHER_TYPES[kind](frame))
    np.testing.assert_array_equal(scores, fitted.score(frame))
    assert np.ptp(scores) > 0


def test_names_are_saved(fitted, frame, tmp_path):
    fitted.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.feature_names == ("a", "b", "c")
    shuffled = frame[["b", "a", "c"]]
    np.testing.assert_array_equal(loaded.score(shuffled), fitted.score(frame))
    with pytest.raises(ValueError, match=r"no column \['c'\]"):
        loaded.score(frame[["a", "b"]])


WRONG = {
    "no column ['a']": lambda frame: frame.drop(columns="a"),
    "foreign columns ['z']": lambda frame: frame.assign(z=1),
    "no column ['a'] and foreign columns ['q']": lambda frame: frame.rename(columns={"a": "q"}),
    "text in column 'a', 'x' in row 0": lambda frame: frame.assign(a="x"),
    "dates in column 'b'": lambda frame: frame.assign(b=pandas.Timestamp("2020-01-01")),
    "a missing value in row 2, column 'c'": lambda frame: frame.assign(
        c=pandas.array([1, 2, None] * 20, dtype="Int64")
    ),
    "1e+300 in row 0, column 'a'": lambda frame: frame.assign(a=1e300),
    "a table of 0 rows": lambda frame: frame.iloc[:0],
    "['a'] more than once": lambda frame: pandas.concat([frame, frame[["a"]]], axis=1),
    "not both": lambda frame: frame.rename(columns={"a": 0}),
    "the lengths {'a': 2, 'b': 1, 'c': 2}": lambda _: {"a": [1, 2], "b": [1], "c": [3, 4]},
    "lists of unequal length in column 'a'": lambda _: {"a": [[1], [2, 3]], "b": [1, 2]},
    "values of type dict in column 'a'": lambda frame: frame.assign(a=[{}] * 60),
    "complex numbers in column 'a'": lambda frame: frame.assign(a=1 + 2j),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused(message, fitted, frame):
    with pytest.raises(ValueError) as error:
        fitted.score(WRONG[message](frame))
    assert message in str(error.value)


NO_NUMBERS = {
    "text, 'x' at index (0, 0)": np.array([["x", "y", "z"]]),
    "text, 'x' at index (0, 1)": np.array([[1, "x", 2]], dtype=object),
    "a missing value (None) at index (0, 1)": np.array([[1, None, 2]], dtype=object),
    "a missing value (<NA>) at index (0, 0)": np.array([[pandas.NA, 1, 2]], dtype=object),
    "lists of unequal length": [[1, 2], [3]],
    "complex numbers": np.array([[1 + 2j, 1, 1]]),
    "dates": np.array([["2020-01-01"] * 3], dtype="datetime64[D]"),
    "a dict at index (0, 0)": np.array([[{}, 1, 2]], dtype=object),
}


@pytest.mark.parametrize("message", NO_NUMBERS)
def test_arrays_of_anything_else_say_why(message, fitted):
    with pytest.raises(ValueError, match="must hold numbers") as error:
        fitted.score(NO_NUMBERS[message])
    assert message in str(error.value)


def test_a_model_fitted_on_arrays_takes_columns_by_position(frame):
    model = fit(frame.to_numpy())
    assert model.feature_names is None
    other_names = frame.set_axis(["x", "y", "z"], axis=1)
    np.testing.assert_array_equal(model.score(other_names), model.score(frame.to_numpy()))
    model.fit(frame, epochs=2, initial_epoch=1, verbose=0)
    assert model.feature_names is None


def test_a_second_fit_and_validation_data_are_reordered(frame):
    model, other = fit(frame), fit(frame)
    labels = np.repeat([0, 1], 30)
    histories = [
        m.fit(x, epochs=2, initial_epoch=1, validation_data=(x, labels), verbose=0).history
        for m, x in ((model, frame), (other, frame[["c", "b", "a"]]))
    ]
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(model.score(frame), other.score(frame))


def test_names_can_be_given(frame):
    model = kerasocc.DeepSVDD(mlp([3, 8, 4], seed=0), seed=0, feature_names=["c", "b", "a"])
    model.compile()
    model.fit(frame, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.score(frame), model.score(frame[["c", "b", "a"]].values))
    with pytest.raises(ValueError, match="`feature_names` must be different names"):
        kerasocc.DeepSVDD(mlp([2, 2]), feature_names=["a", "a"])


def test_every_entry_takes_frames(frame):
    """An autoencoder counts as fitted before it is; other methods than `score` read samples too."""
    model = kerasocc.Autoencoder(mlp([3, 2], seed=0), mlp_decoder([3, 2], seed=0), seed=0)
    model.compile()
    model.fit(frame, epochs=1, verbose=0)
    assert model.feature_names == ("a", "b", "c")
    shuffled, labels = frame[["b", "c", "a"]], np.repeat([0, 1], 30)
    for call in (model.embed, model.reconstruct, model.predict):
        np.testing.assert_array_equal(call(shuffled), call(frame))
    expected = model.evaluate(frame, labels, return_dict=True)
    assert model.evaluate(shuffled, labels, return_dict=True) == expected
    assert model.calibrate(shuffled, fpr=0.1) == model.calibrate(frame, fpr=0.1)


def test_ensembles_and_neighbors_remember_names(frame, tmp_path):
    members = [kerasocc.NearestNeighbors(k=k, standardize=True) for k in (1, 2)]
    ensemble = kerasocc.Ensemble(members)
    ensemble.fit(frame)
    ensemble.save(tmp_path / "e.keras")
    loaded = kerasocc.load_model(tmp_path / "e.keras")
    shuffled = frame[["b", "c", "a"]]
    np.testing.assert_array_equal(loaded.score(shuffled), ensemble.score(frame))
    alone = [kerasocc.NearestNeighbors(k=1) for _ in range(2)]
    alone[0].fit(frame)
    alone[1].fit(shuffled)
    np.testing.assert_array_equal(
        alone[0].training_scores(frame), alone[0].training_scores(shuffled)
    )
    with pytest.raises(ValueError, match="`members` must be fitted on the same columns"):
        kerasocc.Ensemble(alone)


@pytest.mark.parametrize("limit", [2**30, 0])
def test_sparse_matrices(limit, fitted, frame, monkeypatch):
    monkeypatch.setattr(sparse, "DENSE_LIMIT", limit)
    matrix = scipy.sparse.coo_matrix(frame.to_numpy())
    np.testing.assert_allclose(fitted.score(matrix), fitted.score(frame.to_numpy()), rtol=1e-6)
    np.testing.assert_allclose(
        fit(matrix).score(matrix), fit(frame.to_numpy()).score(matrix), rtol=1e-5
    )
    with pytest.raises(ValueError, match=r"sparse matrix of real numbers.*complex"):
        fitted.score(matrix.astype(complex))
