"""Image folders: every layout, its errors, and what decoding makes of every kind of image."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from kerasocc.datasets import image_files
from kerasocc.datasets.readers.image_files import ImageFile, check_image_size, read_images
from kerasocc.datasets.readers.image_folders import list_flat, list_images

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
DATA_DIR = Path(os.environ.get("KERASOCC_DATA_DIR", SHARED))
WIKIART = DATA_DIR / "images" / "wikiart224_sample"

needs_wikiart = pytest.mark.skipif(
    not WIKIART.exists(), reason=f"there is no folder {WIKIART}; set KERASOCC_DATA_DIR"
)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def save(path, pixels=None, **options):
    """Write pixels, by default 4 x 3 of a grey that the name decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixels is None:
        pixels = np.full((3, 4), len(path.name), "uint8")
    image = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    image.save(path, **options)
    return ImageFile(path, "")


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def decoded(*files, **options):
    return [image for _, image in read_images(files, **options)]


def names(files, root):
    return [(file.path.relative_to(root).as_posix(), file.label) for file in files]


# --- decoding


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


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_pixels_without_a_range_are_unreadable(dtype, tmp_path):
    file = save(tmp_path / "a.tif", np.ones((2, 2), dtype))
    with pytest.raises(ValueError, match=r"a.tif' cannot be read: the range of its pixels"):
        decoded(file)


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


# --- layouts


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for number in range(6):
        save(root / "JPEGImages" / f"2008_{number}.jpg")
    lists = root / "ImageSets" / "Main"
    write(lists / "cat_train.txt", "2008_1  1", "2008_0 -1", "2008_2  0")
    write(lists / "cat_val.txt", "2008_3 -1", "2008_4  1")
    write(lists / "train_train.txt", "2008_0  1", "2008_1 -1")
    write(lists / "train_val.txt", "2008_5  1")
    write(lists / "cat_trainval.txt", "2008_5  1")
    write(lists / "train.txt", "2008_0", "2008_2 ", "2008_1")
    write(lists / "val.txt", "2008_3", "2008_4")
    return root


def test_voc(voc):
    for folder in (voc, voc.parent, voc.parent.parent):
        listing = list_images(folder, normal_class="cat")
        images = voc / "JPEGImages"
        assert names(listing.train, images) == [("2008_0.jpg", "other"), ("2008_1.jpg", "cat")]
        assert names(listing.test, images) == [("2008_3.jpg", "other"), ("2008_4.jpg", "cat")]
        assert listing.classes == ["cat", "other"] and listing.default_normal is None
    assert [file.label for file in list_images(voc, normal_class="train").test] == ["train"]


def test_voc_needs_a_class(voc):
    with pytest.raises(ValueError, match=r"one of \['cat', 'train'\].* normal_class=None"):
        list_images(voc)
    with pytest.raises(ValueError, match="Near names: cat. Received: normal_class='cta'"):
        list_images(voc, normal_class="cta")


def test_the_whole_of_voc(voc):
    for folder in (voc, voc.parent, voc.parent.parent):
        listing = list_images(folder, cut=False)
        images = voc / "JPEGImages"
        # Those that are hard to see too; the sixth is in neither list.
        assert names(listing.train, images) == [(f"2008_{i}.jpg", "") for i in range(3)]
        assert names(listing.test, images) == [(f"2008_{i}.jpg", "") for i in (3, 4)]
        assert listing.classes == [""] and listing.default_normal is None
    write(voc / "ImageSets" / "Main" / "val.txt", "2008_3", "2008_4 1")
    with pytest.raises(ValueError, match="val.txt' must hold one image in .*'2008_4 1' in row 2"):
        list_images(voc, cut=False)
    write(voc / "ImageSets" / "Main" / "val.txt", "2008_3", "", "2008_4")
    with pytest.raises(ValueError, match="Received: '' in row 2"):
        list_images(voc, cut=False)
    (voc / "ImageSets" / "Main" / "val.txt").unlink()
    with pytest.raises(FileNotFoundError, match="val.txt"):
        list_images(voc, cut=False)


def test_broken_voc(voc):
    (voc / "JPEGImages" / "2008_4.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no image '.*2008_4.jpg', which '.*cat_val.txt'"):
        list_images(voc, normal_class="cat")
    for line in ("2008_1 2", "2008_1", "2008_1 1 1"):
        write(voc / "ImageSets" / "Main" / "cat_train.txt", "2008_0 -1", line)
        with pytest.raises(ValueError, match=f"cat_train.txt' must hold.*'{line}' in row 2"):
            list_images(voc, normal_class="cat")


SIGNS = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


@pytest.fixture
def gtsrb(tmp_path, random):
    root = tmp_path / "GTSRB"
    for label in (2, 14):
        folder = root / "Final_Training" / "Images" / f"{label:05}"
        for name in ("00000_00000.ppm", "00000_00001.ppm"):
            save(folder / name, random.integers(0, 256, (10, 9, 3), dtype="uint8"))
        rows = (f"00000_0000{i}.ppm;9;10;1;2;6;7;{label}" for i in (1, 0))
        write(folder / f"GT-{label:05}.csv", SIGNS, *rows)
    save(root / "Final_Test" / "Images" / "00000.ppm")
    save(root / "Final_Test" / "Images" / "00001.ppm")
    return root


def test_gtsrb(gtsrb):
    listing = list_images(gtsrb)
    train = gtsrb / "Final_Training" / "Images"
    assert names(listing.train, train) == [
        ("00002/00000_00000.ppm", "2"),
        ("00002/00000_00001.ppm", "2"),
        ("00014/00000_00000.ppm", "14"),
        ("00014/00000_00001.ppm", "14"),
    ]
    assert listing.classes == ["2", "14"]
    assert listing.test is None and listing.default_normal is None
    # Columns 1 to 6 and rows 2 to 7, both ends included.
    assert {file.box for file in listing.train} == {(1, 2, 7, 8)}
    whole = np.asarray(PIL.Image.open(listing.train[0].path))
    np.testing.assert_array_equal(decoded(listing.train[0])[0], whole[2:8, 1:7])
    path = train / "00002" / "GT-00002.csv"
    path.write_text(path.read_text(), encoding="utf-8-sig")  # as spreadsheets save it
    assert list_images(gtsrb) == listing


@pytest.mark.parametrize("place", ["Final_Test/Images", "Final_Test", ".", ".."])
def test_test_part_of_gtsrb(gtsrb, place):
    rows = ("00001.ppm;4;3;0;0;3;2;7", "00000.ppm;4;3;1;1;2;2;14")
    without = [line.rsplit(";", 1)[0] for line in (SIGNS, *rows)]
    write(gtsrb / "Final_Test" / "Images" / "GT-final_test.test.csv", *without)
    assert list_images(gtsrb).test is None
    write(gtsrb / place / "GT-final_test.csv", SIGNS, *rows)
    listing = list_images(gtsrb.parent)
    images = gtsrb / "Final_Test" / "Images"
    assert listing.test == [
        ImageFile(images / "00000.ppm", "14", (1, 1, 3, 3)),
        ImageFile(images / "00001.ppm", "7", (0, 0, 4, 3)),
    ]
    assert listing.classes == ["2", "7", "14"]


BROKEN_SIGNS = {
    "column": ([SIGNS.replace(";Roi.Y2", ""), "a"], r"the columns \['Roi.Y2'\] too. Received: \["),
    "number": (
        [SIGNS, "00000_00000.ppm;9;10;1;2;6;7;2", "00000_00001.ppm;9;10;1;x;6;7;2"],
        "Received: 'x' in row 3, column 'Roi.Y1'",
    ),
    "short": ([SIGNS, "00000_00000.ppm;9;10;1"], "Received: None in row 2, column 'Roi.Y1'"),
    "rows": ([SIGNS], "hold images .*Received: none"),
    "empty": ([], "Received: None"),
}


@pytest.mark.parametrize("broken", BROKEN_SIGNS)
def test_broken_list_of_gtsrb(broken, gtsrb):
    lines, message = BROKEN_SIGNS[broken]
    path = gtsrb / "Final_Training" / "Images" / "00002" / "GT-00002.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=f"GT-00002.csv' must .*{message}"):
        list_images(gtsrb)
    path.write_bytes(SIGNS.encode() + b"\n\xff\xfe;1\n")
    with pytest.raises(ValueError, match="GT-00002.csv' is no readable .csv file"):
        list_images(gtsrb)


def test_files_that_gtsrb_lacks(gtsrb):
    folder = gtsrb / "Final_Training" / "Images" / "00014"
    (folder / "00000_00001.ppm").unlink()
    with pytest.raises(FileNotFoundError, match="00000_00001.ppm', which '.*GT-00014.csv' lists"):
        list_images(gtsrb)
    (folder / "GT-00014.csv").unlink()
    with pytest.raises(FileNotFoundError, match="GT-00014.csv"):
        list_images(gtsrb)


def test_gtsrb_of_kaggle(tmp_path):
    header = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path"
    for name in ("Train/20/a.png", "Train/3/b.png", "Test/00000.png", "Meta/0.png"):
        save(tmp_path / name)
    write(
        tmp_path / "Train.csv",
        header,
        "4,3,0,0,2,1,20,Train/20/a.png",
        "4,3,1,1,3,2,3,Train/3/b.png",
    )
    write(tmp_path / "Test.csv", header, "4,3,1,0,2,1,3,Test/00000.png")
    listing = list_images(tmp_path)
    assert listing.train == [
        ImageFile(tmp_path / "Train/20/a.png", "20", (0, 0, 3, 2)),
        ImageFile(tmp_path / "Train/3/b.png", "3", (1, 1, 4, 3)),
    ]
    assert listing.test == [ImageFile(tmp_path / "Test/00000.png", "3", (1, 0, 3, 2))]
    assert listing.classes == ["3", "20"]


def test_mvtec(tmp_path):
    root = tmp_path / "bottle"
    for name in ("Train/good/000.png", "Train/good/sub/001.PNG", "TEST/good/000.png"):
        save(root / name)
    for name in ("TEST/broken/000.png", "ground_truth/broken/000_mask.png", "TEST/.thumbs/0.png"):
        save(root / name)
    save(root / "TEST" / "broken" / "ground_truth" / "000_mask.png")
    listing = list_images(root)
    assert names(listing.train, root) == [
        ("Train/good/000.png", "good"),
        ("Train/good/sub/001.PNG", "good"),
    ]
    assert names(listing.test, root) == [
        ("TEST/broken/000.png", "broken"),
        ("TEST/good/000.png", "good"),
    ]
    assert listing.classes == ["broken", "good"] and listing.default_normal == "good"

    for part in ("train", "test"):
        save(tmp_path / "cable" / part / "fine" / "0.png")
    assert list_images(tmp_path / "cable").default_normal is None
    write(tmp_path / "license.txt", "free")
    with pytest.raises(ValueError, match=r"choose one of \['bottle', 'cable'\]"):
        list_images(tmp_path)


def test_parts_without_classes(tmp_path):
    save(tmp_path / "train" / "cat" / "0.png")
    save(tmp_path / "val" / "cat" / "0.png")
    with pytest.raises(ValueError, match=r"both `train` and `test`. Received: \['train', 'val'\]"):
        list_images(tmp_path)
    save(tmp_path / "test" / "0.png")
    with pytest.raises(ValueError, match=r"test' must hold a folder .* Received: 1 images outside"):
        list_images(tmp_path)


def test_class_folders(tmp_path):
    for name in ("class 10/b.png", "class 2/deep/er/z.JPG", "class 2/a.jpeg", "loose.png"):
        save(tmp_path / name)
    save(tmp_path / "class 2" / ".hidden.png")
    write(tmp_path / "class 2" / "notes.txt", "no image")
    (tmp_path / "empty").mkdir()
    listing = list_images(str(tmp_path))
    assert names(listing.train, tmp_path) == [
        ("class 10/b.png", "class 10"),
        ("class 2/a.jpeg", "class 2"),
        ("class 2/deep/er/z.JPG", "class 2"),
    ]
    assert listing.classes == ["class 2", "class 10"]
    assert listing.test is None
    save(tmp_path / "good" / "a.png")
    assert list_images(tmp_path).default_normal is None


def test_links_are_followed_once(tmp_path):
    root = tmp_path / "set"
    for name in ("a/0.png", "b/1.png", "../elsewhere/2.png"):
        save(root / name)
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "a" / "other").symlink_to(root / "b", target_is_directory=True)
    (root / "b" / "back").symlink_to(root / "a", target_is_directory=True)
    (root / "c").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "a" / "itself").symlink_to(root / "a" / "itself")
    assert names(list_images(root).train, root) == [
        ("a/0.png", "a"),
        ("a/other/1.png", "a"),
        ("b/1.png", "b"),
        ("b/back/0.png", "b"),
        ("c/2.png", "c"),
    ]
    found = Counter(file.path.resolve().name for file in list_flat(root))
    assert found == {"0.png": 1, "1.png": 1, "2.png": 1}


def test_folders_without_a_layout(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder '.*absent'"):
        list_images(tmp_path / "absent")
    with pytest.raises(ValueError, match="VOC2012 .*Received: no images outside"):
        list_images(tmp_path)
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="a folder of images per class.*GTSRB.*Received: 2 images"):
        list_images(tmp_path)
    with pytest.raises(ValueError, match="a.png' must be a folder of images. Received: a file"):
        list_images(tmp_path / "a.png")


def test_flat(tmp_path):
    with pytest.raises(ValueError, match=r"must hold images \(files that end in .png.* none"):
        list_flat(tmp_path)
    with pytest.raises(FileNotFoundError, match="no file or folder '.*absent'"):
        list_flat(tmp_path / "absent")
    for name in ("z.png", "b/1.png", "b/10.png", "a/0.webp", "b/ground_truth/0.png"):
        save(tmp_path / name)
    write(tmp_path / "b" / "list.csv", "no image")
    expected = ["a/0.webp", "b/1.png", "b/10.png", "z.png"]
    assert names(list_flat(tmp_path), tmp_path) == [(name, "") for name in expected]
    assert list_flat(str(tmp_path / "z.png")) == [ImageFile(tmp_path / "z.png", "")]


@needs_wikiart
def test_wikiart_sample():
    listing = list_images(WIKIART)
    assert len(listing.train) == 350 and listing.test is None
    assert listing.classes == sorted(path.name for path in WIKIART.iterdir() if path.is_dir())
    assert set(Counter(file.label for file in listing.train).values()) == {50}
    read = list(read_images(listing.train, image_size=32))
    assert [position for position, _ in read] == list(range(350))
    assert {image.shape for _, image in read} == {(32, 32, 3)}
    assert np.stack([image for _, image in read]).std() > 30
