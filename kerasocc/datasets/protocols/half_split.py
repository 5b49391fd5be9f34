"""The protocol of GOAD, NeuTraL AD and LOE for tables: half of the normal rows train."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.catalog import DataSource
from kerasocc.datasets.preprocessing.recipes import standardize
from kerasocc.datasets.preprocessing.standardization import moments
from kerasocc.datasets.protocols.anomaly_drawing import count_for_fraction, draw_anomalies
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.readers.labelled_tables import check_values, load_table, table_format
from kerasocc.datasets.readers.missing_values import CHUNK_ROWS, fill_rows, medians
from kerasocc.datasets.storage.rows import Rows, chunks
from kerasocc.datasets.storage.spooling import spool


def half_split(
    source: str | os.PathLike | DataSource | tuple[Any, Any],
    *,
    label: str | None = None,
    normal_class: Any = None,
    contamination: float = 0.0,
    perturb: bool = True,
    missing: str = "error",
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
    **dialect: Any,
) -> OneClassDataset:
    """Make a one-class problem of a table as in the papers on GOAD, NeuTraL AD and LOE.

    A random half of the normal rows (rounded down) is the training part; the other half
    and all anomalies are the test part. The split does not depend on `contamination`.

    Args:
        source: See `tabular`.
        label: See `tabular`.
        normal_class: See `tabular`.
        contamination: Fraction `alpha` of hidden anomalies in the training rows, in
            [0, 1): `n * alpha / (1 - alpha)` of them, rounded, are added to the `n`
            normal rows.
        perturb: Whether the added anomalies are synthetic: anomalies of the test part,
            drawn in rounds without replacement, plus Gaussian noise with the standard
            deviation of each column over all anomalies. The test part is unchanged. If
            False, anomalies are moved from the test part as they are, and at least one
            must remain.
        missing: `"error"` raises for missing values; `"median"` replaces them by the
            medians of the training rows, in synthetic anomalies before noise is added.
        seed: Seed of all draws.
        data_dir: See `catalog.resolve_table`.
        **dialect: See `tabular`.

    Returns:
        The data set: raw samples, no validation part. Its `preprocessing` layer
        standardises every column by the training rows, hidden anomalies included.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it cannot be used (names file, row and column) or has too few normal
            rows or anomalies.

    Example:
        >>> data = kerasocc.datasets.half_split("thyroid", contamination=0.1)

    Reference:
        Bergman and Hoshen, Classification-Based Anomaly Detection for General Data,
        ICLR 2020; Qiu et al., Latent Outlier Exposure for Anomaly Detection with
        Contaminated Data, ICML 2022, experiments on tabular data.
    """
    check_choice("missing", missing, ["error", "median"])
    check_integer("seed", seed, minimum=0)
    contamination = check_fraction("contamination", contamination, zero=True)
    name, table = load_table(
        source, label=label, normal_class=normal_class, data_dir=data_dir, **dialect
    )
    check_values(name, table, missing)
    parts = _split(table.y, contamination, perturb, seed)
    train = np.concatenate([parts.normal, parts.contaminants])
    fill = medians(table.x[train]) if missing == "median" else None
    x = table.x if fill is None else fill_rows(table.x, fill)
    x_train = x[train]
    if perturb and len(parts.contaminants):
        generator = np.random.default_rng([seed, 8])
        perturbed = _perturbed(x[parts.contaminants], x[np.flatnonzero(table.y == 1)], generator)
        x_train = spool(_concatenated(x[parts.normal], perturbed))
    return OneClassDataset(
        name=f"{name}-half-split",
        x_train=x_train,
        y_train=np.zeros(len(train), dtype="int8"),
        truth_train=table.y[train].astype("int8"),
        x_val=x[:0],
        y_val=np.zeros(0, dtype="int8"),
        x_test=x[parts.test],
        y_test=table.y[parts.test].astype("int8"),
        sample_format=table_format(name, table, fill, normal_class),
        make_preprocessing=standardize,
    )


class _Parts(NamedTuple):
    """Row indices of the normal training rows, the contaminants and the test part."""

    normal: np.ndarray
    contaminants: np.ndarray
    test: np.ndarray


def _split(y: np.ndarray, contamination: float, perturb: bool, seed: int) -> _Parts:
    normal, anomalies = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    if len(normal) < 2 or not len(anomalies):
        raise ValueError(
            "`source` must hold two normal rows, one for each half, and an anomaly to test with. "
            f"Received: {len(normal)} normal rows and {len(anomalies)} anomalies"
        )
    shuffled = np.random.default_rng([seed, 1]).permutation(normal)
    first, second = np.split(shuffled, [len(normal) // 2])
    generator = np.random.default_rng([seed, 7])
    count = count_for_fraction(len(first), contamination)
    if perturb:
        rounds = -(-count // len(anomalies))
        drawn = [generator.permutation(anomalies) for _ in range(rounds)]
        contaminants = np.concatenate([anomalies[:0], *drawn])[:count]
    else:
        contaminants = draw_anomalies(anomalies, count, generator, leave=1)
        anomalies = np.setdiff1d(anomalies, contaminants)
    return _Parts(np.sort(first), contaminants, np.sort(np.concatenate([second, anomalies])))


def _perturbed(
    x: np.ndarray | Rows, anomalies: np.ndarray | Rows, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield `x` in chunks with Gaussian noise of the anomalies' deviation per column."""
    _, deviation = moments(chunks(anomalies, CHUNK_ROWS))
    if not deviation.any():
        raise ValueError(
            "`perturb=True` needs anomalies that differ: their standard deviation is that of the "
            f"noise, and without noise the training part would hold test samples. Received: "
            f"{len(anomalies)} equal anomalies; pass `perturb=False`"
        )
    for chunk in chunks(x, CHUNK_ROWS):
        yield (chunk + generator.normal(size=chunk.shape) * deviation).astype(chunk.dtype)


def _concatenated(x: np.ndarray | Rows, more: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield from chunks(x, CHUNK_ROWS)
    yield from more
