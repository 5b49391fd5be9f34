"""Encoded images in a graph: the pixels of the package's reader, and no failed batch."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kerasocc.datasets.readers.image_decoding import ImageFile, decode_image
from kerasocc.serving.image_bytes import decode_images

tf = pytest.importorskip("tensorflow")

HEIGHT, WIDTH = 16, 12


def pixels(channels, height=61, width=47):
    """Smooth, so that JPEG has something to lose."""
    rows, columns = np.mgrid[:height, :width][..., None] / 10
    waves = 127.5 * (1 + np.sin(rows * (1 + np.arange(channels)) + columns))
    return waves.astype("uint8")


def encoded(image, file_format, **options):
    content = io.BytesIO()
    image.save(content, file_format, **options)
    return content.getvalue()


def of_jpeg_and_png():
    rgb, grey = Image.fromarray(pixels(3)), Image.fromarray(pixels(1)[..., 0])
    deep = pixels(1)[..., 0].astype("uint16") * 200 + np.arange(47, dtype="uint16")
    found = {
        "jpeg": encoded(rgb, "JPEG"),
        "jpeg, no subsampling": encoded(rgb, "JPEG", subsampling=0),
        "jpeg, progressive, poor": encoded(rgb, "JPEG", quality=20, progressive=True),
        "grey jpeg": encoded(grey, "JPEG"),
        "cmyk jpeg": encoded(rgb.convert("CMYK"), "JPEG"),
        "png": encoded(rgb, "PNG"),
        "grey png": encoded(grey, "PNG"),
        "png of 16 bits": encoded(Image.fromarray(deep), "PNG"),
        "png of one bit": encoded(grey.convert("1"), "PNG"),
        "palette": encoded(rgb.quantize(64), "PNG"),
        "palette of 4 bits": encoded(rgb.quantize(9), "PNG"),
        "transparent palette": encoded(rgb.quantize(64), "PNG", transparency=5),
        "transparent grey": encoded(grey, "PNG", transparency=int(pixels(1)[3, 3, 0])),
        "alpha": encoded(Image.fromarray(pixels(4)), "PNG"),
        "grey with alpha": encoded(Image.fromarray(pixels(2), "LA"), "PNG"),
        "larger": encoded(Image.fromarray(pixels(3, 300, 411)), "JPEG"),
        "smaller": encoded(Image.fromarray(pixels(3, 5, 7)), "PNG"),
        "one pixel": encoded(Image.fromarray(pixels(3, 1, 1)), "PNG"),
        "of the size": encoded(Image.fromarray(pixels(3, HEIGHT, WIDTH)), "PNG"),
    }
    for orientation in range(10):
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "maker", orientation
        found[f"jpeg turned {orientation}"] = encoded(rgb, "JPEG", exif=exif)
        found[f"png turned {orientation}"] = encoded(rgb, "PNG", exif=exif)
    return found


def chunk(name, content):
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def broken():
    jpeg, png = (
        encoded(Image.fromarray(pixels(3)), "JPEG"),
        encoded(Image.fromarray(pixels(3)), "PNG"),
    )
    huge = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return {
        "nothing": b"",
        "text": b"hello",
        "signature of png": png[:8],
        "signature of jpeg": jpeg[:2],
        "half a jpeg": jpeg[: len(jpeg) // 2],
        "half a png": png[: len(png) // 2],
        "png with a wrong checksum": png[:100] + bytes([png[100] ^ 255]) + png[101:],
        "huge png": png[:8] + chunk(b"IHDR", huge) + png[33:],
        "another format": encoded(Image.fromarray(pixels(3)), "GIF"),
    }


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_the_reader(channels, tmp_path):
    good, bad = of_jpeg_and_png(), broken()
    contents = [c for pair in zip(good.items(), [*bad.items()] * 9, strict=False) for c in pair]
    found, valid = tf.function(lambda c: decode_images(c, (HEIGHT, WIDTH, channels)))(
        tf.constant([content for _, content in contents])
    )
    assert found.dtype == tf.float32 and found.shape == (len(contents), HEIGHT, WIDTH, channels)
    for (name, content), image, is_valid in zip(
        contents, found.numpy(), valid.numpy(), strict=True
    ):
        assert is_valid == (name in good), name
        if name in good:
            (tmp_path / "image").write_bytes(content)
            expected = decode_image(ImageFile(tmp_path / "image", ""), (HEIGHT, WIDTH), channels)
            assert np.ptp(expected) > 20 or name == "one pixel"
            np.testing.assert_array_equal(image, expected, err_msg=name)
        else:
            assert not image.any()


def test_broken_exif_data_are_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = encoded(Image.fromarray(pixels(3)), "JPEG")
    turned = encoded(Image.fromarray(pixels(3)), "JPEG", exif=exif)
    start = turned.index(b"Exif\0\0") + 6
    spoiled = turned[: start + 4] + b"\xff\xff\xff\xff" + turned[start + 8 :]
    shape = (HEIGHT, WIDTH, 3)
    images, valid = decode_images(tf.constant([plain, spoiled, turned]), shape)
    assert valid.numpy().all()
    np.testing.assert_array_equal(images[0], images[1])
    assert np.abs(images[0] - images[2]).max() > 20


def test_an_empty_batch():
    images, valid = decode_images(tf.constant([], "string"), (HEIGHT, WIDTH, 3))
    assert images.shape == (0, HEIGHT, WIDTH, 3) and valid.shape == (0,)
