"""The tables that studies find on disk, and some of their rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kerasocc.datasets import catalog

if TYPE_CHECKING:
    import numpy as np

EMBEDDINGS = ("CV_by_", "NLP_by_")
"""How the names of ADBench's files begin that hold embeddings of images and of texts."""


def tables_on_disk() -> list[str]:
    """Names of the tables in `KERASOCC_DATA_DIR`, those of embeddings and images left out."""
    return [
        name
        for name, path in sorted(catalog.named_tables().items())
        if not name.startswith(EMBEDDINGS) and not _holds_images(path)
    ]


def embeddings_on_disk() -> list[str]:
    """Names of the tables in `KERASOCC_DATA_DIR` that hold embeddings."""
    return [name for name in sorted(catalog.named_tables()) if name.startswith(EMBEDDINGS)]


def _holds_images(path: Path) -> bool:
    if path.suffix.lower() != ".npz":
        return False
    try:
        return len(catalog.shape_in_npz(path)) > 2
    except ValueError:  # no table at all, such as weights
        return True


def stems(sources: Iterable[str]) -> dict[str, str]:
    """Names or paths of tables, by what they are called in a study.

    Raises:
        ValueError: If two are called the same: their results could not be told apart.
    """
    found: dict[str, str] = {}
    for source in sources:
        stem = catalog.table_stem(Path(source)) if catalog.table_suffix(source) else source
        if found.setdefault(stem, source) != source:
            raise ValueError(
                f"`data` must hold tables of different names. Received: {found[stem]!r} and "
                f"{source!r}"
            )
    return found


def read_rows(
    source: str, *, most_rows: int | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The rows and labels of a table.

    Args:
        source: Its name or path.
        most_rows: Of a larger table so many are drawn, the same share of both labels, at least
            two anomalies; None for all.
        seed: Of the draw.

    Returns:
        Shapes `(rows, columns)` and `(rows,)`, 1 for an anomaly; in the order of the file.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it cannot be read.
    """
    import numpy as np

    from kerasocc.datasets.readers.labelled_tables import read_table

    table = read_table(catalog.find_table(source))
    rows = np.arange(len(table.y))
    if most_rows is not None and len(rows) > most_rows:
        generator = np.random.default_rng([seed, 11])
        anomalies = np.flatnonzero(table.y == 1)
        count = min(max(2, round(most_rows * len(anomalies) / len(rows))), len(anomalies))
        normal = generator.permutation(np.flatnonzero(table.y == 0))[: most_rows - count]
        rows = np.sort(np.concatenate([normal, generator.permutation(anomalies)[:count]]))
    return np.asarray(table.x[rows]), np.asarray(table.y[rows])
