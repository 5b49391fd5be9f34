"""Decoding: what becomes of every kind of image."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from kerasocc.datasets.readers.image_decoding import ImageFile
from tests.datasets.image_examples import decoded, save

RED, WHITE = (255, 0, 0), (255, 255, 255)


def test_box_is_cut_out_before_resizing(tmp_path, random):
    pixels = random.integers(0, 256, (8, 10, 3), dtype="uint8")
    path = save(tmp_path / "a.png", pixels).path
    box = ImageFile(path, "", (2, 1, 7, 5))
    np.testing.assert_array_equal(decoded(box)[0], pixels[1:5, 2:7])
    checks = np.zeros((4, 4, 3), "uint8")
    checks[:2, :2] = 200
    path = save(tmp_path / "b.png", checks).path
    (image,) = decoded(ImageFile(path, "", (0, 0, 2, 2)), image_size=5)
    assert (image == 200).all() and image.shape == (5, 5, 3)
    for outside in ((0, 0, 5, 4), (-1, 0, 2, 2), (0, 0, 2, 5), (2, 0, 2, 2), (0, 1, 2, 1)):
        with pytest.raises(ValueError, match=r"The box .*b.png' must lie in its 4 x 4 .*Received"):
            decoded(ImageFile(path, "", outside), unreadable="skip")


def test_resizing_averages_and_stretches(tmp_path):
    stripes = np.tile(np.array([0, 200], "uint8"), (6, 60))
    file = save(tmp_path / "a.png", stripes)
    (image,) = decoded(file, image_size=(2, 12))
    assert image.shape == (2, 12, 1)
    # Without antialiasing every column would be 0, 100 or 200 by chance of its place.
    assert np.abs(image[:, 1:-1].astype(int) - 100).max() <= 6
    halves = np.repeat(np.array([[10, 90]], "uint8"), 4, axis=1)
    (image,) = decoded(save(tmp_path / "b.png", halves), image_size=[3, 2])
    assert image.shape == (3, 2, 1) and (image[:, 0] < 25).all() and (image[:, 1] > 75).all()


@pytest.mark.parametrize("suffix", ["png", "pgm", "tif"])
def test_16_bits_are_scaled(suffix, tmp_path):
    values = np.array([[0, 128, 129, 256, 32768, 65535]], "uint16")
    (image,) = decoded(save(tmp_path / f"a.{suffix}", values))
    assert image[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_pixels_without_a_range_are_unreadable(tmp_path):
    file = save(tmp_path / "a.tif", np.ones((2, 2), "int32"))
    with pytest.raises(ValueError, match=r"a.tif' cannot be read: the range of its pixels"):
        decoded(file)


def test_floats_between_0_and_1_become_8_bits_and_others_are_unreadable(tmp_path):
    values = np.array([[0, 0.002, 0.4, 0.5, 0.998, 1]], "float32")
    (image,) = decoded(save(tmp_path / "a.tif", values))
    assert image.dtype == "uint8"
    assert image[0, :, 0].tolist() == [0, 1, 102, 128, 254, 255]
    for bad, message in (
        ([[0.0, 255.0]], r"are floats, which must lie in \[0, 1\], but range from 0 to 255"),
        ([[-0.5, 1.0]], "range from -0.5 to 1"),
        ([[np.nan, 0.5]], "NaN or infinite"),
    ):
        file = save(tmp_path / "b.tif", np.array(bad, "float32"))
        with pytest.raises(ValueError, match=f"b.tif' cannot be read: .*{message}"):
            decoded(file)


def test_dead_links_are_unreadable(tmp_path):
    good = save(tmp_path / "a.png")
    for name, target in (("b.png", "gone.png"), ("c.png", "c.png")):
        (tmp_path / name).symlink_to(tmp_path / target)
    files = [good, *(good._replace(path=tmp_path / name) for name in ("b.png", "c.png"))]
    with pytest.raises(ValueError, match="b.png' cannot be read: it is a link to '.*gone.png', "):
        decoded(*files)
    with pytest.warns(UserWarning, match="Skipped 2 of 3 image files that cannot be read: .*link"):
        assert len(decoded(*files, unreadable="skip")) == 1


def test_bilevel_palette_and_cmyk(tmp_path):
    bits = PIL.Image.fromarray(np.eye(3, dtype=bool))
    np.testing.assert_array_equal(
        decoded(save(tmp_path / "1.png", bits))[0][..., 0], np.eye(3) * 255
    )
    red = PIL.Image.new("RGB", (3, 3), RED)
    for name, image in (("p.png", red.quantize(4)), ("cmyk.tif", red.convert("CMYK"))):
        assert (decoded(save(tmp_path / name, image))[0] == RED).all(), name


def test_transparency_is_white(tmp_path):
    rgba = np.zeros((1, 3, 4), "uint8")
    rgba[0, :, 0] = 255
    rgba[0, :, 3] = [255, 0, 51]
    (image,) = decoded(save(tmp_path / "rgba.png", rgba))
    assert image[0].tolist() == [[*RED], [*WHITE], [255, 204, 204]]
    la = np.array([[[100, 255], [100, 0]]], "uint8")
    (image,) = decoded(save(tmp_path / "la.png", la))
    assert image[0].tolist() == [[100], [255]]
    palette = PIL.Image.fromarray(np.array([[0, 1]], "uint8"), "L").convert("P")
    palette.putpalette([*RED, 0, 0, 255])
    (image,) = decoded(save(tmp_path / "p.png", palette, transparency=1))
    assert image[0].tolist() == [[*RED], [*WHITE]]
    key = np.array([[7, 9]], "uint8")
    (image,) = decoded(save(tmp_path / "l.png", key, transparency=9))
    assert image[0].tolist() == [[7], [255]]


def test_orientation(tmp_path, random):
    stored = random.integers(0, 256, (2, 3), dtype="uint8")
    turned = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].T,
        8: np.rot90(stored),
    }
    for orientation, expected in turned.items():
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        for suffix in ("png", "tif"):  # Pillow turns TIFF itself
            file = save(tmp_path / f"{orientation}.{suffix}", stored, exif=exif)
            np.testing.assert_array_equal(decoded(file)[0][..., 0], expected, file.path.name)
    # The box is one of the upright image.
    box = ImageFile(tmp_path / "6.png", "", (1, 2, 2, 3))
    assert decoded(box)[0].item() == turned[6][2, 1]
    broken = save(tmp_path / "broken.png", stored, exif=b"Exif\0\0garbage")
    assert decoded(broken)[0].shape == (2, 3, 1)


def test_warnings_of_pillow_do_not_make_files_unreadable(tmp_path):
    file = save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*garbage")
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        assert len(decoded(file)) == 1
    with pytest.raises(UserWarning, match="Corrupt EXIF data"):
        decoded(file, unreadable="skip")


def test_decompression_bombs_are_unreadable(tmp_path, monkeypatch):
    file = save(tmp_path / "a.png")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 5)
    with pytest.raises(ValueError, match="a.png' cannot be read: .*decompression bomb"):
        decoded(file)


def test_what_the_file_system_refuses_is_no_broken_image(tmp_path, monkeypatch):
    file = save(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match="absent.png"):
        decoded(file, ImageFile(tmp_path / "absent.png", ""), unreadable="skip")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PermissionError, match="a.png"):
        decoded(file, unreadable="skip")
