"""The data of a run."""

from __future__ import annotations

import numpy as np

from kerasocc.datasets import OneClassDataset, altered, load
from kerasocc.datasets.dialect import OPTIONS
from kerasocc.experiments.config import TrainConfig


def load_data(config: TrainConfig) -> OneClassDataset:
    """Read and split the data of a run.

    Raises:
        ValueError: If the data set does not have what the settings need, or not
            both classes to test on.
        OSError: If it cannot be read or downloaded.
    """
    common = dict(
        image_size=config.image_size,
        unreadable=config.unreadable,
        labelled=config.labelled,
        validation=config.validation,
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
            **common,
        )
    else:
        data = load(
            config.dataset,
            normal_class=config.normal_class,
            label=config.label,
            missing=config.missing,
            preprocessing=config.preprocessing,
            contamination=config.contamination,
            labelled_classes=config.labelled_classes,
            **{name: getattr(config, name) for name in OPTIONS},
            **common,
        )
    if config.transductive:
        data = data.transductive()
    _check_both_classes("dataset", "to test on", data.y_test)
    if config.keep == "best":
        _check_both_classes("validation", "to choose the best epoch by", data.y_val)
    return data


def _check_both_classes(name: str, purpose: str, labels: np.ndarray) -> None:
    normal = int(np.sum(labels == 0))
    if not 0 < normal < len(labels):
        raise ValueError(
            f"`{name}` must leave normal samples and anomalies {purpose}. Received: {normal} "
            f"normal ones among {len(labels)}"
        )


def describe(data: OneClassDataset) -> str:
    """What will be trained on, in a line."""
    parts = [
        f"{name} {len(x)}"
        for name, x in (("train", data.x_train), ("validate", data.x_val), ("test", data.x_test))
    ]
    shape = "x".join(map(str, data.sample_format.shape))
    resized = " (resized)" if data.sample_format.resized else ""
    dialect = str(data.sample_format.dialect or "")
    written = f" ({dialect})" if dialect else ""
    return f"{data.name}{written}. Samples of shape {shape}{resized}: {', '.join(parts)}"


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
