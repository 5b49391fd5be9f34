"""Many image files, decoded in threads into arrays of one size and one number of channels."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_integer
from kerasocc.datasets.readers.image_decoding import ImageFile, UnreadableImageError, decode_image

SHOWN = 5
"""How many of the skipped files a warning names."""
LOOKED_AT = 20
"""About how many files tell the size of the images."""
MUCH = 4
"""Factor by which sides must shrink for a note."""


def check_image_size(size: Any) -> tuple[int, int] | None:
    """Return `size` as `(height, width)`, or None if it is None.

    Args:
        size: None, a number of pixels for squares, or a pair `(height, width)`.

    Raises:
        ValueError: If it is anything else.
    """
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = (isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in pair)
    if len(pair) != 2 or not all(whole):
        raise ValueError(
            "`image_size` must be a positive number of pixels, a pair `(height, width)` of them "
            f"or None. Received: image_size={size!r}"
        )
    return int(pair[0]), int(pair[1])


def note_on_shrinking(
    files: Sequence[ImageFile], image_size: int | tuple[int, int] | None
) -> str | None:
    """Return a note where most images lose much detail by being resized, else None.

    Args:
        files: The files; the headers of some of them are read.
        image_size: See `read_images`.
    """
    size = check_image_size(image_size)
    if size is None:
        return None
    step = max(1, len(files) // LOOKED_AT)
    sizes = [found for file in files[::step] if (found := _size_in_header(file)) is not None]
    if not sizes:
        return None
    typical = np.median(sizes, axis=0)
    factor = float(np.max(typical / size))
    if factor < MUCH:
        return None
    (height, width), (old_height, old_width) = size, typical.astype(int)
    return (
        f"images of about {old_height}x{old_width} pixels are resized to {height}x{width}: what is "
        f"smaller than {factor:.0f} pixels is lost. `image_size` can be larger"
    )


def _size_in_header(file: ImageFile) -> tuple[int, int] | None:
    """Height and width of the crop or of the stored image; None if the file cannot be read."""
    from PIL import Image

    if file.box is not None:
        left, upper, right, lower = file.box
        return lower - upper, right - left
    try:
        with Image.open(file.path) as image:
            return image.height, image.width
    except Exception:  # reported where the images are read
        return None


def read_images(
    files: Sequence[ImageFile],
    *,
    image_size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    unreadable: str = "error",
    workers: int | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode images in the order of `files`, a few of them ahead of the consumer.

    The arguments are checked immediately, the files while the iterator is consumed.

    Args:
        files: The files.
        image_size: Size of the results, a number for squares or `(height, width)`:
            bilinear with antialiasing, the aspect ratio is not preserved. None does
            not resize; then all images must have one size.
        channels: 1 or 3. None takes that of the first readable file. Grey images
            among coloured ones become RGB; coloured ones become grey (ITU-R 601)
            only if 1 is passed.
        unreadable: `"error"` raises for files that are truncated or not images, and for
            links that lead nowhere; `"skip"` leaves them out, with one warning at the end.
        workers: Number of decoding threads; default one per core, at most 8.

    Returns:
        Iterator over pairs of the index in `files` and the image, uint8 of shape
        `(height, width, channels)`.

    Raises:
        ValueError: If an argument is invalid, a file cannot be read or differs from
            the first one in size, a box exceeds its image, or no file is readable.
        OSError: If a file does not exist or may not be read.
    """
    size = check_image_size(image_size)
    if channels is not None and (isinstance(channels, bool) or channels not in (1, 3)):
        raise ValueError(f"`channels` must be 1, 3 or None. Received: channels={channels!r}")
    check_choice("unreadable", unreadable, ["error", "skip"])
    if workers is None:
        workers = min(os.cpu_count() or 1, 8)
    check_integer("workers", workers, minimum=1)
    if not len(files):
        raise ValueError("`files` must hold at least one image. Received: none")
    return _read(files, size, channels, unreadable == "skip", workers)


def _read(
    files: Sequence[ImageFile],
    size: tuple[int, int] | None,
    channels: int | None,
    skip: bool,
    workers: int,
) -> Iterator[tuple[int, np.ndarray]]:
    skipped = []
    first = None
    with contextlib.closing(_in_order(files, size, channels, workers)) as images:
        for index, future in images:
            file = files[index]
            try:
                image = future.result()
            except UnreadableImageError as error:
                if not skip:
                    raise ValueError(
                        f"{str(file.path)!r} cannot be read: {error}. Pass `unreadable='skip'` to "
                        "leave such files out."
                    ) from error
                skipped.append(f"{str(file.path)!r} ({error})")
                continue
            if first is None:
                first = file.path, image.shape
            yield index, _match_first(image, file.path, *first)
    shown = ", ".join(skipped[:SHOWN]) + (", ..." if len(skipped) > SHOWN else "")
    if first is None:
        raise ValueError(f"None of the {len(files)} image files can be read: {shown}")
    if skipped:
        warnings.warn(
            f"Skipped {len(skipped)} of {len(files)} image files that cannot be read: {shown}",
            UserWarning,
            stacklevel=2,
        )


def _in_order(
    files: Sequence[ImageFile],
    size: tuple[int, int] | None,
    channels: int | None,
    workers: int,
) -> Iterator[tuple[int, Future]]:
    """Decode in threads, at most two images per thread ahead of the consumer."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read_images")
    ahead: deque[tuple[int, Future]] = deque()
    try:
        for index, file in enumerate(files):
            ahead.append((index, pool.submit(decode_image, file, size, channels)))
            if len(ahead) == 2 * workers:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        pool.shutdown(cancel_futures=True)


def _match_first(
    image: np.ndarray, path: Path, first_path: Path, first_shape: tuple[int, ...]
) -> np.ndarray:
    """Return the image with the channels of the first one, if their sizes agree."""
    if image.shape[:2] != first_shape[:2]:
        (h, w), (first_h, first_w) = image.shape[:2], first_shape[:2]
        raise ValueError(
            f"The images must be of one size (height, width). Received: {str(first_path)!r} of "
            f"{(first_h, first_w)} and {str(path)!r} of {(h, w)}. Pass `image_size=...` to resize "
            "them."
        )
    if image.shape[2] > first_shape[2]:
        raise ValueError(
            f"{str(path)!r} is coloured, but the first image, {str(first_path)!r}, is grey. Pass "
            "`channels=3` to read all of them as RGB."
        )
    if image.shape[2] < first_shape[2]:
        return np.repeat(image, first_shape[2], axis=2)
    return image
