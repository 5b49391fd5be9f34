"""One image file, decoded by Pillow into an 8-bit grey or RGB array.

- Of a file with several images (GIF, TIFF) the first is read.
- The EXIF orientation is applied; corrupt EXIF data are ignored.
- 16-bit grey values are scaled to 8 bits, and so are floats, which must lie in [0, 1]. Pixels
  without a known range (32-bit integers, other floats) make a file unreadable.
- Transparent pixels are blended with white.
- Palette, CMYK and other colour modes become RGB.
- A crop (`ImageFile.box`) is taken from the upright image, before it is resized.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ORIENTATION_TAG = 0x0112


class ImageFile(NamedTuple):
    """An image file that has not been read yet.

    Attributes:
        path: The file.
        label: Name of its class, `""` without classes.
        box: Crop, `(left, upper, right, lower)` in pixels, right and lower
            exclusive; default the whole image.
    """

    path: Path
    label: str
    box: tuple[int, int, int, int] | None = None


class UnreadableImageError(Exception):
    """A file is not an image that can be read; the message says why."""


def decode_image(file: ImageFile, size: tuple[int, int] | None, channels: int | None) -> np.ndarray:
    """Read and decode one image.

    Args:
        file: The file.
        size: `(height, width)` to resize to; None for the size of the image.
        channels: 1 or 3; None for those of the image.

    Returns:
        Pixels, uint8 of shape `(height, width, 1 or 3)`.

    Raises:
        UnreadableImageError: If the file cannot be decoded, or is a link that leads nowhere.
        ValueError: If the box does not lie in the image.
        OSError: If the file does not exist or may not be read.
    """
    from PIL import Image

    # Read before decoding, to tell errors of the file system from errors in the file.
    content = _content(Path(file.path))
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            image = _grey_or_rgb(_upright(image), image.format)
    except (MemoryError, Warning):  # not caused by the file; warnings raise only on request
        raise
    except Exception as error:  # decoders raise errors of every kind for broken files
        reason = "it is no image" if isinstance(error, Image.UnidentifiedImageError) else error
        raise UnreadableImageError(str(reason) or type(error).__name__) from error
    if channels is not None:
        image = image.convert("L" if channels == 1 else "RGB")
    if file.box is not None:
        image = image.crop(_box_inside(file, image.size))
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = np.array(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        # A link to itself raises another error than one to a file that is gone.
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP):
            raise UnreadableImageError(
                f"it is a link to {os.readlink(path)!r}, where nothing is"
            ) from error
        raise


def _upright(image: Any) -> Any:
    """Apply the orientation; unlike `ImageOps.exif_transpose` do not rewrite the EXIF data."""
    from PIL.Image import Transpose

    try:
        orientation = image.getexif().get(ORIENTATION_TAG)
    except Exception:  # corrupt EXIF data raise errors of every kind
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
    """Convert a grey image to mode `"L"`, any other to `"RGB"`."""
    from PIL import Image

    mode = image.mode
    # Pillow holds the 16-bit grey values of some formats in 32 bits.
    if mode.startswith("I;16") or (mode == "I" and file_format in ("PNG", "PPM")):
        # 65535 = 255 * 257, so this rounds; Pillow's own conversion clips.
        pixels = (np.asarray(image).astype("uint32") + 128) // 257
        return Image.fromarray(pixels.astype("uint8"))
    if mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if mode[0] == "I":
        raise UnreadableImageError(f"the range of its pixels is unknown (mode {mode!r})")
    target = "L" if mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        if mode in ("La", "RGBa"):
            image = image.convert(mode.upper())
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert(target)


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Scale floats from [0, 1] to 8 bits; refuse others, whose range is not known."""
    if not np.isfinite(pixels).all():
        raise UnreadableImageError("it has pixels that are NaN or infinite")
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 1:
        raise UnreadableImageError(
            f"its pixels are floats, which must lie in [0, 1], but range from {low:g} to {high:g}"
        )
    return np.round(pixels * 255).astype("uint8")


def _box_inside(file: ImageFile, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, upper, right, lower = file.box
    width, height = size
    if not (0 <= left < right <= width and 0 <= upper < lower <= height):
        raise ValueError(
            f"The box (left, upper, right, lower) of {str(file.path)!r} must lie in its "
            f"{width} x {height} pixels. Received: {tuple(file.box)}"
        )
    return left, upper, right, lower
