"""Small folders in the layout of the UCSD Pedestrian sets."""

import numpy as np
from PIL import Image

UCSD = """TestVideoFile = {};
TestVideoFile{end+1}.gt_frame = [2:3];
TestVideoFile{end+1}.gt_frame = [1:2, 5:5];
"""
TRUTH = {"Test001": [0, 1, 1, 0], "Test002": [1, 1, 0, 0, 1]}
TRAIN = {"Train001": 5, "Train002": 4, "Train010": 3}


def features(number, frames):
    """Frames that are told apart: number of the sequence, number of the frame, a constant."""
    return np.stack([np.full(frames, number), np.arange(frames), np.ones(frames)], axis=1)


def make_feature_folder(tmp_path):
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


def make_image_folder(tmp_path):
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
