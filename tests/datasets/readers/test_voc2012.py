"""The layout of VOC2012."""

import pytest

from kerasocc.datasets.readers.image_folders import list_images
from tests.datasets.image_examples import names, save, write


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
        listing = list_images(folder, by_class=False)
        images = voc / "JPEGImages"
        # Those that are hard to see too; the sixth is in neither list.
        assert names(listing.train, images) == [(f"2008_{i}.jpg", "") for i in range(3)]
        assert names(listing.test, images) == [(f"2008_{i}.jpg", "") for i in (3, 4)]
        assert listing.classes == [] and listing.default_normal is None
    write(voc / "ImageSets" / "Main" / "val.txt", "2008_3", "2008_4 1")
    with pytest.raises(ValueError, match="val.txt' must hold one image in .*'2008_4 1' in row 2"):
        list_images(voc, by_class=False)
    write(voc / "ImageSets" / "Main" / "val.txt", "2008_3", "", "2008_4")
    with pytest.raises(ValueError, match="Received: '' in row 2"):
        list_images(voc, by_class=False)
    (voc / "ImageSets" / "Main" / "val.txt").unlink()
    with pytest.raises(FileNotFoundError, match="val.txt"):
        list_images(voc, by_class=False)


def test_broken_voc(voc):
    (voc / "JPEGImages" / "2008_4.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no image '.*2008_4.jpg', which '.*cat_val.txt'"):
        list_images(voc, normal_class="cat")
    for line in ("2008_1 2", "2008_1", "2008_1 1 1"):
        write(voc / "ImageSets" / "Main" / "cat_train.txt", "2008_0 -1", line)
        with pytest.raises(ValueError, match=f"cat_train.txt' must hold.*'{line}' in row 2"):
            list_images(voc, normal_class="cat")
