"""Labels of video frames in the formats of the UCSD Pedestrian sets.

A `.m` file in the folder of the test sequences (`UCSDped1.m`) takes precedence. It has a line such
as `TestVideoFile{end+1}.gt_frame = [5:90, 140:200];` for every sequence in order, with the first
and last frames of the anomalies, counted from 1. Without it every sequence needs
`Test001_gt.npy`, shape `(frames,)`, 0 or 1, or a folder `Test001_gt` of masks, one for each
frame, black where nothing is anomalous.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasocc.datasets.readers.folder_scan import scan_folder
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import read_images

TRUTH = "_gt"
"""Suffix of the name of a sequence in the name of its ground truth."""
ENTRY = re.compile(r"TestVideoFile\s*\{\s*end\s*\+\s*1\s*\}\s*\.\s*gt_frame\s*=\s*([^;=]*);?")
RANGE = re.compile(r"(\d+)(?::(\d+))?")


def read_frame_labels(folder: Path, names: Sequence[str], lengths: Sequence[int]) -> np.ndarray:
    """Read the labels of the frames of all sequences.

    Args:
        folder: Folder of the test sequences, with one `.m` file for all of them, or
            with `<name>_gt.npy` or a folder of masks `<name>_gt` for each.
        names: Names of the sequences, in the order of the `.m` file.
        lengths: Numbers of their frames.

    Returns:
        0 normal, 1 anomaly, shape `(frames,)`, int8.

    Raises:
        FileNotFoundError: If a sequence has no ground truth.
        ValueError: If it cannot be read or does not match the frames.
    """
    lists = [path for path in sorted(folder.glob("*.m")) if not path.name.startswith(".")]
    if len(lists) > 1:
        raise ValueError(
            f"{str(folder)!r} must hold one .m file of ground truth. "
            f"Received: {[path.name for path in lists]}"
        )
    if lists:
        labels = _read_list(lists[0], lengths)
    else:
        labels = [_sequence_truth(folder, n, c) for n, c in zip(names, lengths, strict=True)]
    return np.concatenate(labels)


def _read_list(path: Path, lengths: Sequence[int]) -> list[np.ndarray]:
    """Read labels from lines such as `TestVideoFile{end+1}.gt_frame = [5:90, 140:200];`."""
    entries = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        code = line.partition("%")[0].strip()
        if "gt_frame" in code:
            entry = ENTRY.fullmatch(code)
            ranges = _ranges(entry[1]) if entry else None
            if ranges is None:
                raise ValueError(
                    f"{str(path)!r} must hold lines such as 'TestVideoFile{{end+1}}.gt_frame = "
                    f"[5:90, 140:200];'. Received: {line.strip()!r} in line {number}"
                )
            entries.append((number, ranges))
    if len(entries) != len(lengths):
        raise ValueError(
            f"{str(path)!r} must have one line for each of the {len(lengths)} test sequences. "
            f"Received: {len(entries)} lines"
        )
    labels = [np.zeros(length, dtype="int8") for length in lengths]
    for sequence, (number, ranges) in zip(labels, entries, strict=True):
        for first, last in ranges:
            if not 1 <= first <= last <= len(sequence):
                raise ValueError(
                    f"{str(path)!r} must name frames from 1 to {len(sequence)}, the length of the "
                    f"sequence. Received: {first}:{last} in line {number}"
                )
            sequence[first - 1 : last] = 1
    return labels


def _ranges(text: str) -> list[tuple[int, int]] | None:
    """Parse first and last frames from `[5:90, 140:200]`; return None for other text."""
    inner = re.fullmatch(r"\[(.*)\]", text.strip())
    parts = re.sub(r"\s*:\s*", ":", inner[1] if inner else text).replace(",", " ").split()
    found = [RANGE.fullmatch(part) for part in parts]
    if not all(found) or not (parts or inner):
        return None
    return [(int(match[1]), int(match[2] or match[1])) for match in found]


def _sequence_truth(folder: Path, name: str, length: int) -> np.ndarray:
    file, masks = folder / f"{name}{TRUTH}.npy", folder / f"{name}{TRUTH}"
    if file.is_file():
        path, labels = file, _read_labels(file)
    elif masks.is_dir():
        path, labels = masks, _read_masks(masks)
    else:
        raise FileNotFoundError(
            f"There is no ground truth of the sequence {name!r} in {str(folder)!r}: neither a .m "
            f"file of all sequences, nor {file.name!r}, nor a folder {masks.name!r} of masks."
        )
    if len(labels) != length:
        raise ValueError(
            f"{str(path)!r} must have one label for each of the {length} frames of {name!r}. "
            f"Received: {len(labels)}"
        )
    return labels


def _read_labels(path: Path) -> np.ndarray:
    try:
        labels = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{str(path)!r} is no readable .npy file: {error}") from error
    if labels.ndim != 1 or not np.isin(labels, [0, 1]).all():
        raise ValueError(
            f"{str(path)!r} must hold 0 (normal) or 1 (anomaly) for every frame, shape (frames,). "
            f"Received: shape {labels.shape}, values {np.unique(labels)[:10].tolist()}"
        )
    return labels.astype("int8")


def _read_masks(folder: Path) -> np.ndarray:
    """Return 1 for masks with a pixel that is not black, else 0."""
    files = [ImageFile(path, "") for path in scan_folder(folder)[1]]
    if not files:
        raise ValueError(f"{str(folder)!r} must hold a mask for each frame. Received: none")
    return np.array([mask.any() for _, mask in read_images(files, channels=1)], dtype="int8")
