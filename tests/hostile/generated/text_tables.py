"""Random tables, written in random dialects."""

import csv
import io
from typing import NamedTuple

from hypothesis import strategies as st

WORDS = ["ok", "bad", "a b", "x;y", "p,q", 'say "hi"', "größe", "it's", "two\nlines", "#1", "y"]
MISSING = ["", "NA", "nan", "NULL"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1"]


class TextTable(NamedTuple):
    """A table as it is meant, and the bytes of its file.

    Attributes:
        names: Names of the columns; None without a header.
        columns: Lists of numbers (None for what is missing) or of texts.
        options: The dialect.
        content: The file.
    """

    names: list[str] | None
    columns: list[list]
    options: dict
    content: bytes


def number_text(value, decimal, thousands):
    """A number as text; floats have four digits after the decimal character."""
    grouped = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
    if not thousands:
        grouped = grouped.replace(",", "")
    return grouped.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


@st.composite
def columns_of(draw, rows):
    kind = draw(st.sampled_from(["float", "float", "int", "text"]))
    if kind == "text":
        return draw(st.lists(st.sampled_from(WORDS), min_size=rows, max_size=rows))
    if kind == "int":
        values = st.integers(-(10**6), 10**6)
    else:
        values = st.one_of(
            st.floats(-1e5, 1e5).map(lambda value: round(value, 4) + 0.0),
            st.none() if draw(st.integers(0, 3)) == 0 else st.nothing(),
        )
    return draw(st.lists(values, min_size=rows, max_size=rows))


@st.composite
def text_tables(draw):
    """Tables of at least one column of numbers in any dialect that can be told from its lines."""
    rows = draw(st.integers(1, 20))
    columns = draw(st.lists(columns_of(rows), min_size=1, max_size=5))
    if all(isinstance(column[0], str) for column in columns):
        columns.append([draw(st.integers(0, 10**6)) for _ in range(rows)])
    separator = draw(st.sampled_from(",;\t|"))
    decimal = draw(st.sampled_from("." if separator == "," else ".,"))
    marks = [mark for mark in ("", "", "", ",", ".", "'", " ") if mark not in (decimal, separator)]
    thousands = draw(st.sampled_from(marks))
    has_header = draw(st.integers(0, 3)) > 0
    names = [f"c{i}" if draw(st.integers(0, 4)) else f"größe {i}, mm" for i in range(len(columns))]
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    if has_header:
        writer.writerow(names)
    missing = draw(st.sampled_from(MISSING))

    def cell(value):
        if isinstance(value, str):
            return value
        return missing if value is None else number_text(value, decimal, thousands)

    for row in zip(*columns, strict=True):
        writer.writerow([cell(value) for value in row])
    encoding = draw(st.sampled_from(ENCODINGS))
    return TextTable(
        names if has_header else None,
        columns,
        dict(
            separator=separator, decimal=decimal, thousands=thousands, header=has_header, comment=""
        ),
        text.getvalue().encode(encoding),
    )
