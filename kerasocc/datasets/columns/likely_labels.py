"""Columns that look like labels although nobody has said that they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kerasocc.datasets.columns.encoders import category_texts
from kerasocc.datasets.columns.named_columns import NamedColumns

NORMAL = frozenset("normal ok okay good benign inlier legit legitimate genuine healthy".split())
"""Values that stand for normal rows, in any case."""
ANOMALOUS = frozenset(
    "anomaly anomalous abnormal outlier bad nok ng attack malicious fraud fraudulent defect "
    "defective faulty fault failure failed broken intrusion".split()
)
"""Values that stand for anomalies, in any case."""
BOOLEANS = ({"0", "1"}, {"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"})
"""Pairs of values that say whether a row is what the name of the column says."""
MAX_VALUES = 50
"""Most different values of a column of labels."""

_STEMS = ("anomal", "abnormal", "outlier", "fraud", "defect", "fault", "fail", "attack")
_STEMS += ("malicious", "malware", "intrusion", "normal", "inlier", "label")
_COUNTS = frozenset(("n", "num", "number", "count", "counts", "rate", "total"))


class LikelyLabel(NamedTuple):
    """A column that looks like labels.

    Attributes:
        name: Name of the column.
        counts: How many rows have each value, the most frequent first.
        normal: The value that seems to be that of normal rows.
    """

    name: str
    counts: dict[str, int]
    normal: str


def has_name_of_labels(name: str) -> bool:
    """Return whether a column is called like labels of anomalies: `is_fraud`, `MachineFailure`."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return any(word.startswith(_STEMS) for word in words) and not _COUNTS.intersection(words)


def find_likely_label(table: NamedColumns) -> LikelyLabel | None:
    """Find the first column that looks like labels; None if there is none.

    Such a column holds a word for normal rows and one for anomalies. Or it is called like labels,
    and holds a word for normal rows beside others, or the two values of a boolean.

    Args:
        table: The columns that would be features.
    """
    for name, values in table.columns.items():
        if values.dtype.kind == "M":
            continue
        # Numbers are labels by the name of their column alone.
        named = has_name_of_labels(name)
        if values.dtype.kind != "O" and not named:
            continue
        counts = _counts(values)
        normal = None if counts is None else _normal_value(counts, name, named)
        if normal is not None:
            return LikelyLabel(name, dict(counts.most_common()), normal)
    return None


def _counts(values: np.ndarray) -> Counter[str] | None:
    """How often there is each value; None for one, or more than `MAX_VALUES`, of them."""
    if values.dtype.kind == "f":
        found, rows = np.unique(values, return_counts=True)
        counts = Counter({f"{v:g}": int(n) for v, n in zip(found[:99], rows, strict=False)})
    else:
        counts = Counter(category_texts(values))
    return counts if 2 <= len(counts) <= MAX_VALUES else None


def _normal_value(counts: Iterable[str], name: str, named: bool) -> str | None:
    plain = {text.lower().strip(" ."): text for text in counts}
    words = [word for word in plain if word in NORMAL]
    if words and (named or not ANOMALOUS.isdisjoint(plain)):
        return plain[words[0]]
    if named and set(plain) in BOOLEANS:
        no, yes = sorted(plain)
        says_normal = re.search("(^|[^b])normal|inlier", name.lower()) is not None
        return plain[yes if says_normal else no]
    return None
