"""Encoded images as tensors of pixels, in TensorFlow's graph, as the readers of files decode them.

`datasets.readers.image_decoding` does the same with Pillow. What differs stands in `decode_images`.
"""

from __future__ import annotations

from typing import Any

from kerasocc.serving.exif import orientation_of

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
MOST_PIXELS = 178_956_970
"""An image with more pixels is not decoded, as Pillow does not decode it."""
FRACTION_BITS = 22
"""Pillow's resampling computes in fixed point, with so many bits after it."""


def decode_images(contents: Any, shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Decode a batch of JPEG and PNG files.

    Pixels equal those of the package's reader: turned by EXIF, transparent ones on white, 16 bits
    scaled to 8, resized bilinearly with antialiasing. Colours of CMYK files may differ by a
    rounding, and an orientation that stands in XMP alone is not seen.

    Args:
        contents: Contents of files, strings of shape `(batch,)`.
        shape: Height, width and channels (1 or 3) of the results.

    Returns:
        The images, float32 of shape `(batch, *shape)`, and which of them could be decoded, bool
        of shape `(batch,)`; the pixels of the others are 0.
    """
    import tensorflow as tf

    count = tf.size(contents)

    @tf.autograph.experimental.do_not_convert  # which would take seconds
    def decode(position, content):
        return position, _decode(content, shape)

    # A graph cannot catch errors, but a dataset can leave out the elements that raise them.
    decoded = (
        tf.data.Dataset.from_tensor_slices((tf.range(count), contents))
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .ignore_errors()
        # One element at least, whatever is left out, and in an empty batch.
        .concatenate(tf.data.Dataset.from_tensors((count, tf.zeros(shape))))
        .batch(tf.cast(count, "int64") + 1)
    )
    positions, images = decoded.get_single_element()
    positions = positions[:, None]
    found = tf.scatter_nd(positions, tf.ones_like(positions[:, 0]), [count + 1])
    images = tf.scatter_nd(positions, images, [count + 1, *shape])
    return tf.ensure_shape(images[:count], (None, *shape)), found[:count] > 0


def _decode(content: Any, shape: tuple[int, int, int]) -> Any:
    """Pixels of one file, float32 of a shape; an error if it is no image."""
    import tensorflow as tf

    height, width, channels = shape
    data = tf.cast(tf.io.decode_raw(content, tf.uint8), "int32")
    is_png = tf.equal(tf.strings.substr(content, 0, len(PNG)), PNG)
    is_jpeg = tf.equal(tf.strings.substr(content, 0, len(JPEG)), JPEG)
    with tf.control_dependencies([tf.debugging.Assert(is_png | is_jpeg, ["no JPEG or PNG"])]):
        pixels = tf.cond(is_png, lambda: _png(content, data), lambda: _jpeg(content))
    pixels = _turned(pixels, orientation_of(data, is_png))
    if channels == 1:
        # ITU-R 601 in fixed point.
        grey = tf.reduce_sum(pixels * [19595, 38470, 7471], axis=-1, keepdims=True)
        pixels = tf.bitwise.right_shift(grey + 0x8000, 16)
    return _resized(pixels, height, width)


def _check_size(height: Any, width: Any) -> Any:
    import tensorflow as tf

    pixels = tf.cast(height, "int64") * tf.cast(width, "int64")
    return tf.debugging.assert_less_equal(pixels, tf.constant(MOST_PIXELS, "int64"))


def _jpeg(content: Any) -> Any:
    """RGB of a JPEG file, int32."""
    import tensorflow as tf

    size = tf.io.extract_jpeg_shape(content)
    with tf.control_dependencies([_check_size(size[0], size[1])]):
        # What libjpeg does unless it is asked for speed.
        pixels = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.cast(pixels, "int32")


def _png(content: Any, data: Any) -> Any:
    """RGB of a PNG file on white, int32."""
    import tensorflow as tf

    def number(start: int) -> Any:
        powers = tf.constant([1 << 24, 1 << 16, 1 << 8, 1], "int64")
        return tf.reduce_sum(tf.cast(data[start : start + 4], "int64") * powers)

    with tf.control_dependencies([_check_size(number(20), number(16))]):
        rgba = tf.cond(
            tf.equal(data[24], 16),
            lambda: _of_16_bits(content, is_grey=tf.equal(data[25], 0)),
            lambda: tf.cast(tf.io.decode_png(content, channels=4), "int32"),
        )
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    # Of less than 8 bits TensorFlow has as many ones for opaque where it adds the channel.
    opaque = tf.bitwise.left_shift(1, tf.minimum(data[24], 8)) - 1
    alpha = tf.where(tf.reduce_all(tf.equal(alpha, opaque)), 255, alpha)
    # Over white, rounded in the way of Pillow's `alpha_composite`.
    blended = (colour * alpha + 255 * (255 - alpha) + 0x80) * 128
    quotient = tf.bitwise.right_shift(tf.bitwise.right_shift(blended, 8) + blended, 8)
    return tf.bitwise.right_shift(quotient, 7)


def _of_16_bits(content: Any, *, is_grey: Any) -> Any:
    """RGBA of a PNG file of 16 bits, scaled to 8, int32."""
    import tensorflow as tf

    wide = tf.cast(tf.io.decode_png(content, channels=4, dtype=tf.uint16), "int32")
    # The reader rounds grey values; of others Pillow itself keeps the high bytes.
    return tf.where(is_grey, (wide + 128) // 257, tf.bitwise.right_shift(wide, 8))


def _turned(pixels: Any, orientation: Any) -> Any:
    """Undo an EXIF orientation, 1 to 8."""
    import tensorflow as tf

    def among(*values: int) -> Any:
        return tf.reduce_any(tf.equal(orientation, values))

    turned = tf.cond(
        orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: tf.identity(pixels)
    )
    turned = tf.cond(among(3, 4, 7, 8), lambda: turned[::-1], lambda: tf.identity(turned))
    return tf.cond(among(2, 3, 6, 7), lambda: turned[:, ::-1], lambda: tf.identity(turned))


def _resized(pixels: Any, height: int, width: int) -> Any:
    """Resize int32 pixels of shape `(h, w, channels)` as Pillow does, to float32."""
    import tensorflow as tf

    old = tf.shape(pixels)
    channels = pixels.shape[-1]
    rows = _rounded(tf.matmul(_resampling(old[1], width), tf.cast(pixels, "float64")))
    flat = tf.reshape(rows, (old[0], width * channels))
    image = _rounded(tf.matmul(_resampling(old[0], height), flat))
    return tf.cast(tf.reshape(image, (height, width, channels)), "float32")


def _rounded(sums: Any) -> Any:
    """From fixed point to whole numbers of 8 bits, after each of the two directions."""
    import tensorflow as tf

    whole = tf.floor((sums + 2.0 ** (FRACTION_BITS - 1)) / 2.0**FRACTION_BITS)
    return tf.clip_by_value(whole, 0.0, 255.0)


def _resampling(old: Any, new: int) -> Any:
    """Weights of the `old` pixels of a line in each of `new` ones, in fixed point.

    Triangles as wide as a new pixel (an old one, where there are fewer), normalized, shape
    `(new, old)`, whole numbers in float64, whose products and sums are exact.
    """
    import tensorflow as tf

    size = tf.cast(old, "float64")
    scale = size / new
    width = tf.maximum(scale, 1.0)
    centers = ((tf.range(new, dtype="float64") + 0.5) * scale)[:, None]
    first = tf.maximum(tf.floor(centers - width + 0.5), 0.0)
    end = tf.minimum(tf.floor(centers + width + 0.5), size)
    positions = tf.range(size, dtype="float64")[None, :]
    inside = tf.logical_and(positions >= first, positions < end)
    heights = tf.maximum(1.0 - tf.abs(positions - centers + 0.5) / width, 0.0)
    heights = tf.where(inside, heights, 0.0)
    weights = heights / tf.reduce_sum(heights, axis=1, keepdims=True)
    return tf.floor(weights * 2.0**FRACTION_BITS + 0.5)
