"""The protocol of video sets: frames of training sequences train, those of others test."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction, check_integer
from kerasocc.datasets.preprocessing.recipes import standardize, unit_range
from kerasocc.datasets.protocols.anomaly_drawing import count_for_fraction, draw_anomalies
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.readers.frame_files import read_frames
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, SampleFormat

CONTAMINANTS = "contaminants"
"""Name, among the training sequences, of the frames drawn from the test sequences."""


@dataclass(frozen=True)
class FrameDataset(OneClassDataset):
    """A one-class problem of video frames, with the sequences that they belong to.

    Attributes:
        train_lengths: Number of frames by name of sequence, in the order of `x_train`;
            frames drawn from the test sequences come last, as `"contaminants"`.
        test_lengths: The same for `x_test`.
    """

    train_lengths: dict[str, int]
    test_lengths: dict[str, int]

    def split_by_sequence(self, values: Any) -> dict[str, np.ndarray]:
        """Split scores or labels of the test frames by sequence.

        Args:
            values: Shape `(frames, ...)`, in the order of `x_test`.

        Returns:
            Arrays of shape `(frames of the sequence, ...)` by name.

        Raises:
            ValueError: If their number is not that of the test frames.
        """
        values = np.asarray(values)
        if values.ndim == 0 or len(values) != len(self.y_test):
            raise ValueError(
                f"`values` must have one entry for each of the {len(self.y_test)} test frames. "
                f"Received: shape {values.shape}"
            )
        ends = np.cumsum(list(self.test_lengths.values()))
        return dict(zip(self.test_lengths, np.split(values, ends[:-1]), strict=True))

    def transductive(self) -> FrameDataset:
        """See `OneClassDataset.transductive`; the training sequences become the test sequences."""
        return replace(super().transductive(), test_lengths=self.train_lengths)


def frame_sequences(
    folder: str | os.PathLike,
    *,
    contamination: float = 0.0,
    keep_in_test: bool = False,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    seed: int = 0,
) -> FrameDataset:
    """Load video frames, or features of them, as a one-class problem.

    The frames of the training sequences are normal training samples, the frames of the
    test sequences are the test part.

    Args:
        folder: The folder of the set, `UCSDped1` for instance, with `Train` and `Test`.
            These hold a file of features `Train001.npy`, shape `(frames, features)`, or
            a folder of images `Train001` for each sequence; see `frame_files`. The ground
            truth is the `.m` file in `Test`, else `Test001_gt.npy` or a folder of masks
            `Test001_gt` for each sequence; see `frame_ground_truth`.
        contamination: Fraction `alpha` of hidden anomalies among the training frames, in
            [0, 1): `n * alpha / (1 - alpha)`, rounded, are added to the `n` frames of the
            training sequences. They are drawn without replacement from the anomalous
            frames of all test sequences together.
        keep_in_test: Whether the drawn frames also remain in the test part, for
            benchmarks that detect anomalies within the training data. If False they are
            removed from it, and at least one anomalous frame must remain; neighbouring
            frames, which are nearly identical, remain in any case.
        image_size: Side, or `(height, width)`, to which frames are resized; None if all
            have one size. Not for features.
        unreadable: What to do about unreadable images: `"error"`, or `"skip"` with a
            warning, together with their labels.
        seed: Seed of the draw.

    Returns:
        The data set, without a validation part. Its `preprocessing` layer standardises
        features and scales images to [0, 1].

    Raises:
        FileNotFoundError: If there is no such folder, or no ground truth of a sequence.
        ValueError: If sequences or ground truth cannot be read or do not match (names the
            file), or there are too few anomalous frames for `contamination`.

    Example:
        >>> data = kerasocc.datasets.frame_sequences("UCSDped1", image_size=(64, 96))
        >>> scores = data.split_by_sequence(model.score(data.x_test))

    Reference:
        Mahadevan et al., Anomaly Detection in Crowded Scenes, CVPR 2010 (the data);
        Qiu et al., Latent Outlier Exposure for Anomaly Detection with Contaminated
        Data, ICML 2022, experiments on video.
    """
    contamination = check_fraction("contamination", contamination, zero=True)
    check_integer("seed", seed, minimum=0)
    folder = Path(folder)
    frames = read_frames(folder, image_size, unreadable)
    is_test = frames.sequence >= len(frames.train)
    clean, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    drawn = draw_anomalies(
        test[frames.truth[test] == 1],
        count_for_fraction(len(clean), contamination),
        np.random.default_rng([seed, 7]),
        leave=0 if keep_in_test else 1,
    )
    test = test if keep_in_test else np.setdiff1d(test, drawn)
    train_lengths = _lengths(frames.train, frames.sequence[clean])
    return FrameDataset(
        name=folder.resolve().name,
        x_train=frames.x[np.concatenate([clean, drawn])],
        y_train=np.zeros(len(clean) + len(drawn), dtype="int8"),
        truth_train=np.repeat([0, 1], [len(clean), len(drawn)]).astype("int8"),
        x_val=frames.x[:0],
        y_val=np.zeros(0, dtype="int8"),
        x_test=frames.x[test],
        y_test=frames.truth[test],
        sample_format=SampleFormat(
            kind=IMAGES if frames.x.ndim == 4 else ARRAYS,
            shape=tuple(frames.x.shape[1:]),
            resized=image_size is not None,
        ),
        make_preprocessing=unit_range if frames.x.ndim == 4 else standardize,
        train_lengths=train_lengths | ({CONTAMINANTS: len(drawn)} if len(drawn) else {}),
        test_lengths=_lengths(frames.test, frames.sequence[test] - len(frames.train)),
    )


def _lengths(names: list[str], sequence: np.ndarray) -> dict[str, int]:
    """Count the frames of each sequence from its index in `names`."""
    counts = np.bincount(sequence, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))
