"""The data of a run."""

from __future__ import annotations

import numpy as np

from kerasocc.datasets import OneClassDataset, altered, load
from kerasocc.datasets.columns import choice
from kerasocc.datasets.columns.named_columns import NamedColumns, is_missing
from kerasocc.datasets.dialect import OPTIONS
from kerasocc.datasets.pool import VALIDATION_FRACTION
from kerasocc.datasets.storage.rows import Rows, chunks, rows_at_once
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.outliers import check_outliers


def load_data(config: TrainConfig) -> OneClassDataset:
    """Read and split the data of a run.

    Raises:
        ValueError: If the data set does not have what the settings need, or no samples to
            test on.
        OSError: If it cannot be read or downloaded.
    """
    common = dict(
        image_size=config.image_size,
        unreadable=config.unreadable,
        labelled=config.labelled,
        test=config.test,
        seed=config.seed,
    )
    if config.altered is not None:
        data = altered(
            config.dataset,
            kind=config.altered,
            amount=config.amount,
            labelled_kind=config.labelled_altered,
            labelled_amount=config.labelled_amount,
            preprocessing=config.preprocessing or "contrast",
            validation=VALIDATION_FRACTION if config.validation is None else config.validation,
            **common,
        )
    else:
        data = load(
            config.dataset,
            normal_class=config.normal_class,
            label=config.label,
            missing=config.missing,
            **{name: getattr(config, name) for name in choice.OPTIONS},
            preprocessing=config.preprocessing,
            contamination=config.contamination,
            labelled_classes=config.labelled_classes,
            **{name: getattr(config, name) for name in OPTIONS},
            validation=config.validation,
            validation_data=config.validation_data,
            test_data=config.test_data,
            **common,
        )
    if config.transductive:
        data = data.transductive()
    _check_parts(config, data)
    check_outliers(config, data.sample_format)
    return data


def _check_parts(config: TrainConfig, data: OneClassDataset) -> None:
    # Before there is a run, which could not be resumed.
    if len(data.x_train) < 2:
        raise ValueError(
            "`dataset` must leave at least 2 samples to train on. "
            f"Received: {len(data.x_train)}, {len(data.x_test)} to test on"
        )
    if holds_copies_of_one_sample(data.x_train):
        raise ValueError(
            "`dataset` must hold different samples to train on. "
            f"Received: {len(data.x_train)} copies of one"
        )
    if not len(data.x_test):
        raise ValueError(
            "`dataset` must leave samples to test on. Received: none, "
            f"{len(data.x_train)} to train on"
        )
    normal = int(np.sum(data.y_val == 0))
    if config.keep == "best" and not 0 < normal < len(data.y_val):
        raise ValueError(
            "`keep` must be 'last': the best epoch is chosen by the AUC of normal samples and "
            f"labelled anomalies in the validation part. Received: keep='best', {normal} normal "
            f"samples among {len(data.y_val)}"
        )


def holds_copies_of_one_sample(x: np.ndarray | Rows | NamedColumns) -> bool:
    """Return whether all samples are equal; missing values count as equal."""
    if isinstance(x, NamedColumns):
        return all(_is_constant(column) for column in x.columns.values())
    first = np.asarray(x[:1])
    return all(
        np.array_equal(c, np.broadcast_to(first, c.shape), equal_nan=True)
        for c in chunks(x, rows_at_once(x.shape[1:]))
    )


def _is_constant(column: np.ndarray) -> bool:
    missing = is_missing(column)
    return bool(missing.all() or (not missing.any() and all(column == column[0])))


def check_anomalies(data: OneClassDataset) -> None:
    """Raise `ValueError` unless there are normal samples and anomalies to test on."""
    normal = int(np.sum(data.y_test == 0))
    if not 0 < normal < len(data.y_test):
        raise ValueError(
            "`dataset` must leave normal samples and anomalies to test on. Received: "
            f"{normal} normal ones among {len(data.y_test)}"
        )


def describe(data: OneClassDataset, *, hidden: bool = False) -> str:
    """What will be trained on, in a line.

    Args:
        data: What `load_data` returned.
        hidden: Whether anomalies are among the samples without labels.
    """
    parts = [
        f"{name} {len(x)}"
        for name, x in (("train", data.x_train), ("validate", data.x_val), ("test", data.x_test))
    ]
    shape = data.sample_format.shape
    samples = f"Samples of shape {'x'.join(map(str, shape))}" if len(shape) > 1 else _row(data)
    resized = " (resized)" if data.sample_format.resized else ""
    dialect = str(data.sample_format.dialect or "")
    written = f" ({dialect})" if dialect else ""
    known = "" if hidden else ": all are taken for normal"
    labels = f"; no labels{known}" if "train" in data.unlabelled else ""
    return f"{data.name}{written}. {samples}{resized}: {', '.join(parts)}{labels}"


def _row(data: OneClassDataset) -> str:
    (features,), columns = data.sample_format.shape, data.sample_format.columns
    if not data.sample_format.is_raw or columns is None:
        return f"Rows of {features} columns"
    return f"Rows of {len(columns)} columns, {features} features"


def sample_counts(data: OneClassDataset) -> dict[str, dict[str, int]]:
    """Numbers of samples by part and class, for `results.json`."""
    unlabelled = data.truth_train[data.y_train == 0]
    parts = {"training": unlabelled, "validation": data.y_val, "test": data.y_test}
    counts = {
        name: {"normal": int(np.sum(labels == 0)), "anomalous": int(np.sum(labels == 1))}
        for name, labels in parts.items()
    }
    counts["training"]["labelled"] = int(np.sum(data.y_train == -1))
    return counts
