"""Frames of videos, or features of them, as one-class problems."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction, check_integer
from kerasocc.datasets.contamination import count_for, take_anomalies
from kerasocc.datasets.frame_files import read_frames
from kerasocc.datasets.one_class import OneClassDataset
from kerasocc.datasets.preprocessing import unit_range
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, SampleFormat
from kerasocc.datasets.standardization import standardize

CONTAMINANTS = "contaminants"
"""What the frames of test sequences that train are called among the sequences."""


@dataclass(frozen=True)
class FrameDataset(OneClassDataset):
    """Frames as a one-class problem, and the sequences that they come from.

    Attributes:
        train_lengths: Numbers of frames by the names of the sequences, in the order of
            `x_train`; frames of the test part come last, as `"contaminants"`.
        test_lengths: The same of `x_test`.
    """

    train_lengths: dict[str, int]
    test_lengths: dict[str, int]

    def split_by_sequence(self, values: Any) -> dict[str, np.ndarray]:
        """Cut scores or labels of the test frames into those of the sequences.

        Args:
            values: Shape `(frames, ...)`, in the order of `x_test`.

        Returns:
            Arrays of shape `(frames of the sequence, ...)` by name.

        Raises:
            ValueError: If they are not as many as the test frames.
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
        """As `OneClassDataset.transductive`: the training sequences are the test sequences."""
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
    """Load the frames of videos, or features of them, as a one-class problem.

    All frames of the training sequences train as normal ones, all frames of the test
    sequences test.

    Args:
        folder: The folder of the set, `UCSDped1` for instance, with `Train` and `Test`.
            These hold a file of features `Train001.npy`, shape `(frames, features)`, or
            a folder of images `Train001` for each sequence; `frame_files` says more. The
            ground truth is the `.m` file in `Test`, else `Test001_gt.npy` or a folder of
            masks `Test001_gt` for each sequence; see `frame_truth`.
        contamination: Fraction `alpha` of hidden anomalies among the training frames, in
            [0, 1): `n * alpha / (1 - alpha)`, rounded, are added to the `n` frames of the
            training sequences. They are drawn, none twice, from the anomalous frames of
            all test sequences together.
        keep_in_test: Whether the frames that were drawn also stay in the test part, for
            benchmarks that look for anomalies within the data that they train on. If
            False they are taken out of it, and one anomalous frame must stay. Frames
            next to them, nearly the same pictures, are there all the same.
        image_size: Side, or `(height, width)`, that frames are resized to; None for
            frames of one size. Not for features.
        unreadable: What to do about images that cannot be read: `"error"`, or `"skip"`
            with a warning; their labels go too.
        seed: Seed of the draw.

    Returns:
        The data set, without a validation part. Its `preprocessing` layer standardises
        features and brings images to [0, 1].

    Raises:
        FileNotFoundError: If there is no such folder, or no ground truth of a sequence.
        ValueError: If sequences or ground truth cannot be read or do not fit together,
            naming the file, or `contamination` asks for too many frames.

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
    drawn = take_anomalies(
        test[frames.truth[test] == 1],
        count_for(len(clean), contamination),
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
    """How many frames each of the sequences has, from their positions in `names`."""
    counts = np.bincount(sequence, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))
