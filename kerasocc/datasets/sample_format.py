"""How new samples must look to fit a model that was trained on a data set."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from kerasocc.files import read_json, write_json

TABLE, IMAGES, ARRAYS = "table", "images", "arrays"


@dataclass(frozen=True, kw_only=True)
class SampleFormat:
    """What has to be known to read new samples as the training samples were read.

    Attributes:
        kind: `"table"`, `"images"` or `"arrays"`.
        shape: Of one sample.
        columns: Names of a table's columns, None where the file had none.
        fill: What is put in for missing values, per column; None if such are refused.
        resized: Whether images were brought to their size when they were read.
        normal_class: What labels call normal samples; None where 0 does, and 1 anomalies.
    """

    kind: str
    shape: tuple[int, ...]
    columns: tuple[str, ...] | None = None
    fill: tuple[float, ...] | None = None
    resized: bool = False
    normal_class: str | None = None

    def write(self, path: str | os.PathLike) -> None:
        """Write as JSON; `read` returns an equal object."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike) -> SampleFormat:
        """Read what `write` has written.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds something else.
        """
        content: Any = read_json(path)
        fields = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(content, dict) or set(content) != fields:
            raise ValueError(f"{path} must be a JSON object with the entries {sorted(fields)}.")
        lists = {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}
        return cls(**lists)
