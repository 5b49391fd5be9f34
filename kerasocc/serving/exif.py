"""The orientation that EXIF data give to an image, found in TensorFlow's graph."""

from __future__ import annotations

from typing import Any

ORIENTATION_TAG = 0x0112
MOST_ENTRIES = 1000


def orientation_of(data: Any, is_png: Any) -> Any:
    """Return the orientation, 1 to 8, of a JPEG or PNG file; 1 where there is none.

    Broken EXIF data count as none.

    Args:
        data: The bytes of the file, int32 of shape `(size,)`.
        is_png: Whether it is a PNG file, a scalar.
    """
    import tensorflow as tf

    start = tf.cond(is_png, lambda: _start_in_png(data), lambda: _start_in_jpeg(data))
    found = tf.cond(start >= 0, lambda: _orientation(data[start:]), lambda: tf.constant(1))
    return tf.where(tf.logical_and(found >= 1, found <= 8), found, 1)


def _start_in_jpeg(data: Any) -> Any:
    """Where the EXIF data of a JPEG file begin; -1 without."""
    import tensorflow as tf

    size = tf.size(data)
    name = [*b"Exif\0\0"]

    def is_before_the_scan(position, found):
        is_inside = tf.logical_and(found < 0, position + 10 < size)
        marker = _at(data, position + 1)
        is_marker = tf.logical_and(_at(data, position) == 0xFF, marker != 0xDA)
        return tf.logical_and(is_inside, is_marker)

    def next_segment(position, found):
        is_filling = _at(data, position + 1) == 0xFF
        length = 256 * _at(data, position + 2) + _at(data, position + 3)
        is_named = tf.reduce_all(tf.equal(data[position + 4 : position + 10], name))
        is_exif = tf.logical_and(_at(data, position + 1) == 0xE1, is_named)
        found = tf.where(tf.logical_and(is_exif, ~is_filling), position + 10, -1)
        return position + tf.where(is_filling, 1, 2 + length), found

    return tf.while_loop(is_before_the_scan, next_segment, (2, -1))[1]


def _start_in_png(data: Any) -> Any:
    """Where the EXIF data of a PNG file begin; -1 without."""
    import tensorflow as tf

    size = tf.size(data)

    def is_inside(position, found):
        return tf.logical_and(found < 0, tf.logical_and(position >= 8, position + 12 < size))

    def next_chunk(position, found):
        length = _number(data, position, (24, 16, 8, 0))
        is_exif = tf.reduce_all(tf.equal(data[position + 4 : position + 8], [*b"eXIf"]))
        length = tf.where(tf.logical_and(length >= 0, length < size), length, size)
        return position + 12 + length, tf.where(is_exif, position + 8, -1)

    return tf.while_loop(is_inside, next_chunk, (8, -1))[1]


def _orientation(tiff: Any) -> Any:
    """The tag in the first directory of TIFF data, in either order of bytes; 0 without."""
    import tensorflow as tf

    is_little = _at(tiff, 0) == ord("I")

    def short(position):
        little, big = (_number(tiff, position, shifts) for shifts in ((0, 8), (8, 0)))
        return tf.where(is_little, little, big)

    def long(position):
        orders = ((0, 8, 16, 24), (24, 16, 8, 0))
        little, big = (_number(tiff, position, shifts) for shifts in orders)
        return tf.where(is_little, little, big)

    directory = long(4)
    count = tf.minimum(short(directory), MOST_ENTRIES)
    entries = directory + 2 + 12 * tf.range(count)
    is_inside = tf.logical_and(entries >= 0, entries + 12 <= tf.size(tiff))
    matches = tf.logical_and(is_inside, short(entries) == ORIENTATION_TAG)
    return tf.reduce_max(tf.where(matches, short(entries + 8), 0), axis=0)


def _at(data: Any, positions: Any) -> Any:
    """Bytes at positions, which need not lie in the data."""
    import tensorflow as tf

    return tf.gather(data, tf.clip_by_value(positions, 0, tf.size(data) - 1))


def _number(data: Any, positions: Any, shifts: tuple[int, ...]) -> Any:
    import tensorflow as tf

    parts = [
        tf.bitwise.left_shift(_at(data, positions + i), shift) for i, shift in enumerate(shifts)
    ]
    return tf.add_n(parts)
