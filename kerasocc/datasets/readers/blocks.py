"""What is read from a table, and the blocks of rows that it comes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.field_names import NO_LABEL, find_label_name


class Block(NamedTuple):
    """A block of rows of a table.

    Attributes:
        x: Numbers, shape `(rows, columns)`, missing values as NaN.
        labels: Labels as in the file, shape `(rows,)`, those of text files as text (see
            `text_numbers.typed_labels`); None if they are not read.
        columns: Names of the columns, None if the file has none.
        wrong: Mask of the cells that are no numbers, shape `(rows, columns)`; None if all are
            numbers or missing.
    """

    x: np.ndarray
    labels: np.ndarray | None
    columns: tuple[str, ...] | None
    wrong: np.ndarray | None = None


class Selection(NamedTuple):
    """What to read from a file.

    Attributes:
        labelled: Whether to read labels.
        label: Name of the label column or array; None for one of `LABEL_NAMES`; `"none"` if
            there is none.
        columns: Columns to read, in this order; None for all but the label. They are found by
            their names, or by their positions in a file without a header.
        dialect: How a text file is written, what `find_dialect` returned.
        tolerant: Whether cells that are no numbers are marked, not an error.
        optional: Whether a file without labels is read without them.
    """

    labelled: bool = True
    label: str | None = None
    columns: Sequence[str] | None = None
    dialect: Dialect | None = None
    tolerant: bool = False
    optional: bool = False

    @property
    def reads_labels(self) -> bool:
        """Whether there are labels to read."""
        return self.labelled and self.label != NO_LABEL

    def find_label(self, available: Iterable[Any], path: Path) -> Any:
        """Return the name of the label column or array; None if labels are not read."""
        if not self.reads_labels:
            return None
        return find_label_name(self.label, available, path, optional=self.optional)
