"""Frames of videos in the layout of the UCSD Pedestrian sets, read with their ground truth.

`Train/` and `Test/` (in any case) hold the sequences, sorted by name, numbers in them as numbers:

- features of frames, `Train/Train001.npy`, each of shape `(frames, features)`; or, where `Train`
  has no such file,
- the frames themselves, a folder of images per sequence, `Train/Train001/001.tif`, as the sets
  come. They are read in grey.

For the ground truth, which lies in `Test`, see `frame_truth`. Hidden files are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.datasets.frame_truth import TRUTH, read_truth
from kerasocc.datasets.image_files import ImageFile, read_images
from kerasocc.datasets.image_folders import natural, scan, train_and_test
from kerasocc.datasets.missing import refuse_missing
from kerasocc.datasets.spool import spool
from kerasocc.datasets.table_files import Wanted, read_blocks
from kerasocc.rows import Rows


class Frames(NamedTuple):
    """All frames, sequence after sequence, first those of the training part.

    Attributes:
        x: Shape `(frames, features)`, or images of shape `(frames, height, width, 1)`.
        truth: 0 normal, 1 anomaly, shape `(frames,)`; 0 in the training part.
        sequence: Position of the sequence of each frame, shape `(frames,)`.
        train: Names of the sequences of the training part.
        test: Names of the others.
    """

    x: np.ndarray | Rows
    truth: np.ndarray
    sequence: np.ndarray
    train: list[str]
    test: list[str]


def read_frames(
    folder: Path, image_size: int | tuple[int, int] | None = None, unreadable: str = "error"
) -> Frames:
    """Read a folder; see `frame_sequences` for the arguments and errors."""
    check_choice("unreadable", unreadable, ["error", "skip"])
    train_folder, test_folder = _parts(folder)
    files = _feature_files(train_folder)
    if files:
        if image_size is not None or unreadable != "error":
            raise ValueError(
                f"`image_size` and `unreadable` must be left out: {str(folder)!r} holds features. "
                f"Received: image_size={image_size!r}, unreadable={unreadable!r}"
            )
        tested = _feature_files(test_folder)
        _check_found(tested, test_folder, ".npy files of features, as the training part is")
        x, lengths = _read_features([*files, *tested])
        names = [path.stem for path in (*files, *tested)]
        kept = np.arange(len(x))
    else:
        files, tested = _image_folders(train_folder), _image_folders(test_folder)
        wanted = ".npy files of features or a folder of images for each sequence"
        _check_found(files, train_folder, wanted)
        _check_found(tested, test_folder, "a folder of images for each sequence")
        x, kept, lengths = _read_images([*files, *tested], image_size, unreadable)
        names = [path.name for path in (*files, *tested)]
    train, test = names[: len(files)], names[len(files) :]
    truth = read_truth(test_folder, test, lengths[len(files) :])
    truth = np.concatenate([np.zeros(sum(lengths[: len(files)]), dtype="int8"), truth])
    sequence = np.repeat(np.arange(len(names)), lengths)
    return Frames(x, truth[kept], sequence[kept], train, test)


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
    return sorted(files, key=lambda path: natural(path.name))


def _image_folders(folder: Path) -> list[Path]:
    return [path for path in scan(folder)[0] if not path.name.endswith(TRUTH)]


def _check_found(sequences: list[Path], folder: Path, what: str) -> None:
    if not sequences:
        raise ValueError(f"{str(folder)!r} must hold {what}. Received: none")


def _read_features(paths: list[Path]) -> tuple[np.ndarray | Rows, list[int]]:
    """Features of all sequences, float32, and numbers of frames."""
    lengths: list[int] = []

    def blocks() -> Iterator[np.ndarray]:
        columns = None
        for path in paths:
            lengths.append(0)
            for block in read_blocks(path, Wanted(labelled=False)):
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
    """Images of all sequences, positions of the readable ones, and numbers of all frames."""
    by_sequence = [scan(folder)[1] for folder in folders]
    for folder, images in zip(folders, by_sequence, strict=True):
        _check_found(images, folder, "the frames of a sequence as images")
    files = [ImageFile(path, "") for images in by_sequence for path in images]
    kept: list[int] = []

    def images() -> Iterator[np.ndarray]:
        options = dict(image_size=image_size, channels=1, unreadable=unreadable)
        for position, image in read_images(files, **options):
            kept.append(position)
            yield image[None]

    x = spool(images())
    return x, np.array(kept), [len(images) for images in by_sequence]
