"""Tables as one-class problems: the split, names, missing values, the real sets."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets import Rows, tabular
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder
from tests.datasets.table_examples import make_table, write


@pytest.fixture
def table(random):
    return make_table(random)


def test_split(table):
    data = tabular(table, validation=0.25, test=0.2)
    # 40 normal: 8 test, 8 of the other 32 validate; 10 anomalies: 2 test, 2 of 8 validate.
    assert len(data.x_train) == 24 and not data.truth_train.any()
    assert (len(data.y_val), data.y_val.sum()) == (10, 2)
    assert (len(data.y_test), data.y_test.sum()) == (10, 2)
    rows = [tuple(r) for part in (data.x_train, data.x_val, data.x_test) for r in part]
    assert len(set(rows)) == len(rows)


def test_names(table, tmp_path):
    folder = tmp_path / "tabular"
    folder.mkdir()
    write(folder / "4_breastw.npz", *table)
    write(folder / "cardio.mat", *table)
    for name in ("breastw", "cardio"):
        assert len(tabular(name, data_dir=tmp_path).x_test) == 20
    with pytest.raises(FileNotFoundError, match="no table 'cardo' among the 2.*names: cardio"):
        tabular("cardo", data_dir=tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no table '.*absent.npz'"):
        tabular(tmp_path / "absent.npz")


def test_no_folder_to_look_in(monkeypatch):
    monkeypatch.delenv("KERASOCC_DATA_DIR", raising=False)
    with pytest.raises(FileNotFoundError, match="KERASOCC_DATA_DIR must name a folder.*'cardio'"):
        tabular("cardio")


def test_missing_values(table):
    x, y = table
    x[7, 1] = np.nan
    x[:, 2] = np.nan
    with pytest.raises(ValueError, match="51 missing or infinite values, the first in row 0, col"):
        tabular((x, y))
    data = tabular((x, y), missing="median")
    everything = np.concatenate([data.x_train, data.x_test])
    assert np.isfinite(everything).all() and (everything[:, 2] == 0).all()
    with pytest.raises(ValueError, match="`missing` must be one of"):
        tabular((x, y), missing="mean")


def test_the_median_is_that_of_the_training_part(random):
    x = random.normal(size=(400, 1)).astype("float32")
    x[::4] = np.nan
    y = np.repeat([0, 1], [360, 40])
    kept = tabular((np.nan_to_num(x, nan=99.0), y), seed=3)
    data = tabular((x, y), missing="median", seed=3)
    was_missing = kept.x_test == 99.0
    (filled,) = np.unique(data.x_test[was_missing])
    # The training part has anomalies too, which do not train: its median is near, not equal.
    assert filled != np.median(x[np.isfinite(x)])
    assert filled == np.unique(data.x_train[kept.x_train == 99.0]).item()


def test_nothing_left_to_train_on(table):
    with pytest.raises(ValueError, match="samples to train on .* validation=0.999"):
        tabular(table, validation=0.999)
    with pytest.raises(ValueError, match="samples to train on"):
        tabular(table, test=0.999)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "a pair of arrays.*Received: int"),
        ((np.zeros((4, 2)), np.zeros(3)), r"Received: shapes \(4, 2\) and \(3,\)"),
        ((np.zeros((4, 2)), np.full(4, 7)), "y 0 normal and 1 anomaly"),
    ],
)
def test_bad_arrays(source, message):
    with pytest.raises(ValueError, match=message):
        tabular(source)


@pytest.mark.parametrize("missing", ["error", "median"])
def test_a_table_larger_than_the_memory(missing, tmp_path, limit_memory):
    x = np.random.default_rng(0).normal(size=(5000, 4)).astype("float32")
    if missing == "median":
        x[::7, 1] = np.nan
    y = (np.arange(5000) % 10 == 0).astype(int)
    np.savez(tmp_path / "t.npz", X=x, y=y)
    expected = tabular(tmp_path / "t.npz", missing=missing, contamination=0.05)
    limit_memory(0)
    data = tabular(tmp_path / "t.npz", missing=missing, contamination=0.05)
    assert isinstance(data.x_train, Rows)
    for name in ("x_train", "x_val", "x_test"):
        np.testing.assert_array_equal(np.asarray(getattr(data, name)), getattr(expected, name))
    for a, b in zip(
        data.preprocessing.get_weights(), expected.preprocessing.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert data.sample_format == expected.sample_format


def test_preprocessing_by_name(table):
    default, by_range, by_deviation = (
        np.array(data.preprocessing(data.x_train))
        for data in (tabular(table, preprocessing=p) for p in (None, "min-max", "standard"))
    )
    np.testing.assert_array_equal(default, by_range)
    assert by_range.min() == 0 and by_range.max() == pytest.approx(1)
    np.testing.assert_allclose(by_deviation.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(by_deviation.std(axis=0), 1, atol=1e-5)
    with pytest.raises(ValueError, match=r"`preprocessing` must be one of .*min-max.*='contrast'"):
        tabular(table, preprocessing="contrast")


@needs_folder("tabular")
def test_deep_svdd_on_cardio():
    data = tabular("cardio", data_dir=KERASOCC_DATA)
    model = kocc.DeepSVDD(
        kocc.networks.mlp([21, 32, 16, 8], seed=0), preprocessing=data.preprocessing, seed=0
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=128, epochs=20, verbose=0)
    assert model.evaluate(data.x_test, data.y_test, return_dict=True)["auc"] > 0.7
    assert np.ptp(model.score(data.x_train)) > 0
