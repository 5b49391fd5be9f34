"""Files to score that are written otherwise than the training file: same values, same samples."""

import itertools

import numpy as np
import pandas
import pytest

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import find_dialect
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.datasets.sample_format import TABLE, SampleFormat

RANDOM = np.random.default_rng(0)
FRAME = pandas.DataFrame(
    {
        "größe": RANDOM.normal(size=30).round(4),
        "menge": 1000.0 * RANDOM.integers(1, 9, 30) + RANDOM.integers(0, 1000, 30) + 0.5,
        "zahl": RANDOM.integers(0, 9, 30),
        "Ort": RANDOM.choice(["Köln", "Łódź", "Bern"], 30),
    }
)
WRITTEN = {
    "english": dict(sep=","),
    "german": dict(sep=";", decimal=","),
    "points": dict(sep=";"),
    "tabs": dict(sep="\t", decimal=","),
    "bars in UTF-16": dict(sep="|", encoding="utf-16"),
    "eastern": dict(sep=";", decimal=",", encoding="cp1250"),
    "thousands": dict(sep="\t", thousands=","),
    "points between thousands": dict(sep=";", decimal=",", thousands="."),
    "comments": dict(sep=",", comment="# made by a program\n"),
}


def write(path, frame, *, sep, decimal=".", encoding="utf-8", thousands="", comment=""):
    def cell(value):
        if not isinstance(value, float):
            return str(value)
        text = f"{value:,}" if thousands else repr(value)
        return text.translate({ord(","): thousands, ord("."): decimal})

    lines = [sep.join(frame.columns)]
    lines += [sep.join(map(cell, row)) for row in frame.itertuples(index=False)]
    path.write_text(comment + "\n".join(lines) + "\n", encoding=encoding)
    return path


def format_of(path, columns, as_text=(), **options):
    return SampleFormat(
        kind=TABLE,
        shape=(len(columns),),
        columns=tuple(columns),
        dialect=find_dialect(path, Dialect(**options)),
        is_raw=bool(as_text),
        as_text=as_text,
    )


@pytest.mark.parametrize("with_text", [False, True])
@pytest.mark.parametrize("trained, later", list(itertools.product(WRITTEN, WRITTEN)))
def test_same_values(trained, later, with_text, tmp_path):
    frame = FRAME if with_text else FRAME.drop(columns="Ort")
    options = dict(encoding="cp1250") if trained == "eastern" else {}
    first = write(tmp_path / "first.csv", frame, **WRITTEN[trained])
    sample_format = format_of(first, frame.columns, ("Ort",) if with_text else (), **options)
    if later == "eastern" and trained != "eastern":
        # Which of the encodings with a byte for each letter it is cannot be seen.
        given = Dialect(encoding="cp1250")
    else:
        given = None
    path = write(tmp_path / "later.csv", frame[frame.columns[::-1]], **WRITTEN[later])
    (part,) = read_new(path, sample_format, dialect=given)
    found = part.x.columns.values() if with_text else part.x.T
    for name, values in zip(frame.columns, found, strict=True):
        np.testing.assert_array_equal(values, frame[name].to_numpy(), err_msg=name)


def test_what_can_be_read_in_two_ways_is_read_as_in_training(tmp_path):
    german = write(tmp_path / "a.csv", FRAME[["menge", "zahl"]], **WRITTEN["german"])
    (tmp_path / "b.csv").write_text("menge;zahl\n1,234;1\n5,678;2\n")
    (part,) = read_new(tmp_path / "b.csv", format_of(german, ["menge", "zahl"]))
    np.testing.assert_array_equal(part.x[:, 0], [1.234, 5.678])
    plain = write(tmp_path / "c.csv", FRAME[["menge", "zahl"]], **WRITTEN["thousands"])
    (tmp_path / "d.csv").write_text("menge\tzahl\n1,234\t1\n5,678\t2\n")
    (part,) = read_new(tmp_path / "d.csv", format_of(plain, ["menge", "zahl"]))
    np.testing.assert_array_equal(part.x[:, 0], [1234, 5678])


def test_options_of_the_user_hold(tmp_path):
    first = write(tmp_path / "first.csv", FRAME[["menge", "zahl"]], **WRITTEN["german"])
    sample_format = format_of(first, ["menge", "zahl"])
    later = write(tmp_path / "later.csv", FRAME[["menge", "zahl"]], **WRITTEN["english"])
    for given, message in (
        (Dialect(separator=";"), r"no column \['menge', 'zahl'\] among \['menge,zahl'\]"),
        (Dialect(decimal=",", thousands=""), "must hold numbers. Received: '"),
    ):
        with pytest.raises(ValueError, match=message):
            list(read_new(later, sample_format, dialect=given))


def test_codes_that_look_like_numbers_do_not_decide(tmp_path):
    columns = {"code": ["1,5", "2,5"], "count": [3, 4]}
    first = write(tmp_path / "first.csv", pandas.DataFrame(columns), sep=";")
    sample_format = format_of(first, ["code", "count"], ("code",), decimal=".", thousands="")
    (part,) = read_new(first, sample_format)
    assert part.x.columns["code"].tolist() == ["1,5", "2,5"]


def test_other_files_are_refused_by_what_was_expected(tmp_path):
    first = write(tmp_path / "first.csv", FRAME[["menge", "zahl"]], **WRITTEN["german"])
    sample_format = format_of(first, ["menge", "zahl"])
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match=r"Received: no column \['menge', 'zahl'\] among"):
        list(read_new(tmp_path / "other.csv", sample_format))


def test_sheets_of_other_names(tmp_path):
    pytest.importorskip("openpyxl")
    frame = FRAME.drop(columns="Ort")
    frame.to_excel(tmp_path / "a.xlsx", sheet_name="Messung", index=False)
    frame.to_excel(tmp_path / "b.xlsx", sheet_name="Neu", index=False)
    sample_format = format_of(tmp_path / "a.xlsx", frame.columns)
    assert sample_format.dialect.sheet == "Messung"
    (part,) = read_new(tmp_path / "b.xlsx", sample_format)
    np.testing.assert_array_equal(part.x, frame.to_numpy())
    with pytest.raises(ValueError, match="`sheet` must name one of them"):
        list(read_new(tmp_path / "b.xlsx", sample_format, dialect=Dialect(sheet="Messung")))
