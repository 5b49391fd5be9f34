"""Files of frames: features, images, their errors."""

import numpy as np
import pytest

from kerasocc.datasets import Rows, frame_sequences
from tests.datasets.frame_examples import TRAIN, make_feature_folder, make_image_folder


@pytest.fixture
def folder(tmp_path):
    return make_feature_folder(tmp_path)


@pytest.fixture
def images(tmp_path):
    return make_image_folder(tmp_path)


def test_sequences_are_sorted_by_their_numbers(folder):
    for path in (folder / "Train").iterdir():
        path.rename(path.with_name(f"video {int(path.stem[-3:])}.npy"))
    assert list(frame_sequences(folder).train_lengths) == ["video 1", "video 2", "video 10"]


@pytest.mark.parametrize("names", [("train", "test"), ("TRAIN", "TEST")])
def test_the_case_of_the_folders_does_not_matter(folder, names):
    for old, new in zip(("Train", "Test"), names, strict=True):
        (folder / old).rename(folder / f"{new}_").rename(folder / new)
    assert len(frame_sequences(folder).x_train) == 12


def test_images(images):
    data = frame_sequences(images)
    assert data.x_train.shape == (12, 4, 6, 1) and data.x_train.dtype == np.uint8
    expected = [10, 11, 12, 13, 14, 20, 21, 22, 23, 100, 101, 102]
    np.testing.assert_array_equal(data.x_train[:, 0, 0, 0], expected)
    np.testing.assert_array_equal(data.y_test, [0, 1, 1, 0, 1, 1, 0, 0, 1])
    assert data.train_lengths == TRAIN and data.test_lengths == {"Test001": 4, "Test002": 5}
    assert data.sample_format.kind == "images" and not data.sample_format.resized
    prepared = np.array(data.preprocessing(data.x_train))
    np.testing.assert_allclose(prepared[:, 0, 0, 0], np.array(expected) / 255, rtol=1e-6)


def test_features_count_before_images(images, folder):
    for part in ("Train", "Test"):
        for path in (folder / part).glob("*.npy"):
            path.rename(images / part / path.name)
    assert frame_sequences(images).x_train.shape == (12, 3)


def test_unreadable_frames(images):
    (images / "Test" / "Test001" / "002.tif").write_bytes(b"broken")
    (images / "Train" / "Train002" / "001.tif").write_bytes(b"broken")
    with pytest.raises(ValueError, match="001.tif' cannot be read: it is no image"):
        frame_sequences(images)
    with pytest.warns(UserWarning, match="Skipped 2 of 21 image files"):
        data = frame_sequences(images, unreadable="skip")
    # The label of the frame goes with it.
    np.testing.assert_array_equal(data.y_test, [0, 1, 0, 1, 1, 0, 0, 1])
    np.testing.assert_array_equal(data.x_test[:, 0, 0, 0], [210, 212, 213, *range(220, 225)])
    assert data.test_lengths == {"Test001": 3, "Test002": 5}
    assert data.train_lengths["Train002"] == 3 and len(data.x_train) == 11


def test_frames_larger_than_the_memory(folder, limit_memory):
    expected = frame_sequences(folder, contamination=0.2)
    limit_memory(0)
    data = frame_sequences(folder, contamination=0.2)
    for name in ("x_train", "x_val", "x_test"):
        assert isinstance(getattr(data, name), Rows)
        np.testing.assert_array_equal(np.asarray(getattr(data, name)), getattr(expected, name))


def test_bad_folders(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder '.*absent'"):
        frame_sequences(tmp_path / "absent")
    with pytest.raises(ValueError, match="a folder with `Train` and `Test`. Received: a file"):
        frame_sequences(folder / "Train" / "Train001.npy")
    with pytest.raises(ValueError, match=r"with `Train` and `Test`. Received: \['UCSDped9'\]"):
        frame_sequences(folder.parent)
    (tmp_path / "empty" / "Train").mkdir(parents=True)
    (tmp_path / "empty" / "Test").mkdir()
    with pytest.raises(ValueError, match="Train' must hold .npy files of features or a folder of"):
        frame_sequences(tmp_path / "empty")
    for path in (folder / "Test").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="Test' must hold .npy files of features, as the training"):
        frame_sequences(folder)


def test_bad_image_folders(images):
    (images / "Train" / "Train011").mkdir()
    with pytest.raises(ValueError, match="Train011' must hold the frames of a sequence as images"):
        frame_sequences(images)
    (images / "Train" / "Train011").rmdir()
    (images / "Test" / "Test002_gt" / "005.bmp").unlink()
    with pytest.raises(ValueError, match="Test002_gt' must have one label for each of the 5 frame"):
        frame_sequences(images)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            np.zeros((5, 2)),
            "Train002.npy' must have 3 features, as 'Train001.npy' has. Received: 2",
        ),
        (np.zeros(5), r"must hold a table of numbers.*shape \(5,\)"),
        (np.zeros((0, 3)), "Train002.npy' (is no readable|must hold a table)"),
        (np.full((5, 3), "a"), "must hold a table of numbers"),
        (np.array([[0, 0, 0], [0, np.nan, 0]]), "Train002.npy' has 1 missing .* row 1, column 1"),
        (np.full((2, 3), 1e300), "Train002.npy' has 6 missing or infinite values"),
    ],
)
def test_bad_features(folder, x, message):
    np.save(folder / "Train" / "Train002.npy", x)
    with pytest.raises(ValueError, match=message):
        frame_sequences(folder)


def test_broken_features(folder):
    (folder / "Test" / "Test001.npy").write_bytes(b"\x93NUMPY nothing")
    with pytest.raises(ValueError, match="Test001.npy' is no readable .npy file"):
        frame_sequences(folder)
