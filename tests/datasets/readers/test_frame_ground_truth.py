"""Labels of frames: lists, files and masks."""

import numpy as np
import pytest

from kerasocc.datasets import frame_sequences
from tests.datasets.frame_examples import (
    UCSD,
    make_feature_folder,
    make_image_folder,
    without_truth,
)


@pytest.fixture
def folder(tmp_path):
    return make_feature_folder(tmp_path)


@pytest.fixture
def images(tmp_path):
    return make_image_folder(tmp_path)


def test_the_official_list(folder):
    (without_truth(folder) / "Test" / "UCSDped9.m").write_text(UCSD)
    for hidden in ("Test/._UCSDped9.m", "Test/._Test001.npy", "Train/._Train001.npy"):
        (folder / hidden).write_bytes(b"what macOS leaves in archives")
    np.testing.assert_array_equal(frame_sequences(folder).y_test, [0, 1, 1, 0, 1, 1, 0, 0, 1])


def test_the_official_list_counts_before_files_of_sequences(folder):
    (folder / "Test" / "UCSDped9.m").write_text(UCSD.replace("[2:3]", "[]"))
    np.testing.assert_array_equal(frame_sequences(folder).y_test, [0, 0, 0, 0, 1, 1, 0, 0, 1])


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ("[1:4]", [1, 1, 1, 1]),
        ("[ 2 : 3 ]", [0, 1, 1, 0]),
        ("[1, 4]", [1, 0, 0, 1]),
        ("[1:1 3:4]", [1, 0, 1, 1]),
        ("2:3", [0, 1, 1, 0]),
        ("[]", [0, 0, 0, 0]),
        ("[2:3]; % a cart, gt_frame 5", [0, 1, 1, 0]),
    ],
)
def test_frames_of_the_list(folder, frames, expected):
    text = f"% gt_frame of two videos\r\nTestVideoFile{{ end+1 }}.gt_frame={frames}\r\n"
    (folder / "Test" / "t.m").write_text(text + "TestVideoFile{end+1}.gt_frame = [5];")
    data = frame_sequences(folder)
    np.testing.assert_array_equal(data.split_by_sequence(data.y_test)["Test001"], expected)
    np.testing.assert_array_equal(data.split_by_sequence(data.y_test)["Test002"], [0, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (UCSD.replace("2:3", "0:3"), "frames from 1 to 4, .* Received: 0:3 in line 2"),
        (UCSD.replace("5:5", "5:6"), "frames from 1 to 5, .* Received: 5:6 in line 3"),
        (UCSD.replace("2:3", "3:2"), "Received: 3:2 in line 2"),
        (UCSD.replace("[2:3]", "[2:1:3]"), "Received: '.*2:1:3.*' in line 2"),
        (UCSD.replace("[2:3]", "f(2)"), "must hold lines such as .* in line 2"),
        (UCSD.replace("[2:3]", "[2:3"), r"in line 2"),
        (UCSD.replace("[2:3]", ""), "in line 2"),
        (UCSD.replace("{end+1}.gt_frame = [2:3]", "{1}.gt_frame = [2:3]"), "in line 2"),
        (UCSD + UCSD, "one line for each of the 2 test sequences. Received: 4 lines"),
        ("", "Received: 0 lines"),
    ],
)
def test_bad_lists(folder, text, message):
    (folder / "Test" / "t.m").write_text(text)
    with pytest.raises(ValueError, match=message):
        frame_sequences(folder)


def test_two_lists(folder):
    for name in ("a.m", "b.m"):
        (folder / "Test" / name).write_text(UCSD)
    with pytest.raises(ValueError, match=r"one .m file of ground truth. Received: \['a.m', 'b.m'"):
        frame_sequences(folder)


def test_images_with_the_official_list_and_few_masks(images):
    # As UCSDped1 comes: masks for some of the sequences, and a list of all of them.
    (images / "Test" / "UCSDped9.m").write_text(UCSD)
    for path in (images / "Test" / "Test002_gt").iterdir():
        path.unlink()
    data = frame_sequences(images, image_size=(2, 3), contamination=0.2)
    assert data.x_train.shape == (15, 2, 3, 1) and data.sample_format.resized
    assert data.y_test.sum() == 2 and data.truth_train.sum() == 3


def test_missing_truth(folder, images):
    (folder / "Test" / "Test002_gt.npy").unlink()
    message = "no ground truth of the sequence 'Test002' in .*'Test002_gt.npy', nor a folder"
    with pytest.raises(FileNotFoundError, match=message):
        frame_sequences(folder)
    for path in (images / "Test" / "Test001_gt").iterdir():
        path.unlink()
    with pytest.raises(
        ValueError, match="Test001_gt' must hold a mask for each frame. Received: n"
    ):
        frame_sequences(images)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ([0, 1, 1], "must have one label for each of the 4 frames of 'Test001'. Received: 3"),
        ([0, 1, 1, 2], r"must hold 0 \(normal\) or 1 \(anomaly\).*values \[0, 1, 2\]"),
        ([0, 1, 1, np.nan], "must hold 0 .*nan"),
        ([[0, 1, 1, 0]], r"shape \(frames,\). Received: shape \(1, 4\)"),
        (["a", "b", "c", "d"], "must hold 0 "),
        (np.array([None] * 4), "no readable .npy file"),
    ],
)
def test_bad_truth(folder, truth, message):
    np.save(folder / "Test" / "Test001_gt.npy", truth)
    with pytest.raises(ValueError, match=message):
        frame_sequences(folder)
