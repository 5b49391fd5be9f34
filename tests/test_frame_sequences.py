"""Frames of videos: small folders in the layout of the UCSD Pedestrian sets."""

import keras
import numpy as np
import pytest
from PIL import Image

import kerasocc as kocc
from kerasocc.datasets import FrameDataset, Rows, frame_sequences, spool
from kerasocc.experiments.reports.metrics import frame_auc

UCSD = """TestVideoFile = {};
TestVideoFile{end+1}.gt_frame = [2:3];
TestVideoFile{end+1}.gt_frame = [1:2, 5:5];
"""
TRUTH = {"Test001": [0, 1, 1, 0], "Test002": [1, 1, 0, 0, 1]}
TRAIN = {"Train001": 5, "Train002": 4, "Train010": 3}


def features(number, frames):
    """Frames that are told apart: number of the sequence, number of the frame, a constant."""
    return np.stack([np.full(frames, number), np.arange(frames), np.ones(frames)], axis=1)


@pytest.fixture
def folder(tmp_path):
    """Features of three training and two test sequences, truth in .npy files."""
    root = tmp_path / "UCSDped9"
    for part in ("Train", "Test"):
        (root / part).mkdir(parents=True)
    for name, frames in TRAIN.items():
        np.save(root / "Train" / f"{name}.npy", features(int(name[-3:]), frames))
    for name, truth in TRUTH.items():
        np.save(root / "Test" / f"{name}.npy", features(100 + int(name[-3:]), len(truth)))
        np.save(root / "Test" / f"{name}_gt.npy", np.array(truth))
    return root


@pytest.fixture
def images(tmp_path):
    """The same as grey images of 4 x 6 pixels, masks for the test sequences."""
    root = tmp_path / "images" / "UCSDped9"
    for name, frames in TRAIN.items():
        write_images(root / "Train" / name, [10 * int(name[-3:]) + i for i in range(frames)])
    for name, truth in TRUTH.items():
        values = [200 + 10 * int(name[-3:]) + i for i in range(len(truth))]
        write_images(root / "Test" / name, values)
        write_masks(root / "Test" / f"{name}_gt", truth)
    return root


def write_images(folder, values):
    folder.mkdir(parents=True)
    for number, value in enumerate(values, start=1):
        Image.fromarray(np.full((4, 6), value, "uint8")).save(folder / f"{number:03}.tif")
    (folder / f"._{1:03}.tif").write_bytes(b"what macOS leaves in archives")


def write_masks(folder, truth):
    folder.mkdir(parents=True)
    for number, anomalous in enumerate(truth, start=1):
        mask = np.zeros((4, 6), "uint8")
        mask[3, 5] = 255 * anomalous
        Image.fromarray(mask).save(folder / f"{number:03}.bmp")


def without_truth(folder):
    for path in (folder / "Test").glob("*_gt.npy"):
        path.unlink()
    return folder


def test_features(folder):
    data = frame_sequences(folder)
    assert isinstance(data, FrameDataset) and data.name == "UCSDped9"
    expected = [features(1, 5), features(2, 4), features(10, 3)]
    np.testing.assert_array_equal(data.x_train, np.concatenate(expected))
    np.testing.assert_array_equal(data.x_test, np.concatenate([features(101, 4), features(102, 5)]))
    np.testing.assert_array_equal(data.y_test, [0, 1, 1, 0, 1, 1, 0, 0, 1])
    assert data.x_train.dtype == np.float32 and data.sample_format.shape == (3,)
    assert data.train_lengths == TRAIN and list(data.train_lengths) == list(TRAIN)
    assert data.test_lengths == {"Test001": 4, "Test002": 5}
    assert data.y_train.shape == (12,) and not data.y_train.any() and not data.truth_train.any()
    assert data.x_val.shape == (0, 3) and data.y_val.shape == (0,)


def test_sequences_are_sorted_by_their_numbers(folder):
    for path in (folder / "Train").iterdir():
        path.rename(path.with_name(f"video {int(path.stem[-3:])}.npy"))
    assert list(frame_sequences(folder).train_lengths) == ["video 1", "video 2", "video 10"]


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


def test_scores_by_sequence(folder):
    data = frame_sequences(folder)
    scores = data.split_by_sequence(np.arange(9.0))
    assert list(scores) == ["Test001", "Test002"]
    np.testing.assert_array_equal(scores["Test001"], [0, 1, 2, 3])
    np.testing.assert_array_equal(scores["Test002"], [4, 5, 6, 7, 8])
    assert data.split_by_sequence(np.zeros((9, 2)))["Test002"].shape == (5, 2)
    # Anomalies 1, 2, 4, 5, 8 against 0, 3, 6, 7: (1 + 1 + 2 + 2 + 4) of 20 pairs are right.
    assert frame_auc(data.split_by_sequence(data.y_test), scores) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"each of the 9 test frames. Received: shape \(8,\)"):
        data.split_by_sequence(np.zeros(8))


# 12 clean frames, 5 anomalous test frames: 12 * .2 / .8 = 3.
def test_contamination_takes_frames_out_of_the_test_part(folder):
    clean, data = frame_sequences(folder), frame_sequences(folder, contamination=0.2)
    np.testing.assert_array_equal(data.x_train[:12], clean.x_train)
    np.testing.assert_array_equal(data.truth_train, np.repeat([0, 1], [12, 3]))
    assert not data.y_train.any() and len(data.y_train) == 15
    taken = {tuple(row) for row in data.x_train[12:]}
    anomalous = {tuple(row) for row in clean.x_test[clean.y_test == 1]}
    assert len(taken) == 3 and taken < anomalous
    # What is left is in its order, and still knows its sequence.
    left = [i for i, row in enumerate(clean.x_test) if tuple(row) not in taken]
    np.testing.assert_array_equal(data.x_test, clean.x_test[left])
    np.testing.assert_array_equal(data.y_test, clean.y_test[left])
    assert data.y_test.sum() == 2
    for name, x in data.split_by_sequence(data.x_test).items():
        assert (x[:, 0] == 100 + int(name[-3:])).all()
    assert data.train_lengths == {**TRAIN, "contaminants": 3}


def test_contamination_that_stays_in_the_test_part(folder):
    clean = frame_sequences(folder)
    data = frame_sequences(folder, contamination=0.2, keep_in_test=True)
    np.testing.assert_array_equal(data.x_test, clean.x_test)
    np.testing.assert_array_equal(data.y_test, clean.y_test)
    drawn = frame_sequences(folder, contamination=0.2).x_train
    np.testing.assert_array_equal(data.x_train, drawn)


def test_how_much_contamination_there_can_be(folder):
    # 12 * .25 / .75 = 4, 12 * .3 / .7 = 5.1
    assert frame_sequences(folder, contamination=0.25).y_test.sum() == 1
    with pytest.raises(ValueError, match="asks for 5 anomalies .* holds 5, of which 1 must stay"):
        frame_sequences(folder, contamination=0.3)
    assert len(frame_sequences(folder, contamination=0.3, keep_in_test=True).x_train) == 17
    with pytest.raises(ValueError, match="asks for 12 anomalies of the test part, .* holds 5$"):
        frame_sequences(folder, contamination=0.5, keep_in_test=True)


def test_seeds(folder):
    def drawn(seed):
        data = frame_sequences(folder, contamination=0.2, seed=seed)
        return data.x_train[12:].tolist()

    assert drawn(1) == drawn(1) and len({str(drawn(seed)) for seed in range(5)}) > 1


def test_a_sequence_without_frames_left(folder):
    np.save(folder / "Test" / "Test003.npy", features(103, 1))
    np.save(folder / "Test" / "Test003_gt.npy", [1])
    for seed in range(50):
        data = frame_sequences(folder, contamination=0.25, seed=seed)
        assert sum(data.test_lengths.values()) == len(data.x_test)
        if data.test_lengths["Test003"] == 0:
            assert data.split_by_sequence(data.y_test)["Test003"].shape == (0,)
            return
    pytest.fail("never drawn")


def test_transductive(folder):
    data = frame_sequences(folder, contamination=0.2).transductive()
    np.testing.assert_array_equal(data.x_test, data.x_train)
    parts = data.split_by_sequence(data.y_test)
    assert list(parts) == [*TRAIN, "contaminants"] and parts["contaminants"].tolist() == [1, 1, 1]


def test_test_frames_that_are_all_normal(folder):
    for name, truth in TRUTH.items():
        np.save(folder / "Test" / f"{name}_gt.npy", np.zeros(len(truth), bool))
    assert not frame_sequences(folder).y_test.any()


def test_features_are_standardised_by_the_training_frames(folder):
    data = frame_sequences(folder)
    prepared = np.array(data.preprocessing(data.x_train))
    np.testing.assert_allclose(prepared.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(prepared.std(axis=0), [1, 1, 0], atol=1e-6)


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


def test_images_with_the_official_list_and_few_masks(images):
    # As UCSDped1 comes: masks for some of the sequences, and a list of all of them.
    (images / "Test" / "UCSDped9.m").write_text(UCSD)
    for path in (images / "Test" / "Test002_gt").iterdir():
        path.unlink()
    data = frame_sequences(images, image_size=(2, 3), contamination=0.2)
    assert data.x_train.shape == (15, 2, 3, 1) and data.sample_format.resized
    assert data.y_test.sum() == 2 and data.truth_train.sum() == 3


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


def test_frames_larger_than_the_memory(folder, monkeypatch):
    expected = frame_sequences(folder, contamination=0.2)
    monkeypatch.setattr(spool, "MEMORY_LIMIT", 0)
    data = frame_sequences(folder, contamination=0.2)
    for name in ("x_train", "x_val", "x_test"):
        assert isinstance(getattr(data, name), Rows)
        np.testing.assert_array_equal(np.asarray(getattr(data, name)), getattr(expected, name))


def test_a_model_on_features(folder):
    data = frame_sequences(folder, contamination=0.2)
    encoder = kocc.networks.mlp([3, 8, 4], seed=0)
    model = kocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, batch_size=4, epochs=1, verbose=0)
    scores = data.split_by_sequence(model.score(data.x_test))
    assert {name: len(s) for name, s in scores.items()} == data.test_lengths
    # The sequences of the test part are far away from those of training.
    assert (
        frame_auc(
            np.repeat([0, 1], [12, 6]), np.r_[model.score(data.x_train[:12]), *scores.values()]
        )
        > 0.9
    )


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(contamination=1.0), r"`contamination` must be in \[0, 1\). Received: contaminatio"),
        (dict(contamination=-0.1), r"`contamination` must be in \[0, 1\)"),
        (dict(seed=-1), "`seed` must be an integer of at least 0"),
        (dict(unreadable="ignore"), "`unreadable` must be one of"),
        (dict(image_size=8), "`image_size` and `unreadable` must be left out: .* holds features"),
        (dict(unreadable="skip"), "`image_size` and `unreadable` must be left out"),
    ],
)
def test_bad_options(folder, options, message):
    with pytest.raises(ValueError, match=message):
        frame_sequences(folder, **options)
