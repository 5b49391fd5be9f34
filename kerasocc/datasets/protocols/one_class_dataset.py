"""The data of a one-class problem, as every protocol returns them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from kerasocc.datasets.pool import PARTS
from kerasocc.datasets.sample_format import SampleFormat
from kerasocc.datasets.storage.rows import Rows


@dataclass(frozen=True)
class OneClassDataset:
    """Training, validation and test samples of a one-class problem.

    Attributes:
        name: Name in reports.
        x_train: Raw training samples, shape `(samples, ...)`: an array, or `Rows` if
            they do not fit into memory; the same holds for `x_val` and `x_test`.
        y_train: Semi-supervised labels: +1 labelled normal, -1 labelled anomaly,
            0 unlabelled.
        truth_train: True labels of the training samples: 0 normal, 1 anomaly.
        x_val, y_val: Validation samples and labels (0 normal, 1 anomaly); empty
            by default.
        x_test, y_test: Test samples and labels (0 normal, 1 anomaly).
        sample_format: Format that new samples must have to be scored by a model
            trained on this data.
        make_preprocessing: Function from training samples to an adapted
            preprocessing layer.
        preprocessing_named: Function from another value of `preprocessing` to what takes the
            place of `make_preprocessing` for it; None for data that have no other.
        names_train, names_test: What the samples are called, shape `(samples,)`: row numbers
            in their table or array, or paths of image files below their folder; None if
            they have no names.
        ids_test: Columns that are kept beside the scores of the test samples, lists by name.
        classes_test: The classes of the test samples, as text, shape `(samples,)`; None where
            there are none beside normal and anomalous.
        unlabelled: Names of the parts that came without labels and whose samples were all
            taken for normal: among `"train"`, `"val"` and `"test"`.
        notes: What the user should know about the data, a sentence each.
    """

    name: str
    x_train: np.ndarray | Rows
    y_train: np.ndarray
    truth_train: np.ndarray
    x_val: np.ndarray | Rows
    y_val: np.ndarray
    x_test: np.ndarray | Rows
    y_test: np.ndarray
    sample_format: SampleFormat
    make_preprocessing: Callable[[np.ndarray | Rows], Any]
    preprocessing_named: Callable[[str], Callable[[Any], Any]] | None = field(
        default=None, kw_only=True
    )
    names_train: np.ndarray | None = field(default=None, kw_only=True)
    names_test: np.ndarray | None = field(default=None, kw_only=True)
    ids_test: dict[str, list[Any]] = field(default_factory=dict, kw_only=True)
    classes_test: np.ndarray | None = field(default=None, kw_only=True)
    unlabelled: tuple[str, ...] = field(default=(), kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    @cached_property
    def preprocessing(self) -> Any:
        """Layer for the models, adapted on the normal and unlabelled training samples."""
        return self.make_preprocessing(self.x_train[self.y_train >= 0])

    def with_preprocessing(self, name: str) -> OneClassDataset:
        """Return the same samples with another preprocessing.

        Args:
            name: A value of `preprocessing` that the data can have.

        Raises:
            ValueError: If they have no other.
        """
        if self.preprocessing_named is None:
            raise ValueError(
                f"`preprocessing` of {self.name} is always the same. Received: {name!r}"
            )
        return replace(self, make_preprocessing=self.preprocessing_named(name))

    def transductive(self) -> OneClassDataset:
        """Return the same problem with the unlabelled training samples as the test part.

        Detecting hidden anomalies among the training samples is a different task from
        scoring unseen samples: its results are not comparable with those on the test
        part.
        """
        chosen = self.y_train == 0
        # The test part is the training part now.
        known = {**dict.fromkeys(PARTS), "test": "train"}
        without_labels = tuple(n for n in PARTS if (known[n] or n) in self.unlabelled)
        return replace(
            self,
            name=f"{self.name}-transductive",
            x_test=self.x_train[chosen],
            y_test=self.truth_train[chosen],
            names_test=None if self.names_train is None else self.names_train[chosen],
            ids_test={},
            classes_test=None,
            unlabelled=without_labels,
        )
