"""Views of arrays on disk, and models that train on them."""

import h5py
import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets import Rows
from kerasocc.datasets.storage.rows import as_rows, chunks, rows_at_once, rows_in_flight
from tests.datasets.counting import Counting


@pytest.fixture
def stored(tmp_path, digits):
    """The training digits, memory-mapped."""
    np.save(tmp_path / "x.npy", digits.x_train)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_views():
    array = np.arange(20).reshape(10, 2)
    rows = Rows(array)[np.array([7, 1, 1, 4])]
    assert (rows.shape, rows.ndim, rows.dtype, len(rows)) == ((4, 2), 2, array.dtype, 4)
    np.testing.assert_array_equal(np.asarray(rows), array[[7, 1, 1, 4]])
    np.testing.assert_array_equal(np.asarray(rows[1:]), array[[1, 1, 4]])
    np.testing.assert_array_equal(rows[0], array[7])
    np.testing.assert_array_equal(np.asarray(rows[np.array([True, False, False, True])])[1], [8, 9])
    assert np.asarray(rows, dtype="float32").dtype == "float32"
    assert [len(chunk) for chunk in chunks(rows, 3)] == [3, 1]


def test_hdf5_in_any_order(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(10.0)[:, None]
        rows = Rows(file["x"])[np.array([5, 2, 5])]
        np.testing.assert_array_equal(np.asarray(rows).ravel(), [5, 2, 5])


def test_what_is_on_disk_becomes_a_view(stored):
    assert isinstance(as_rows(stored), Rows)
    assert isinstance(as_rows([[1.0]]), np.ndarray)


@pytest.mark.parametrize(
    ("shape", "rows"), [((20,), 1000), ((32, 32, 3), 1000), ((224, 224, 3), 111), ((10**9,), 1)]
)
def test_large_samples_come_in_small_batches(shape, rows):
    assert rows_at_once(shape) == rows


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((20,), 8000), ((300,), 1728), ((28, 28, 1), 640), ((224, 224, 3), 64), ((10**9,), 1)],
)
def test_a_network_gets_what_stays_in_the_caches(shape, rows):
    assert rows_in_flight(shape) == rows


def fitted(x, digits, **options):
    model = kocc.DeepSVDD(
        kocc.networks.lenet("digits", seed=0), preprocessing=digits.preprocessing, seed=0
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    history = model.fit(x, batch_size=16, epochs=2, verbose=0, **options)
    return model, history.history


def test_training_on_disk_equals_training_in_memory(stored, digits):
    expected, history = fitted(digits.x_train, digits, validation_split=0.1)
    for x in (stored, Rows(stored)):
        model, own = fitted(x, digits, validation_split=0.1)
        assert own == history
        np.testing.assert_array_equal(model.score(x), expected.score(digits.x_train))
        assert model.calibrate(x, fpr=0.1) == expected.calibrate(digits.x_train, fpr=0.1)


def test_no_more_than_a_batch_is_read_at_a_time(digits):
    counting = Counting(digits.x_train)
    model, _ = fitted(Rows(counting), digits)
    assert counting.most <= 1000
    counting.most = 0
    model.score(Rows(counting), batch_size=10)
    assert counting.most == 10


def test_bad_samples_are_named_by_their_place(stored, digits):
    x = np.array(stored)
    x[70, 3, 3] = np.nan
    with pytest.raises(ValueError, match="the first at index 70"):
        fitted(Rows(x), digits)[0].score(Rows(x))
    with pytest.raises(ValueError, match="copies of one sample"):
        fitted(Rows(np.repeat(x[:1], 30, axis=0)), digits)
    with pytest.raises(ValueError, match="at least one sample"):
        fitted(Rows(x)[:0], digits)
