"""Numbers of Parquet files, without data frames where their columns hold nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.readers.headers import check_distinct

BUFFER_BYTES = 2**18
"""Of each column that is read: whole row groups may be larger than the memory."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file.

    Yields:
        A `pyarrow.parquet.ParquetFile`, read in parts.

    Raises:
        ValueError: If it cannot be read, or two columns have the same name.
    """
    import pandas
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            check_distinct(file.schema_arrow.names, path)
            yield file
    except (pyarrow.ArrowException, OSError, pandas.errors.ParserError) as error:
        raise ValueError(f"{str(path)!r} is no readable Parquet file: {error}") from error


def names_in(file: Any) -> list[str]:
    """Names of the columns of an open file, without the index of a data frame."""
    return list(file.schema_arrow.empty_table().to_pandas().columns)


def holds_numbers(file: Any, columns: Sequence[str]) -> bool:
    """Whether columns of an open file, which it has, are of plain numbers."""
    from pyarrow import types

    kinds = (types.is_integer, types.is_float32, types.is_float64)
    found = [file.schema_arrow.field(name).type for name in columns]
    # A dot is read as a path into a nested column.
    is_plain = all(any(is_kind(t) for is_kind in kinds) for t in found)
    return is_plain and not any("." in name for name in columns)


def read_numbers(file: Any, columns: Sequence[str], rows: int) -> Iterator[np.ndarray]:
    """Read columns for which `holds_numbers`.

    Args:
        file: What `opened` yields.
        columns: Their names.
        rows: Most rows of a block.

    Yields:
        Arrays of shape `(rows, columns)`, float64, missing values as NaN.
    """
    import pyarrow

    for batch in file.iter_batches(rows, columns=list(columns)):
        x = np.empty((len(batch), len(columns)))
        for number, name in enumerate(columns):
            column = batch.column(name).cast(pyarrow.float64(), safe=False)
            x[:, number] = column.to_numpy(zero_copy_only=False)
        yield x
