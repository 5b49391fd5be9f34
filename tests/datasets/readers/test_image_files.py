"""Many image files: order, sizes, channels, unreadable ones."""

import numpy as np
import PIL.Image
import pytest

from kerasocc.datasets.readers import image_files
from kerasocc.datasets.readers.image_files import check_image_size, read_images
from tests.datasets.image_examples import decoded, save


def test_order_and_positions(tmp_path):
    files = [save(tmp_path / f"{i}.png", np.full((9, 9), i, "uint8")) for i in range(40)][::-1]
    for workers in (1, 3):
        read = list(read_images(files, workers=workers))
        assert [position for position, _ in read] == list(range(40))
        assert [int(image[0, 0, 0]) for _, image in read] == list(range(40))[::-1]
        assert {(image.shape, image.dtype.name) for _, image in read} == {((9, 9, 1), "uint8")}


def test_few_images_are_decoded_ahead(tmp_path, monkeypatch):
    files = [save(tmp_path / f"{i}.png") for i in range(60)]
    opened = []
    real = PIL.Image.open
    monkeypatch.setattr(PIL.Image, "open", lambda file: opened.append(0) or real(file))
    images = read_images(files, workers=2)
    assert not opened
    for taken in range(1, 11):
        next(images)
        # Four in flight: the one that was handed out is none of them any more.
        assert taken <= len(opened) <= taken + 3
    images.close()
    assert len(opened) <= 14


def test_channels_follow_the_first_image(tmp_path, random):
    colours = random.integers(0, 256, (3, 4, 3), dtype="uint8")
    grey = save(tmp_path / "grey.png")
    coloured = save(tmp_path / "coloured.png", colours)
    assert [image.shape for image in decoded(grey, grey)] == [(3, 4, 1)] * 2
    first, second = decoded(coloured, grey)
    np.testing.assert_array_equal(first, colours)
    assert second.shape == (3, 4, 3) and (second == 8).all()
    message = "coloured.png' is coloured, but the first image, '.*grey.png', is grey.*`channels=3`"
    with pytest.raises(ValueError, match=message):
        decoded(grey, coloured)
    assert [image.shape for image in decoded(grey, coloured, channels=3)] == [(3, 4, 3)] * 2
    (as_grey,) = decoded(coloured, channels=1)
    expected = colours @ np.array([0.299, 0.587, 0.114])
    assert as_grey.shape == (3, 4, 1) and np.abs(as_grey[..., 0] - expected).max() <= 1


def test_sizes_must_agree_without_image_size(tmp_path):
    files = [save(tmp_path / "a.png"), save(tmp_path / "b.png", np.zeros((5, 4), "uint8"))]
    message = r"'.*a.png' of \(3, 4\) and '.*b.png' of \(5, 4\). Pass `image_size=...`"
    with pytest.raises(ValueError, match=message):
        decoded(*files)
    assert {image.shape for image in decoded(*files, image_size=6)} == {(6, 6, 1)}


@pytest.fixture
def with_broken(tmp_path, random):
    """Seven good images with a truncated one and one that is none among them."""
    noise = random.integers(0, 256, (64, 64, 3), dtype="uint8")
    files = [save(tmp_path / f"{i}.jpg", noise) for i in range(9)]
    files[3].path.write_bytes(files[3].path.read_bytes()[:1500])
    files[5].path.write_bytes(b"this is no image")
    return files


def test_unreadable_files(with_broken):
    images = read_images(with_broken)
    assert [next(images)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(
        ValueError, match=r"3.jpg' cannot be read: .*truncated.*`unreadable='skip'`"
    ):
        next(images)
    with pytest.raises(ValueError, match=r"5.jpg' cannot be read: it is no image. Pass"):
        decoded(*with_broken[4:])
    with pytest.warns(
        UserWarning, match=r"Skipped 2 of 9 .*3.jpg' \(.*truncated.*5.jpg' \("
    ) as found:
        read = list(read_images(with_broken, unreadable="skip"))
    assert [position for position, _ in read] == [0, 1, 2, 4, 6, 7, 8]
    assert len(found) == 1 and found[0].filename == __file__
    with pytest.raises(ValueError, match=r"None of the 2 image files can be read: .*3.jpg'"):
        decoded(with_broken[3], with_broken[5], unreadable="skip")


def test_a_warning_names_few_files(with_broken):
    many = [*with_broken[5:6] * 8, with_broken[0]]
    with pytest.warns(UserWarning, match=r"Skipped 8 of 9 .*, \.\.\.$") as found:
        assert len(decoded(*many, unreadable="skip")) == 1
    assert str(found[0].message).count("5.jpg") == image_files.SHOWN


def test_the_first_readable_image_decides(with_broken, tmp_path):
    grey = save(tmp_path / "grey.png", np.zeros((64, 64), "uint8"))
    with pytest.warns(UserWarning, match="Skipped 1 of 3"):
        read = decoded(with_broken[5], with_broken[0], grey, unreadable="skip")
    assert [image.shape for image in read] == [(64, 64, 3)] * 2


def test_image_size_is_checked():
    assert check_image_size(None) is None
    assert check_image_size(32) == (32, 32)
    assert check_image_size([24, np.int64(32)]) == (24, 32)
    for wrong in (0, -3, True, 1.5, "32", (32,), (32, 0), (1, 2, 3), (32, "a"), [[1, 2], 3]):
        with pytest.raises(ValueError, match=r"`image_size` must be .* Received: image_size="):
            check_image_size(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 4}, "`channels` must be 1, 3 or None. Received: channels=4"),
        ({"channels": True}, "`channels` must be 1, 3 or None"),
        ({"unreadable": "ignore"}, "`unreadable` must be one of"),
        ({"workers": 0}, "`workers` must be an integer of at least 1"),
        ({"image_size": 0}, "`image_size` must be a positive"),
    ],
)
def test_arguments_are_checked_at_once(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_images([save(tmp_path / "a.png")], **options)
    with pytest.raises(ValueError, match="`files` must hold at least one image"):
        read_images([])
