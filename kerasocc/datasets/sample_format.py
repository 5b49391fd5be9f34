"""The format of the samples that a model was trained on, stored beside the model."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from kerasocc.datasets.dialect import Dialect
from kerasocc.files import read_json, write_json

NEWER = ("dialect", "ids", "is_raw", "as_text")
"""Entries that files of earlier versions lack."""

TABLE, IMAGES, ARRAYS = "table", "images", "arrays"


@dataclass(frozen=True, kw_only=True)
class SampleFormat:
    """What is needed to read new samples in the same way as the training samples.

    Attributes:
        kind: `"table"`, `"images"` or `"arrays"`.
        shape: Shape of one sample.
        columns: Names of a table's columns, None if the file had none.
        fill: Replacements of missing values per column; None if they are an error.
        resized: Whether images are resized when they are read.
        normal_class: Label of normal samples; None if labels are 0 (normal) and 1
            (anomaly).
        dialect: How the text file of the training samples was written; None for others.
        ids: Names of columns that are kept beside the scores.
        is_raw: Whether the model takes the columns of a table as they are, and makes features of
            them itself; `shape` is then that of the features.
        as_text: Names of columns whose cells are text, even where they look like numbers.
    """

    kind: str
    shape: tuple[int, ...]
    columns: tuple[str, ...] | None = None
    fill: tuple[float, ...] | None = None
    resized: bool = False
    normal_class: str | None = None
    dialect: Dialect | None = None
    ids: tuple[str, ...] = ()
    is_raw: bool = False
    as_text: tuple[str, ...] = ()

    def write(self, path: str | os.PathLike) -> None:
        """Write as JSON; `read` returns an equal object."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike) -> SampleFormat:
        """Read what `write` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds anything else.
        """
        content: Any = read_json(path)
        fields = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(content, dict) or set(content) | set(NEWER) != fields:
            raise ValueError(f"{path} must be a JSON object with the entries {sorted(fields)}.")
        lists = {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}
        if lists.get("dialect") is not None:
            lists["dialect"] = Dialect(**lists["dialect"])
        return cls(**lists)
