"""Masks of defects in the layout of MVTec-AD."""

import numpy as np
import pytest
from PIL import Image

from kerasocc.datasets.readers.defect_masks import read_defect_masks


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, "uint8")).save(path)


def test_masks_belong_to_their_images(tmp_path):
    first, second = np.zeros((4, 6)), np.zeros((4, 6))
    first[1, 2] = second[3, 5] = 255
    write(tmp_path / "ground_truth" / "crack" / "007_mask.png", first)
    write(tmp_path / "ground_truth" / "hole" / "007.png", second)
    names = ["test/good/007.png", "test/hole/007.png", "test/crack/007.jpg"]
    found = read_defect_masks(tmp_path, names, (4, 6))
    np.testing.assert_array_equal(found, np.array([0 * first, second, first]) > 0)


def test_masks_are_brought_to_the_size_of_the_images(tmp_path):
    mask = np.zeros((8, 8))
    mask[:4, 4:] = 255
    write(tmp_path / "ground_truth" / "crack" / "0_mask.png", mask)
    found = read_defect_masks(tmp_path, ["test/crack/0.png"], (2, 2))
    assert found.tolist() == [[[False, True], [False, False]]]


@pytest.mark.parametrize("has_folder", [False, True])
def test_without_masks_there_are_none(has_folder, tmp_path):
    if has_folder:
        (tmp_path / "ground_truth").mkdir()
    assert read_defect_masks(tmp_path, ["test/good/0.png"], (2, 2)) is None
