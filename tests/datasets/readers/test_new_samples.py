"""New samples: the format of the training samples, and what differs from it."""

import numpy as np
import pytest

from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.datasets.sample_format import ARRAYS, IMAGES, TABLE, SampleFormat
from tests.datasets.image_examples import save

TABLE_FORMAT = SampleFormat(kind=TABLE, shape=(2,), columns=("a", "b"), fill=(10.0, 20.0))


def test_columns_are_found_by_name_and_filled(tmp_path):
    (tmp_path / "t.csv").write_text("b,c,a,label\n1,0,2,1\n,0,3,0\n")
    (part,) = read_new(tmp_path / "t.csv", TABLE_FORMAT, labelled=True)
    np.testing.assert_array_equal(part.x, [[2, 1], [3, 20]])
    assert part.names == ["0", "1"] and part.labels.tolist() == ["1", "0"]
    (part,) = read_new(tmp_path / "t.csv", TABLE_FORMAT)
    assert part.labels is None


def test_images_are_resized_as_in_training(tmp_path):
    for number in range(3):
        save(tmp_path / "x" / f"{number}.png", np.full((9, 7 + number), 50 * number, "uint8"))
    sample_format = SampleFormat(kind=IMAGES, shape=(4, 4, 3), resized=True)
    (part,) = read_new(tmp_path / "x", sample_format)
    assert part.x.shape == (3, 4, 4, 3) and part.x[:, 0, 0, 0].tolist() == [0, 50, 100]
    assert part.names == [str(tmp_path / "x" / f"{number}.png") for number in range(3)]
    with pytest.raises(ValueError, match="`label` must be left out: the folders of"):
        next(read_new(tmp_path / "x", sample_format, labelled=True, label="y"))


def test_npz_files_of_images(tmp_path):
    x = np.arange(5 * 4).reshape(5, 2, 2, 1)
    np.savez(tmp_path / "x.npz", images=x, label=np.arange(5))
    (part,) = read_new(
        tmp_path / "x.npz", SampleFormat(kind=IMAGES, shape=(2, 2, 1)), labelled=True
    )
    np.testing.assert_array_equal(part.x, x)
    assert part.labels.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"samples of shape \(3, 3, 1\), which the model was"):
        next(read_new(tmp_path / "x.npz", SampleFormat(kind=IMAGES, shape=(3, 3, 1))))


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder '.*absent'"):
        next(read_new(tmp_path / "absent", TABLE_FORMAT))
    (tmp_path / "t.txt").write_text("1")
    with pytest.raises(ValueError, match="must be an image, a folder of images or an .npz file"):
        next(read_new(tmp_path / "t.txt", SampleFormat(kind=ARRAYS, shape=(2, 2))))
