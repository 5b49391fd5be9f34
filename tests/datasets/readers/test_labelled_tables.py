"""Tables with labels: every format, labels by name, broken files."""

import numpy as np
import pytest

from kerasocc.datasets import tabular
from kerasocc.datasets.readers.labelled_tables import read_table
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder
from tests.datasets.table_examples import make_table, write, write_csv


@pytest.fixture
def table(random):
    return make_table(random)


@pytest.mark.parametrize("name", ["t.npz", "t.mat", "t_v73.mat", "t.csv", "t.parquet"])
def test_formats(name, table, tmp_path):
    write(tmp_path / name, *table)
    pool = read_table(tmp_path / name)
    np.testing.assert_allclose(pool.x, table[0], rtol=1e-6)
    np.testing.assert_array_equal(pool.y, table[1])


BAD_TABLES = {
    "text": (
        "a,b,c,label\n1,2,3,0\n1,two,3,1\n",
        r"Received: 'two' in row 1 \(line 3\), column 'b'",
    ),
    "label-values": ("a,label\n1,0\n2,5\n", r"0 \(normal\) or 1 \(anomaly\).*\['0', '5'\]"),
    "label-text": ("a,label\n1,good\n2,bad\n", r"0 \(normal\) or 1 \(anomaly\).*'bad', 'good'"),
    "empty": ("", "no readable .csv file"),
    "no-rows": ("a,label\n", "must hold a table of numbers"),
    "long-rows": ("a,label\n1,2,0\n3,4,1\n", "no readable .csv file"),
    "no-number-of-a-label": ("a,label\n1,0\n2,\n", r"no label in row 1 \(line 3\), column 'label'"),
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
    with pytest.raises(ValueError, match="no readable |must have labels|must hold a table"):
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


@needs_folder("tabular")
def test_all_real_tables_can_be_read():
    files = sorted((KERASOCC_DATA / "tabular").glob("*.npz"))
    assert len(files) > 30
    for file in files:
        pool = read_table(file)
        assert np.isfinite(pool.x).all(), file
        assert 0 < pool.y.mean() < 0.5, file
