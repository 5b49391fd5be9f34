"""Numbers in the cells of text files: which cells are numbers, and their values in float64."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

MISSING = (
    *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NaN", "nan", "-NaN", "-nan"),
    *("NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""Cells that stand for a missing value, those of pandas."""

TRUE, FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")


def number_pattern(decimal: str, thousands: str) -> str:
    """Return a regular expression, of Python and RE2, that finite numbers match as a whole."""
    point = re.escape(decimal)
    whole = r"[0-9]+"
    if thousands:
        # All kinds of blanks count as one: which of them a program writes cannot be seen.
        between = r"[ \x{A0}\x{202F}]" if thousands == " " else re.escape(thousands)
        # `0,123` has no thousands: it is a number with a decimal comma, or none at all.
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+|[0-9]+)"
    return rf"^\s*[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"


def compiled(decimal: str, thousands: str) -> re.Pattern:
    """Return the pattern of `number_pattern` for Python."""
    pattern = number_pattern(decimal, thousands)
    return re.compile(pattern.replace(r"\x{A0}", "\u00a0").replace(r"\x{202F}", "\u202f"))


def is_missing(cell: str) -> bool:
    """Return whether a cell stands for a missing value."""
    return cell.strip() in MISSING


def parse_numbers(cells: Any, decimal: str = ".", thousands: str = "") -> Any:
    """Convert cells to numbers.

    Args:
        cells: Texts, None where there is none; anything that `pyarrow.array` takes.
        decimal: See `Dialect`.
        thousands: See `Dialect`.

    Returns:
        Numbers, shape `(rows,)`, float64, NaN where a cell is missing or no number; and a
        mask of the cells that are neither missing nor a number. Numbers beyond the range of
        float64 become infinite.
    """
    import pandas
    import pyarrow
    from pyarrow import compute

    texts = pyarrow.array(cells, pyarrow.string(), from_pandas=True)
    texts = compute.if_else(compute.is_in(texts, pyarrow.array(MISSING)), None, texts)
    if decimal != "." or thousands:
        texts = _plain(texts, decimal, thousands)
    try:
        numbers = compute.cast(texts, pyarrow.float64())
        return numbers.to_numpy(zero_copy_only=False).astype("float64"), np.zeros(len(texts), bool)
    except pyarrow.ArrowInvalid:
        # Some are no numbers, or are written in a way that pandas knows too.
        stripped = compute.utf8_trim_whitespace(texts)
        stripped = compute.if_else(compute.equal(stripped, ""), None, stripped)
        objects = pandas.Series(stripped.to_pylist(), dtype=object)
        numbers = pandas.to_numeric(objects, errors="coerce").to_numpy("float64", na_value=np.nan)
        return numbers, np.isnan(numbers) & stripped.is_valid().to_numpy(zero_copy_only=False)


def _plain(texts: Any, decimal: str, thousands: str) -> Any:
    """Rewrite numbers of a dialect with a point alone; other cells are marked as no numbers."""
    from pyarrow import compute

    words = r"(?i)^\s*[+-]?inf(inity)?\s*$"
    fits = compute.or_(
        compute.match_substring_regex(texts, number_pattern(decimal, thousands)),
        compute.match_substring_regex(texts, words),
    )
    plain = texts
    for blank in ("\u00a0", "\u202f") if thousands == " " else ():
        plain = compute.replace_substring(plain, blank, " ")
    if thousands:
        plain = compute.replace_substring(plain, thousands, "")
    if decimal != ".":
        plain = compute.replace_substring(plain, decimal, ".")
    return compute.if_else(fits, plain, compute.binary_join_element_wise("no number", texts, ""))


def typed(cells: Any, decimal: str = ".", thousands: str = "") -> Any:
    """Convert cells to a column: int64, float64 or boolean if all of them are, else text.

    Args:
        cells: As for `parse_numbers`.
        decimal: See `Dialect`.
        thousands: See `Dialect`.

    Returns:
        A `pandas.Series`; missing cells of text are None.
    """
    import pandas
    import pyarrow
    from pyarrow import compute

    texts = pyarrow.array(cells, pyarrow.string(), from_pandas=True)
    found = compute.if_else(compute.is_in(texts, pyarrow.array(MISSING)), None, texts)
    if found.null_count == 0 and len(found) and not thousands:
        try:
            return pandas.Series(compute.cast(found, pyarrow.int64()).to_numpy())
        except pyarrow.ArrowInvalid:
            pass
    numbers, wrong = parse_numbers(found, decimal, thousands)
    if not wrong.any():
        whole = len(numbers) and np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
        # As a column of `1` and `2`, not of `1.0`: these are labels more often than not.
        is_whole = whole and np.abs(numbers).max() < 2**53 and not _has(found, decimal)
        return pandas.Series(numbers.astype("int64") if is_whole else numbers)
    if compute.all(compute.is_in(found.drop_null(), pyarrow.array([*TRUE, *FALSE]))).as_py():
        is_true = compute.is_in(found, pyarrow.array(TRUE)).to_pandas()
        return is_true if found.null_count == 0 else _nullable(is_true, found)
    return pandas.Series(found.to_pylist(), dtype=object)


def _has(texts: Any, decimal: str) -> bool:
    """Whether numbers are written with a decimal point or an exponent."""
    from pyarrow import compute

    pattern = rf"[{re.escape(decimal)}eE]"
    return bool(compute.any(compute.match_substring_regex(texts, pattern)).as_py())


def _nullable(is_true: Any, texts: Any) -> Any:
    return is_true.astype("boolean").mask(texts.is_null().to_pandas())


def typed_labels(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Join the labels of all blocks and give them one type.

    A block of a text file has its labels as text: whether they are numbers is a question to
    all of them.

    Args:
        blocks: Arrays of shape `(rows,)`.
    """
    labels = np.concatenate(list(blocks))
    if labels.dtype != object or not all(isinstance(v, str) for v in labels):
        return labels
    return typed(labels.tolist()).to_numpy()
