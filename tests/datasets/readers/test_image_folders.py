"""Image folders: MVTec-AD, class folders, folders without a layout."""

from collections import Counter

import numpy as np
import pytest

from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import read_images
from kerasocc.datasets.readers.image_folders import list_flat, list_images
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder
from tests.datasets.image_examples import names, save, write


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
    assert list_images(tmp_path / "cable").default_normal == "fine"
    write(tmp_path / "license.txt", "free")
    with pytest.raises(ValueError, match=r"choose one of \['bottle', 'cable'\]"):
        list_images(tmp_path)


def test_parts_without_classes(tmp_path):
    save(tmp_path / "train" / "cat" / "0.png")
    save(tmp_path / "val" / "0.png")
    save(tmp_path / "test" / "0.png")
    listing = list_images(tmp_path)
    parts = (listing.train, listing.validation, listing.test)
    assert [[file.label for file in part] for part in parts] == [["cat"]] * 3
    assert (listing.unlabelled, listing.default_normal) == (("val", "test"), "cat")
    (tmp_path / "val" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"val' must hold images, or .* Received: no images"):
        list_images(tmp_path)
    (tmp_path / "train" / "cat" / "0.png").unlink()
    (tmp_path / "train").rename(tmp_path / "other")
    (tmp_path / "val").rmdir()
    save(tmp_path / "test" / "cat" / "0.png")
    with pytest.raises(ValueError, match=r"have a folder `train` beside .*Received: \['test'\]"):
        list_images(tmp_path)


def test_normal_images_train_and_folders_name_the_others(tmp_path):
    for name in ("train/0.png", "train/1.png", "validation/2.png", "test/Good/3.png"):
        save(tmp_path / name)
    save(tmp_path / "test" / "scratch" / "4.png")
    listing = list_images(tmp_path)
    assert names(listing.train, tmp_path) == [("train/0.png", "Good"), ("train/1.png", "Good")]
    assert names(listing.validation, tmp_path) == [("validation/2.png", "Good")]
    assert [file.label for file in listing.test] == ["Good", "scratch"]
    assert listing.classes == ["Good", "scratch"] and listing.default_normal == "Good"
    assert listing.unlabelled == ("train", "val")

    (tmp_path / "test" / "Good").rename(tmp_path / "test" / "ok")
    message = r"`normal_class` must say which of the classes \['ok', 'scratch'\] in '.*' is normal"
    for given in (None, "okk", "7"):
        with pytest.raises(ValueError, match=f"{message}.*Received: normal_class={given!r}"):
            list_images(tmp_path, normal_class=given)
    for given in ("ok", "0"):
        assert list_images(tmp_path, normal_class=given).train[0].label == "ok"
    # All test samples may be anomalous.
    (tmp_path / "test" / "ok" / "3.png").unlink()
    assert list_images(tmp_path, normal_class="normal").classes == ["normal", "scratch"]


def test_a_folder_called_train_among_other_classes_is_a_class(tmp_path):
    for name in ("car/0.png", "train/1.png"):
        save(tmp_path / name)
    assert list_images(tmp_path).classes == ["car", "train"]
    (tmp_path / "car" / "0.png").unlink()
    assert list_images(tmp_path).unlabelled == ("train", "val", "test")
    save(tmp_path / "training" / "1.png")
    with pytest.raises(ValueError, match=r"one folder for the part 'train'. Received: \['train', "):
        list_images(tmp_path)


def test_class_folders(tmp_path):
    for name in ("class 10/b.png", "class 2/deep/er/z.JPG", "class 2/a.jpeg", "loose.png"):
        save(tmp_path / name)
    save(tmp_path / "class 2" / ".hidden.png")
    write(tmp_path / "class 2" / "notes.txt", "no image")
    (tmp_path / "empty").mkdir()
    with pytest.warns(UserWarning, match=r"Left out 1 images that lie directly in .*'class 10'"):
        listing = list_images(str(tmp_path))
    assert names(listing.train, tmp_path) == [
        ("class 10/b.png", "class 10"),
        ("class 2/a.jpeg", "class 2"),
        ("class 2/deep/er/z.JPG", "class 2"),
    ]
    assert listing.classes == ["class 2", "class 10"]
    assert listing.test is None
    (tmp_path / "loose.png").unlink()
    assert list_images(tmp_path).default_normal is None
    save(tmp_path / "good" / "a.png")
    assert list_images(tmp_path).default_normal == "good"
    save(tmp_path / "normal" / "a.png")
    assert list_images(tmp_path).default_normal is None


def test_folders_without_a_layout(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder '.*absent'"):
        list_images(tmp_path / "absent")
    with pytest.raises(ValueError, match="VOC2012 .*Received: no images"):
        list_images(tmp_path)
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    listing = list_images(tmp_path)
    assert names(listing.train, tmp_path) == [("a.png", ""), ("b.png", "")]
    assert (listing.test, listing.classes) == (None, [])
    assert listing.unlabelled == ("train", "val", "test")
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


@needs_folder("images/wikiart224_sample")
def test_wikiart_sample():
    root = KERASOCC_DATA / "images" / "wikiart224_sample"
    listing = list_images(root)
    assert len(listing.train) == 350 and listing.test is None
    assert listing.classes == sorted(path.name for path in root.iterdir() if path.is_dir())
    assert set(Counter(file.label for file in listing.train).values()) == {50}
    read = list(read_images(listing.train, image_size=32))
    assert [position for position, _ in read] == list(range(350))
    assert {image.shape for _, image in read} == {(32, 32, 3)}
    assert np.stack([image for _, image in read]).std() > 30
