"""Tables and images by name and path."""

import numpy as np
import pytest

from kerasocc.datasets import load
from tests.datasets.class_examples import write_folder, write_npz
from tests.datasets.data_dirs import KERASOCC_DATA, needs_folder


def test_tables_share_no_row_either(tmp_path):
    x = np.arange(300, dtype="float32").reshape(100, 3)
    y = np.repeat([0, 1], [70, 30])
    np.savez(tmp_path / "t.npz", X=x, y=y)
    for seed in range(5):
        data = load(tmp_path / "t.npz", validation=0.3, contamination=0.1, labelled=0.1, seed=seed)
        rows = np.concatenate([data.x_train, data.x_val, data.x_test])[:, 0]
        assert len(set(rows)) == len(rows)
        np.testing.assert_array_equal(data.truth_train, y[(data.x_train[:, 0] / 3).astype(int)])


def test_load_by_name_and_path(tmp_path, monkeypatch):
    write_folder(tmp_path / "images" / "signs")
    np.savez(tmp_path / "4_hearts.npz", X=np.random.rand(50, 2), y=np.repeat([0, 1], 25))
    write_npz(tmp_path / "photos.npz")
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    assert load("signs").x_train.shape[1:] == (4, 4, 3)
    assert load("hearts").sample_format.kind == "table"
    assert load("photos", normal_class=2).name == "photos-2"
    # A folder without images hides no table of its name.
    (tmp_path / "hearts").mkdir()
    assert load("hearts").sample_format.kind == "table"
    with pytest.raises(ValueError, match="Near names: hearts.* Received: 'heart'"):
        load("heart")
    with pytest.raises(ValueError, match="`label` must be left out: 'signs' is no table"):
        load("signs", label="y")
    with pytest.raises(ValueError, match="`image_size` must be left out: 'hearts' is a table"):
        load("hearts", image_size=8)


@needs_folder("images")
def test_real_images():
    signs = load("gtsrb32_subset", normal_class=14, data_dir=KERASOCC_DATA)
    assert signs.x_train.shape[1:] == (32, 32, 3) and len(signs.x_train) == 324
    paintings = load(
        "wikiart224_sample", normal_class="baroque", data_dir=KERASOCC_DATA, image_size=64
    )
    assert len(paintings.x_train) == 30 and paintings.x_test.shape == (140, 64, 64, 3)
