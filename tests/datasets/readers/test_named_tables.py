"""Files of named columns: packed ones, broken ones, workbooks, blocks and places."""

import bz2
import gzip

import numpy as np
import openpyxl
import pandas
import pyarrow
import pytest
from pyarrow import parquet

from kerasocc.datasets import load
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers import text_tables
from kerasocc.datasets.readers.named_tables import find_dialect, place_of, read_frames
from kerasocc.datasets.readers.raw_tables import read_raw
from kerasocc.datasets.readers.table_files import Selection, read_blocks

TEXT = b"a,b\n" + b"".join(b"%d,%d.5\n" % (i, i) for i in range(3000))
PACKERS = {
    ".csv": bytes,
    ".csv.gz": gzip.compress,
    ".csv.bz2": bz2.compress,
    ".csv.zst": lambda text: pyarrow.compress(text, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("suffix", PACKERS)
def test_packed_files(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", 1000)
    path = tmp_path / f"t{suffix}"
    path.write_bytes(PACKERS[suffix](TEXT))
    frames = list(read_frames(path, None, 7))
    assert max(map(len, frames)) == 7
    frame = pandas.concat(frames)
    assert frame.index.tolist() == frame.a.tolist() == list(range(3000))
    assert frame.b.tolist() == [i + 0.5 for i in range(3000)]
    if suffix != ".csv":
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(ValueError, match=f"t{suffix}' is no readable .csv file: .*(end|Trunc)"):
            list(read_frames(path))


BROKEN = {
    "a,b,a\n1,2,3\n": "different names. Received: 'a' for the columns 1 and 3",
    "a,b\n1,2\n3\n5,6\n": "every row must have 2 cells as in line 1. Received: 1 in line 3",
    'a,b\n\n"1\n1",2\n3,4,5\n': "every row must have 2 cells as in line 1. Received: 3 in line 5",
    "# x\na,b\n# x\n1,2\n3\n": "every row must have 2 cells as in line 2. Received: 1 in line 5",
    'a,b\n1,"2\n3,4\n': "the quote in line 2 is not closed",
    "": "is no readable .csv file: it is empty",
    "\n\n": "is no readable .csv file: it is empty",
    "a,b\n\x00,2\n": "it holds NUL characters",
}


@pytest.mark.parametrize("content", BROKEN)
def test_broken_files_are_refused_by_line(content, tmp_path):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ValueError, match=BROKEN[content]):
        list(read_frames(tmp_path / "t.csv", find_dialect(tmp_path / "t.csv", Dialect())))


def test_bytes_that_the_first_lines_do_not_have(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n" + b"1,2\n" * 100_000 + b"3,\xe9\n")
    with pytest.raises(ValueError, match="not UTF-8 throughout; `encoding` must name"):
        list(read_frames(tmp_path / "t.csv"))
    dialect = find_dialect(tmp_path / "t.csv", Dialect(encoding="latin-1"))
    assert list(read_frames(tmp_path / "t.csv", dialect))[-1].b.iloc[-1] == "é"


def test_names_are_distinct_in_parquet_too(tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 2, names=["a", "a"])
    parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="Received: 'a' for the columns 1 and 2"):
        list(read_frames(tmp_path / "t.parquet"))


def workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


ROWS = [["a", "b", "state"], [1, 2.5, "ok"], [None, None, None], [3, "1.5", "bad"]]


def test_workbooks(tmp_path):
    path = workbook(tmp_path / "t.xlsx", ("Data", ROWS), ("Empty", []))
    dialect = find_dialect(path)
    assert dialect.sheet == "Data" and dialect.header
    frames = list(read_frames(path, dialect, 1))
    assert [len(frame) for frame in frames] == [1, 1]
    frame = pandas.concat(frames)
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2.5, 1.5], "state": ["ok", "bad"]}
    assert place_of(path, dialect, 1) == "row 1 (line 4)"


def test_sheets_are_chosen_by_name(tmp_path):
    path = workbook(tmp_path / "t.xlsx", ("Data", ROWS), ("More", [[1, 2], [3, 4]]))
    with pytest.raises(ValueError, match=r"has the sheets \['Data', 'More'\]; `sheet` must name"):
        find_dialect(path)
    dialect = find_dialect(path, Dialect(sheet="More"))
    (frame,) = read_frames(path, dialect)
    assert frame.to_dict("list") == {"0": [1, 3], "1": [2, 4]}
    with pytest.raises(ValueError, match="Received: sheet='Mor'"):
        find_dialect(path, Dialect(sheet="Mor"))


def test_a_workbook_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(ValueError, match=r'install "kerasocc\[excel\]"'):
        find_dialect(tmp_path / "t.xlsx")


def test_labels_of_files_without_header_are_found_by_position(tmp_path):
    rows = [f"{i},{i}.5,{'bad' if i % 5 == 4 else 'ok'}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    for label in ("2", "-1"):
        data = load(tmp_path / "t.csv", label=label, normal_class="ok")
        assert len(data.x_train) == 19 and data.y_test.sum() == 3
        assert data.sample_format.columns == ("0", "1") and data.sample_format.dialect.width == 3
    # The first row is a row.
    x = np.concatenate([data.x_train, data.x_test])
    assert 0 in x[:, 0]
    with pytest.raises(ValueError, match=r"labels called one of \['3'\]"):
        load(tmp_path / "t.csv", label="3", normal_class="ok")


def test_no_column_has_labels(tmp_path):
    (tmp_path / "t.csv").write_text("a,class\n" + "".join(f"{i % 9},{i % 7}\n" for i in range(40)))
    data = load(tmp_path / "t.csv", label="none")
    assert data.sample_format.columns == ("a", "class")
    assert not data.y_test.any() and len(data.x_train) + len(data.x_test) == 40


def test_labels_have_one_type_throughout(tmp_path):
    # In blocks the labels of the first rows look like numbers.
    (tmp_path / "t.csv").write_text("a,label\n" + "1,07\n2,07\n" * 10 + "3,x\n" * 20)
    blocks = read_blocks(tmp_path / "t.csv", Selection(), 20)
    assert [set(block.labels) for block in blocks] == [{"07"}, {"x"}]
    data = load(tmp_path / "t.csv", normal_class="07")
    assert len(data.x_train) == 12


def test_options_of_text_are_refused_for_images(tmp_path):
    with pytest.raises(ValueError, match="`separator` must be left out: 'digits' is no table"):
        load("digits", separator=";")
    with pytest.raises(TypeError, match="seperator"):
        load("digits", seperator=";")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_with_text_are_read_to_their_end(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", 1000)
    # The last rows tell that the first column has texts, too.
    frame = pandas.DataFrame({"a": ["1"] * 2990 + ["x"] * 10, "b": ["ok", "bad"] * 1500})
    path = tmp_path / f"t{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, row_group_size=100)
    table = read_raw(path, label="b", normal_class="ok")
    assert len(table.columns) == len(table.y) == 3000 and table.y.sum() == 1500
    assert list(table.columns.columns["a"][[0, 2989, 2990]]) == ["1", "1", "x"]


def test_a_quote_that_is_not_closed_in_a_table_with_text(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\nx,2\ny,"3\n' + "z,4\n" * 20)
    with pytest.raises(ValueError, match="the quote in line 3 is not closed"):
        read_raw(tmp_path / "t.csv", label=None, normal_class=None, optional=True)
