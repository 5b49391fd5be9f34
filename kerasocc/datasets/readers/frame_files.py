"""Video frames in the layout of the UCSD Pedestrian sets, with their ground truth.

`Train/` and `Test/` (in any case) hold the sequences, in natural order of their names:

- features of frames, `Train/Train001.npy`, each of shape `(frames, features)`; or, if `Train`
  has no such file,
- the frames, a folder of images per sequence, `Train/Train001/001.tif`, as the sets are
  published. They are converted to grey.

For the ground truth, which is in `Test`, see `frame_ground_truth`. Hidden files are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.datasets.readers.folder_scan import natural_key, scan_folder, train_and_test
from kerasocc.datasets.readers.frame_ground_truth import TRUTH, read_frame_labels
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import read_images
from kerasocc.datasets.readers.missing_values import refuse_missing
from kerasocc.datasets.readers.table_files import Selection, read_blocks
from kerasocc.datasets.storage.rows import Rows
from kerasocc.datasets.storage.spooling import spool


class Frames(NamedTuple):
    """The frames of all sequences, those of the training part first.

    Attributes:
        x: Shape `(frames, features)`, or images of shape `(frames, height, width, 1)`.
        truth: 0 normal, 1 anomaly, shape `(frames,)`; 0 in the training part.
        sequence: Index of the sequence of each frame, shape `(frames,)`.
        train: Names of the training sequences.
        test: Names of the test sequences.
    """

    x: np.ndarray | Rows
    truth: np.ndarray
    sequence: np.ndarray
    train: list[str]
    test: list[str]


def read_frames(
    folder: Path, image_size: int | tuple[int, int] | None = None, unreadable: str = "error"
) -> Frames:
    """Read a folder; see `frame_sequences` for arguments and errors."""
    check_choice("unreadable", unreadable, ["error", "skip"])
    train_folder, test_folder = _parts(folder)
    train = _feature_files(train_folder)
    if train:
        if image_size is not None or unreadable != "error":
            raise ValueError(
                f"`image_size` and `unreadable` must be left out: {str(folder)!r} holds features. "
                f"Received: image_size={image_size!r}, unreadable={unreadable!r}"
            )
        test = _feature_files(test_folder)
        _check_not_empty(test, test_folder, ".npy files of features, as the training part is")
        x, lengths = _read_features([*train, *test])
        readable = np.arange(len(x))
        names = [path.stem for path in (*train, *test)]
    else:
        train, test = _image_folders(train_folder), _image_folders(test_folder)
        expected = ".npy files of features or a folder of images for each sequence"
        _check_not_empty(train, train_folder, expected)
        _check_not_empty(test, test_folder, "a folder of images for each sequence")
        x, readable, lengths = _read_images([*train, *test], image_size, unreadable)
        names = [path.name for path in (*train, *test)]
    train_names, test_names = names[: len(train)], names[len(train) :]
    labels = read_frame_labels(test_folder, test_names, lengths[len(train) :])
    truth = np.concatenate([np.zeros(sum(lengths[: len(train)]), dtype="int8"), labels])
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    return Frames(x, truth[readable], sequence[readable], train_names, test_names)


def _parts(folder: Path) -> tuple[Path, Path]:
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    parts = train_and_test(folder) if folder.is_dir() else None
    if parts is None:
        found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else "a file"
        raise ValueError(
            f"{str(folder)!r} must be a folder with `Train` and `Test`. Received: {found[:10]}"
        )
    return parts


def _feature_files(folder: Path) -> list[Path]:
    files = [path for path in folder.glob("*.npy") if not path.name.startswith(".")]
    files = [path for path in files if not path.stem.endswith(TRUTH)]
    return sorted(files, key=lambda path: natural_key(path.name))


def _image_folders(folder: Path) -> list[Path]:
    return [path for path in scan_folder(folder)[0] if not path.name.endswith(TRUTH)]


def _check_not_empty(sequences: list[Path], folder: Path, what: str) -> None:
    if not sequences:
        raise ValueError(f"{str(folder)!r} must hold {what}. Received: none")


def _read_features(paths: list[Path]) -> tuple[np.ndarray | Rows, list[int]]:
    """Read the features of all sequences, float32, and their numbers of frames."""
    lengths: list[int] = []

    def blocks() -> Iterator[np.ndarray]:
        columns = None
        for path in paths:
            lengths.append(0)
            for block in read_blocks(path, Selection(labelled=False)):
                columns = columns or block.x.shape[1]
                if block.x.shape[1] != columns:
                    raise ValueError(
                        f"{str(path)!r} must have {columns} features, as {paths[0].name!r} has. "
                        f"Received: {block.x.shape[1]}"
                    )
                with np.errstate(over="ignore"):
                    x = block.x.astype("float32")
                refuse_missing(str(path), x, lengths[-1], "Rows are frames, counted from 0.")
                lengths[-1] += len(x)
                yield x

    return spool(blocks()), lengths


def _read_images(
    folders: list[Path], image_size: int | tuple[int, int] | None, unreadable: str
) -> tuple[np.ndarray | Rows, np.ndarray, list[int]]:
    """Read the images of all sequences, indices of the readable ones, and numbers of frames."""
    by_sequence = [scan_folder(folder)[1] for folder in folders]
    for folder, images in zip(folders, by_sequence, strict=True):
        _check_not_empty(images, folder, "the frames of a sequence as images")
    files = [ImageFile(path, "") for images in by_sequence for path in images]
    readable: list[int] = []

    def images() -> Iterator[np.ndarray]:
        options = dict(image_size=image_size, channels=1, unreadable=unreadable)
        for index, image in read_images(files, **options):
            readable.append(index)
            yield image[None]

    x = spool(images())
    return x, np.array(readable), [len(images) for images in by_sequence]
