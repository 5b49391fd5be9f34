"""How text files are written: what is detected, and what can be read in two ways."""

import numpy as np
import pytest

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import find_dialect, read_frames

HOLE = pytest.approx(np.nan, nan_ok=True)
# Content of a file, what is unusual about it, and its columns.
FILES = {
    "commas": ("a,b\n1,2.5\n3,4.5\n", {}, {"a": [1, 3], "b": [2.5, 4.5]}),
    "semicolons": ("a;b\n1.5;2\n3.5;4\n", {"separator": ";"}, {"a": [1.5, 3.5], "b": [2, 4]}),
    "tabs": ("a\tb\n1\t2\n", {"separator": "\t"}, {"a": [1], "b": [2]}),
    "pipes": ("a|b\n1|2\n", {"separator": "|"}, {"a": [1], "b": [2]}),
    "blanks": (" a b\n1  2\n 3   4\n", {"separator": " "}, {"a": [1, 3], "b": [2, 4]}),
    "one column": ("a b\n1\n2\n", {}, {"a b": [1, 2]}),
    "one column with a hole": ("a\n1\n\n3\n", {}, {"a": [1, HOLE, 3]}),
    "decimal comma": (
        "a;b\n1,5;2\n-3,25e2;4\n",
        {"separator": ";", "decimal": ","},
        {"a": [1.5, -325.0], "b": [2, 4]},
    ),
    "decimal comma without header": (
        "1,5;2,5\n3,5;4,5\n",
        {"separator": ";", "decimal": ",", "header": False},
        {"0": [1.5, 3.5], "1": [2.5, 4.5]},
    ),
    "a decimal comma in one column": (
        "x y;p;-92274,3994\nz;q;76145,3246\n",
        {"separator": ";", "decimal": ",", "header": False},
        {"0": ["x y", "z"], "1": ["p", "q"], "2": [-92274.3994, 76145.3246]},
    ),
    "one column of decimal commas": (
        "c\n1,5\n2,25\n",
        {"separator": "|", "decimal": ","},
        {"c": [1.5, 2.25]},
    ),
    "a missing value in a first row": (
        "ok,NA\nok,2.5\nbad,3.5\n",
        {"header": False},
        {"0": ["ok", "ok", "bad"], "1": [HOLE, 2.5, 3.5]},
    ),
    "thousands by points": (
        "a;b\n1.234,5;2\n11.000;4\n",
        {"separator": ";", "decimal": ",", "thousands": "."},
        {"a": [1234.5, 11000], "b": [2, 4]},
    ),
    "thousands by commas": (
        'a,b\n"1,234.5",2\n"12,000",4\n',
        {"thousands": ","},
        {"a": [1234.5, 12000], "b": [2, 4]},
    ),
    "thousands by blanks": (
        "a;b\n1 234,5;2\n12\u00a0000;4\n",
        {"separator": ";", "decimal": ",", "thousands": " ", "encoding": "utf-8"},
        {"a": [1234.5, 12000], "b": [2, 4]},
    ),
    "dates are no numbers": (
        "when;v\n01.02.2024;3,5\n02.02.2024;4,5\n",
        {"separator": ";", "decimal": ","},
        {"when": ["01.02.2024", "02.02.2024"], "v": [3.5, 4.5]},
    ),
    "comments": (
        "# by me\n#\na,b\n1,2\n# in between\n3,4\n",
        {"comment": "#"},
        {"a": [1, 3], "b": [2, 4]},
    ),
    "comments with as many cells as rows": (
        "# by me, today\n# m, s\n1,2\n3,4\n",
        {"comment": "#", "header": False},
        {"0": [1, 3], "1": [2, 4]},
    ),
    "a header that begins like a comment": ("# a,b\n1,2\n", {}, {"a": [1], "b": [2]}),
    "no header, text labels": (
        "5.1,3.5,setosa\n4.9,3.0,virginica\n",
        {"header": False},
        {"0": [5.1, 4.9], "1": [3.5, 3.0], "2": ["setosa", "virginica"]},
    ),
    "numbers as names": (
        "400,402,404,406,class\n.1,.2,.3,.3,0\n",
        {},
        {"400": [0.1], "402": [0.2], "404": [0.3], "406": [0.3], "class": [0]},
    ),
    "text alone has a header": ("a,b\nx,y\n", {}, {"a": ["x"], "b": ["y"]}),
    "an index without a name": (",a\n0,1\n1,2\n", {}, {"Unnamed: 0": [0, 1], "a": [1, 2]}),
    "other ends of lines": ("a,b\r\n1,2\r\n\r\n3,4", {}, {"a": [1, 3], "b": [2, 4]}),
    "quotes": (
        '"a","b,c"\n1,"x\ny"\n2,"""z"""\n',
        {},
        {"a": [1, 2], "b,c": ["x\ny", '"z"']},
    ),
    "truth": ("a,b\nTrue,1\nfalse,2\n", {}, {"a": [True, False], "b": [1, 2]}),
    "a fraction below 1 has no thousands": (
        "a;b\n0.123;1\n12.345;2\n",
        {"separator": ";"},
        {"a": [0.123, 12.345], "b": [1, 2]},
    ),
    "a decimal comma in another column tells what points are": (
        "a;b\n12.345;1,5\n6.789;2,5\n",
        {"separator": ";", "decimal": ",", "thousands": "."},
        {"a": [12345, 6789], "b": [1.5, 2.5]},
    ),
    "three digits after points between commas": (
        "a,b\n12.345,1\n6.789,2\n",
        {},
        {"a": [12.345, 6.789], "b": [1, 2]},
    ),
    "whole numbers and labels without a header": (
        "12345,0\n6789,1\n",
        {"header": False},
        {"0": [12345, 6789], "1": [0, 1]},
    ),
    "three digits under two names": ("a,b\n12,345\n6,789\n", {}, {"a": [12, 6], "b": [345, 789]}),
    "commas in texts between semicolons": (
        'c;name, full\n-35984,6803;"x;y"\n;p,q\n7975,0578;a b\n1,5;q,p\n',
        {"separator": ";", "decimal": ","},
        {"c": [-35984.6803, HOLE, 7975.0578, 1.5], "name, full": ["x;y", "p,q", "a b", "q,p"]},
    ),
    "a value that is called like labels": (
        "1.5,2.5,y\n3.5,4.5,n\n5.5,0.5,y\n",
        {"header": False},
        {"0": [1.5, 3.5, 5.5], "1": [2.5, 4.5, 0.5], "2": ["y", "n", "y"]},
    ),
    "numbered columns and a label": (
        "0,1,class\n1.5,2.5,ok\n3.5,4.5,bad\n",
        {},
        {"0": [1.5, 3.5], "1": [2.5, 4.5], "class": ["ok", "bad"]},
    ),
}
USUAL = {"separator": ",", "decimal": ".", "thousands": "", "comment": "", "header": True}


def read(path, **options):
    dialect = find_dialect(path, Dialect(**options))
    (frame,) = read_frames(path, dialect)
    return dialect, frame


@pytest.mark.parametrize("name", FILES)
def test_what_is_unusual_is_detected(name, tmp_path):
    content, unusual, columns = FILES[name]
    (tmp_path / "t.csv").write_text(content, encoding="utf-8", newline="")
    dialect, frame = read(tmp_path / "t.csv")
    assert dialect.options == {**USUAL, **unusual}
    assert frame.to_dict("list") == columns


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(encoding, tmp_path):
    (tmp_path / "t.csv").write_bytes("größe;b\n1,5;2\n".encode(encoding))
    dialect, frame = read(tmp_path / "t.csv")
    assert frame.to_dict("list") == {"größe": [1.5], "b": [2]}
    assert dialect.encoding == {"latin-1": "cp1252"}.get(encoding, encoding)


def test_what_is_given_is_not_detected(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1,234;2\n3,500;4\n")
    assert read(tmp_path / "t.csv")[1].a.tolist() == [1.234, 3.5]
    options = dict(thousands=",", decimal=".")
    assert read(tmp_path / "t.csv", **options)[1].a.tolist() == [1234, 3500]
    assert list(read(tmp_path / "t.csv", header=False)[1]["0"]) == ["a", "1,234", "3,500"]
    with pytest.raises(ValueError, match="every row must have 1 cells as in line 1. Received: 2"):
        read(tmp_path / "t.csv", separator=",")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\n1,234\t2\n3,500\t4\n", r"`decimal` must be '\.' or ','\. Received: '1,234'"),
        ("a|b\n1.234|2\n3.500|4\n", r"`decimal` must be '\.' or ','\. Received: '1.234'"),
        ("a;b\n1.234;2\n3.500;4\n", r"`decimal` must be '\.' or ','\. Received: '1.234'"),
        ("a;b\n1,234;2\n999;4\n", r"`decimal` must be '\.' or ','\. Received: '1,234'"),
        ("a\n-356.318\n551.058\n", r"`decimal` must be '\.' or ','\. Received: '-356.318'"),
        ("591 757\n-415 511\n", "`separator` must be space for several, or .* '591 757'"),
        ("n it\n591 757.5\n-4 511\n", "`separator` must be space for several, or .* '591 757"),
        ("606,629\n-142,558.25\n", "`separator` must be ',' for several, or .* '606,629'"),
        ("-345,5540\n6,2507\n", "`separator` must be ',' for several, or .* '-345,5540'"),
        ("-345,5\n6,025\n", "`separator` must be ',' for several, or .* '-345,5'"),
        ("flow, mean\n3,5\n6,25\n", "`separator` must be ',' for several, or .* '3,5'"),
        ("400,402,404,406\n.1,.2,.3,.3\n", r"`header` must be True or False\. Received: \['400'"),
        ("406,404,402,400\n.1,.2,.3,.3\n", r"`header` must be True or False\. Received: \['406'"),
        ("1.5,2.5,y\n3,4,n\n3,4,n\n", r"`header` must be True or False\. Received: \['1.5'"),
        ("591842|-809473|ok\n", r"`header` must be True or False\. Received: \['591842'"),
        (",ok\n0.5,bad\n", r"`header` must be True or False\. Received: \['', 'ok'\]"),
        ("ok,\nbad,0.5\n", r"`header` must be True or False\. Received: \['ok', ''\]"),
        (",ok\n", r"`header` must be True or False\. Received: \['', 'ok'\]"),
        ("colour,v\n#ff0000,1\nred,2\n", "`comment` must be '#' to leave .* Received: '#ff0000,1'"),
        ("#1,0\n#1,0\nok,0\n", "`comment` must be '#' to leave .* Received: '#1,0'"),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked_for(content, message, tmp_path):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ValueError, match=f"t.csv' has .*{message}"):
        find_dialect(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("content", "options", "columns"),
    [
        ("a;b\n1.234;2\n3.500;4\n", {"decimal": "."}, {"a": [1.234, 3.5], "b": [2, 4]}),
        ("a;b\n1.234;2\n3.500;4\n", {"decimal": ","}, {"a": [1234, 3500], "b": [2, 4]}),
        ("591 757\n-415 511\n", {"separator": "space"}, {"0": [591, -415], "1": [757, 511]}),
        ("591 757\n-415 511\n", {"separator": ";"}, {"0": [591757, -415511]}),
        ("-345,5540\n6,2507\n", {"separator": ","}, {"0": [-345, 6], "1": [5540, 2507]}),
        ("-345,5540\n6,2507\n", {"separator": ";"}, {"0": [-345.554, 6.2507]}),
        ("-345,5540\n6,2507\n", {"decimal": ","}, {"0": [-345.554, 6.2507]}),
        ("606,629\n-142,558.25\n", {"separator": ";"}, {"0": [606629, -142558.25]}),
        ("c,v\n#f,1\nred,2\n", {"comment": "none"}, {"c": ["#f", "red"], "v": [1, 2]}),
        ("c,v\n#f,1\nred,2\n", {"comment": "#"}, {"c": ["red"], "v": [2]}),
    ],
)
def test_an_option_answers_the_question(content, options, columns, tmp_path):
    (tmp_path / "t.csv").write_text(content)
    assert read(tmp_path / "t.csv", **options)[1].to_dict("list") == columns


def test_a_cell_that_is_too_long_is_no_bug(tmp_path):
    (tmp_path / "t.csv").write_text("a" * 200_000 + "\n1\n")
    with pytest.raises(ValueError, match="t.csv' is no readable .csv file: field larger"):
        list(read_frames(tmp_path / "t.csv"))


def test_what_a_run_has_found_holds_for_its_files(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1,5;2\n")
    kept = find_dialect(tmp_path / "t.csv")
    (tmp_path / "new.csv").write_text("a;b\n1,234;2\n")
    assert find_dialect(tmp_path / "new.csv", None, kept) == kept
    # A mark at the start of the file says more than files of earlier days.
    (tmp_path / "new.csv").write_bytes("a;b\n1,234;2\n".encode("utf-16"))
    assert find_dialect(tmp_path / "new.csv", None, kept).encoding == "utf-16"
    (tmp_path / "new.csv").write_text("a,b\n1.5,2\n")
    auto = Dialect(separator="auto", decimal="auto")
    assert find_dialect(tmp_path / "new.csv", auto, kept).options == USUAL


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("separator", "ab"),
        ("separator", ""),
        ("decimal", ";"),
        ("thousands", "1"),
        ("encoding", "latin-99"),
        ("encoding", "hex"),
        ("comment", 7),
        ("header", "yes"),
        ("sheet", ""),
    ],
)
def test_options_are_checked(option, value):
    with pytest.raises(ValueError, match=f"`{option}` must be .*Received: {option}={value!r}"):
        Dialect(**{option: value})


def test_decimal_and_thousands_differ():
    with pytest.raises(ValueError, match="`decimal` and `thousands` must differ"):
        Dialect(decimal=",", thousands="comma")
    kept = Dialect(decimal=".", thousands=",")
    assert Dialect(decimal=",").over(kept) == Dialect(decimal=",", thousands=None)


@pytest.mark.parametrize("name", ["t.npz", "t.npy", "t.parquet"])
def test_other_files_take_no_options(name, tmp_path):
    with pytest.raises(ValueError, match=f"`separator` must be left out: .*{name}' is read wit"):
        find_dialect(tmp_path / name, Dialect(separator=";"))
    assert find_dialect(tmp_path / name, None, Dialect(separator=";")) is None


def test_numbers_as_they_are_written(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c\n 1.5,1e400,+7\n2 ,-inf,NA\n")
    _, frame = read(tmp_path / "t.csv")
    np.testing.assert_array_equal(frame.a, [1.5, 2])
    np.testing.assert_array_equal(frame.b, [np.inf, -np.inf])
    np.testing.assert_array_equal(frame.c, [7, np.nan])
