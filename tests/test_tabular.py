"""Tables: every format, names, labels, missing values; the real sets where they are."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.io

import kerasocc as kocc
from kerasocc.datasets import tables, tabular

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
DATA_DIR = Path(os.environ.get("KERASOCC_DATA_DIR", SHARED))

real_tables = pytest.mark.skipif(
    not (DATA_DIR / "tabular").exists(),
    reason=f"there is no folder 'tabular' in {DATA_DIR}; set KERASOCC_DATA_DIR to one that has it",
)


@pytest.fixture
def table(random):
    x = random.normal(size=(50, 3)).astype("float32")
    y = np.repeat([0, 1], [40, 10])
    return x, y


def write_csv(path, x, y, header="a,b,c,label"):
    rows = [",".join([*map(repr, map(float, row)), str(v)]) for row, v in zip(x, y, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")


def write(path, x, y):
    if path.suffix == ".npz":
        np.savez(path, X=x, y=y)
    elif path.name.endswith("v73.mat"):
        import h5py

        with h5py.File(path, "w") as file:
            file["X"], file["y"] = x.T, y[None]
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"X": x, "y": y[:, None]})
    elif path.suffix == ".csv":
        write_csv(path, x, y)
    else:
        import pandas

        pandas.DataFrame({**{f"c{i}": x[:, i] for i in range(3)}, "Outlier": y}).to_parquet(path)


@pytest.mark.parametrize("name", ["t.npz", "t.mat", "t_v73.mat", "t.csv", "t.parquet"])
def test_formats(name, table, tmp_path):
    write(tmp_path / name, *table)
    pool = tables.read_table(tmp_path / name)
    np.testing.assert_allclose(pool.x, table[0], rtol=1e-6)
    np.testing.assert_array_equal(pool.y, table[1])


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


BAD_TABLES = {
    "text": ("a,b,c,label\n1,2,3,0\n1,two,3,1\n", "Received: 'two' in row 1, column 'b'"),
    "no-label": ("a,b,c\n1,2,3\n", "must have labels called one of"),
    "label-values": ("a,label\n1,0\n2,5\n", r"0 \(normal\) or 1 \(anomaly\).*\['0', '5'\]"),
    "label-text": ("a,label\n1,good\n2,bad\n", r"0 \(normal\) or 1 \(anomaly\).*'bad', 'good'"),
    "empty": ("", "no readable .csv file"),
    "no-rows": ("a,label\n", "must hold a table of numbers"),
    "long-rows": ("a,label\n1,2,0\n3,4,1\n", "no readable .csv file"),
    "no-number-of-a-label": ("a,label\n1,0\n2,\n", "no label in row 1, column 'label'"),
    "ragged": ("a,b,label\n1,2,0\n1,2,3,4,0\n", "no readable .csv file"),
}


@pytest.mark.parametrize("bad", BAD_TABLES)
def test_bad_csv(bad, tmp_path):
    content, message = BAD_TABLES[bad]
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        tabular(path)


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".csv", ".parquet"])
def test_broken_files(suffix, tmp_path):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"\x00\x81 this is no table \xff" * 10)
    with pytest.raises(ValueError, match="no readable |must have labels"):
        tabular(path)


def test_label_column_by_name(table, tmp_path):
    write_csv(tmp_path / "t.csv", *table, header="a,b,label,fraud")
    assert len(tabular(tmp_path / "t.csv", label="fraud").x_train) == 24
    with pytest.raises(ValueError, match=r"labels called one of \['fraude'\].*'fraud'"):
        tabular(tmp_path / "t.csv", label="fraude")


def test_labels_by_the_name_of_normal_ones(table, tmp_path):
    x, y = table
    texts = np.where(y == 0, "ok", "broken")
    write_csv(tmp_path / "t.csv", x, texts)
    expected = tabular(table)
    for source, normal in ((tmp_path / "t.csv", "ok"), ((x, texts), "ok"), ((x, y + 5), "5")):
        data = tabular(source, normal_class=normal)
        np.testing.assert_allclose(data.x_train, expected.x_train, rtol=1e-6)
        np.testing.assert_array_equal(data.y_test, expected.y_test)
    with pytest.raises(
        ValueError, match="`normal_class` must be a label of .*'broken', 'ok'.*'OK'"
    ):
        tabular(tmp_path / "t.csv", normal_class="OK")


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


@real_tables
def test_deep_svdd_on_cardio():
    data = tabular("cardio", data_dir=DATA_DIR)
    model = kocc.DeepSVDD(
        kocc.networks.mlp([21, 32, 16, 8], seed=0), preprocessing=data.preprocessing, seed=0
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=128, epochs=20, verbose=0)
    assert model.evaluate(data.x_test, data.y_test, return_dict=True)["auc"] > 0.7
    assert np.ptp(model.score(data.x_train)) > 0


@real_tables
def test_all_real_tables_can_be_read():
    files = sorted((DATA_DIR / "tabular").glob("*.npz"))
    assert len(files) > 30
    for file in files:
        pool = tables.read_table(file)
        assert np.isfinite(pool.x).all(), file
        assert 0 < pool.y.mean() < 0.5, file
