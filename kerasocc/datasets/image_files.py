"""Image files, decoded by Pillow into arrays of one size and one number of channels.

What becomes of the kinds of images:

- Of a file with several images (GIF, TIFF) the first counts.
- The orientation in the EXIF data is applied; EXIF data that cannot be read have none.
- 16-bit greys are scaled to 8 bits. Pixels without a known range (32-bit integers, floats)
  count as unreadable.
- Transparent pixels are shown on white, as browsers and print do.
- Palette, CMYK and other colours become RGB.
- A cut-out (`ImageFile.box`) is taken from the upright image, before it is resized.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.checks import check_choice, check_integer

ORIENTATION_TAG = 0x0112
SHOWN = 5
"""How many skipped files a warning names."""


class ImageFile(NamedTuple):
    """An image that has not been read yet.

    Attributes:
        path: The file.
        label: Name of its class, `""` if it has none.
        box: What to cut out of it, `(left, upper, right, lower)` in pixels, right
            and lower not included; default the whole image.
    """

    path: Path
    label: str
    box: tuple[int, int, int, int] | None = None


class _UnreadableError(Exception):
    """Why a file is no image that can be read."""


def check_image_size(size: Any) -> tuple[int, int] | None:
    """Return `size` as `(height, width)`, or None if it is None.

    Args:
        size: None, a number of pixels for squares, or a pair `(height, width)`.

    Raises:
        ValueError: If it is none of these.
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


def read_images(
    files: Sequence[ImageFile],
    *,
    image_size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    unreadable: str = "error",
    workers: int | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode images in the order of `files`, few of them ahead of the consumer.

    The arguments are checked at once, the files while they are consumed.

    Args:
        files: What to read.
        image_size: Size of the results, a number for squares or `(height, width)`:
            bilinear with antialiasing, the aspect ratio is not kept. None takes the
            images as they are; then they must be of one size.
        channels: 1 or 3. None takes the kind of the first readable file, 1 if it is
            grey. Grey images among coloured ones become RGB; coloured ones become
            grey (ITU-R 601) only if 1 is passed.
        unreadable: `"error"` refuses files that are truncated or no images;
            `"skip"` leaves them out, with one warning at the end.
        workers: Threads that decode; default one per core, 8 at most.

    Returns:
        Iterator over pairs of the position in `files` and the image, uint8 of shape
        `(height, width, channels)`.

    Raises:
        ValueError: If an argument is wrong, a file cannot be read or does not fit to
            the first one, a box leaves its image, or no file is readable.
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
        for position, future in images:
            file = files[position]
            try:
                image = future.result()
            except _UnreadableError as error:
                if not skip:
                    raise ValueError(
                        f"{str(file.path)!r} cannot be read: {error}. Pass `unreadable='skip'` to "
                        "leave such files out."
                    ) from error
                skipped.append(f"{str(file.path)!r} ({error})")
                continue
            if first is None:
                first = file.path, image.shape
            yield position, _like_first(image, file.path, *first)
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
        for position, file in enumerate(files):
            ahead.append((position, pool.submit(_decode, file, size, channels)))
            if len(ahead) == 2 * workers:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        pool.shutdown(cancel_futures=True)


def _like_first(
    image: np.ndarray, path: Path, first_path: Path, first_shape: tuple[int, ...]
) -> np.ndarray:
    """The image with the channels of the first one, if it fits to that."""
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


def _decode(file: ImageFile, size: tuple[int, int] | None, channels: int | None) -> np.ndarray:
    """Read one image: shape `(height, width, 1 or 3)`, as `channels` says or as it is."""
    from PIL import Image

    # Read apart from decoding: what fails here is the file system, what fails below the file.
    content = Path(file.path).read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            image = _grey_or_rgb(_upright(image), image.format)
    except (MemoryError, Warning):  # not the file's fault; warnings are errors only if asked for
        raise
    except Exception as error:  # of every kind: what a decoder trips over in a broken file
        reason = "it is no image" if isinstance(error, Image.UnidentifiedImageError) else error
        raise _UnreadableError(str(reason) or type(error).__name__) from error
    if channels is not None:
        image = image.convert("L" if channels == 1 else "RGB")
    if file.box is not None:
        image = image.crop(_box_inside(file, image.size))
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = np.array(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def _upright(image: Any) -> Any:
    """Apply the orientation; unlike `ImageOps.exif_transpose` without rewriting the EXIF data."""
    from PIL.Image import Transpose

    try:
        orientation = image.getexif().get(ORIENTATION_TAG)
    except Exception:  # of every kind: broken EXIF data do not make pixels unreadable
        return image
    method = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if method is None else image.transpose(method)


def _grey_or_rgb(image: Any, file_format: str) -> Any:
    """Convert an image to mode `"L"` if it is grey, else to `"RGB"`."""
    from PIL import Image

    mode = image.mode
    # Pillow has 16-bit greys in 32 bits where it scales them itself.
    if mode.startswith("I;16") or (mode == "I" and file_format in ("PNG", "PPM")):
        # 65535 = 255 * 257, so this rounds; Pillow's own conversion clips.
        pixels = (np.asarray(image).astype("uint32") + 128) // 257
        return Image.fromarray(pixels.astype("uint8"))
    if mode[0] in "IF":
        raise _UnreadableError(f"the range of its pixels is unknown (mode {mode!r})")
    target = "L" if mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        if mode in ("La", "RGBa"):
            image = image.convert(mode.upper())
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert(target)


def _box_inside(file: ImageFile, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, upper, right, lower = file.box
    width, height = size
    if not (0 <= left < right <= width and 0 <= upper < lower <= height):
        raise ValueError(
            f"The box (left, upper, right, lower) of {str(file.path)!r} must lie in its "
            f"{width} x {height} pixels. Received: {tuple(file.box)}"
        )
    return left, upper, right, lower
