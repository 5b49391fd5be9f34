"""Stop signs against altered ones: the division by tracks, the attack that is kept, the table."""

import numpy as np
import pytest
from PIL import Image

from kerasocc.experiments.papers.deep_svdd import gtsrb, stop_signs
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Options
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder

ATTACK = {"signs": "signs", "seed": 0, "adversarial": 3, "attack_steps": 60, "classifier_epochs": 3}


def write_signs(path, random, tracks=8):
    """Dark stop signs on tracks of four images, and bright other signs."""
    images, labels, names = [], [], []
    for label in (3, 14):
        for track in range(tracks):
            for number in range(4):
                images.append(random.integers(0, 90, (32, 32, 3)) + (120 if label == 3 else 0))
                labels.append(label)
                names.append(f"signs/{label}/{track:05d}_{number:05d}.ppm")
    np.savez(path, image=np.array(images, "uint8"), label=labels, source=names)
    return str(path)


@pytest.fixture
def signs(tmp_path, random):
    return write_signs(tmp_path / "signs.npz", random)


def test_tracks_are_not_on_both_sides(signs):
    found = stop_signs.read_signs(signs, seed=0)
    # A quarter of eight tracks, four images each.
    assert found.x_test.shape == (8, 32, 32, 3) and found.x_train.shape == (56, 32, 32, 3)
    assert (found.classes_train == 14).sum() == 24
    other = stop_signs.read_signs(signs, seed=1)
    assert not np.array_equal(found.x_test, other.x_test)
    with np.load(signs) as file:
        tested = [(file["image"] == image).all(axis=(1, 2, 3)).argmax() for image in found.x_test]
        tracks = {name.partition("_")[0] for name in file["source"][tested]}
    assert len(tracks) == 2


def test_folders_with_a_test_part(tmp_path, random):
    for part, count in (("train", 3), ("test", 2)):
        for label in range(16):
            folder = tmp_path / "signs" / part / f"sign{label:02d}"
            # Class 14 is the fifteenth by name, one of the others the first.
            folder = folder.with_name({14: "14", 0: "zero"}.get(label, folder.name))
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 99, (20, 24, 3)) + (150 if label == 14 else 0)
                Image.fromarray(pixels.astype("uint8")).save(folder / f"{number}.png")
    found = stop_signs.read_signs(str(tmp_path / "signs"), seed=0)
    assert found.x_train.shape == (48, 32, 32, 3) and found.x_test.shape == (2, 32, 32, 3)
    assert found.x_test.min() > 100
    is_stop = found.classes_train == 14
    assert is_stop.sum() == 3 and found.x_train[is_stop].min() > 100
    assert len(np.unique(found.classes_train)) == 16


def test_signs_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="neither a file nor a folder of GTSRB's signs"):
        stop_signs.read_signs("gtsrb32_subset", seed=0)
    np.savez(tmp_path / "half.npz", image=np.zeros((2, 32, 32, 3), "uint8"), label=[1, 2])
    with pytest.raises(ValueError, match=r"arrays `image`, `label` and `source`.*\['source'\]"):
        stop_signs.read_signs(str(tmp_path / "half.npz"), seed=0)


def test_altered_signs_are_made_once(signs, tmp_path, monkeypatch):
    store = CellStore(tmp_path / "out")
    data, facts = stop_signs.stop_signs(store, ATTACK, signs)
    assert data.x_train.shape == (24, 32, 32, 3) and data.x_train.dtype == np.uint8
    assert data.x_test.shape == (11, 32, 32, 3) and data.y_test.tolist() == [0] * 8 + [1] * 3
    assert facts["classifier_accuracy"] == 1.0 and 0 < facts["distance"] < 0.5
    # Near a test sign, none of them, and still an image.
    altered, normal = data.x_test[8:], data.x_test[:8]
    assert altered.min() >= 0 and altered.max() <= 255
    nearest = np.abs(altered[:, None] - normal[None]).mean(axis=(2, 3, 4)).min(axis=1)
    assert (nearest > 0).all() and (nearest < 130).all()

    monkeypatch.setattr(stop_signs, "_attack", None)
    again, same = stop_signs.stop_signs(store, ATTACK, signs)
    np.testing.assert_array_equal(again.x_test, data.x_test)
    assert same == facts
    # Another number of steps is another attack.
    with pytest.raises(TypeError):
        stop_signs.stop_signs(store, {**ATTACK, "attack_steps": 61}, signs)


def test_cells_hold_no_paths():
    options = Options(own={"signs": "/somewhere/my_signs.npz"}, quick=True)
    cells = gtsrb.TABLE.cells(options)
    assert len(cells) == 50 and len({cell.key for cell in cells}) == 50
    assert {cell.configuration["data"]["signs"] for cell in cells} == {"my_signs"}
    assert "/somewhere" not in str([cell.configuration for cell in cells])
    groups = {gtsrb.group(cell) for cell in cells}
    assert len(groups) == 10, "a seed shares an attack"
    full = gtsrb.TABLE.cells(Options())
    steps = {cell.configuration["data"]["attack_steps"] for cell in full}
    assert steps == {5000}
    one_class = next(c for c in full if c.method == "one-class").configuration["settings"]
    assert (one_class["epochs"], one_class["batch_size"], one_class["pretrain_epochs"]) == (
        150,
        64,
        0,
    )
    assert gtsrb.published("stop signs", "one-class", "auc").value == 80.3
    assert not gtsrb.published("stop signs", "one-class", "auc").checked


@pytest.mark.slow
def test_a_cell(signs, tmp_path):
    options = Options(
        own={"signs": signs, "attack_steps": 20},
        quick=True,
        epochs=2,
        pretrain_epochs=2,
        seeds=(0,),
    )
    cells = [c for c in gtsrb.TABLE.cells(options) if c.method in ("dcae", "one-class")]
    found = list(gtsrb.run(cells, Context(CellStore(tmp_path / "out"))))
    assert [cell.method for cell, _ in found] == ["dcae", "one-class"]
    for _, result in found:
        assert 0 <= result["metrics"]["auc"] <= 1 and result["samples"] == 24
    assert not (tmp_path / "out" / "work").exists()


@pytest.mark.slow
@needs_folder("images")
def test_real_signs(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(KERASOCC_DATA))
    store = CellStore(tmp_path)
    settings = {**ATTACK, "adversarial": 8, "attack_steps": 400, "classifier_epochs": 15}
    data, facts = stop_signs.stop_signs(store, settings, "gtsrb32_subset")
    assert len(data.x_train) == 390 and len(data.x_test) == 150 + 8
    assert facts["classifier_accuracy"] > 0.9 and facts["distance"] < 0.16
