"""Which tables studies find on disk, and which of their rows they take."""

import numpy as np
import pytest

from kerasocc.experiments.papers.numeric_tables import (
    embeddings_on_disk,
    read_rows,
    stems,
    tables_on_disk,
)


def test_tables_and_embeddings_but_no_images_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    assert tables_on_disk() == embeddings_on_disk() == []
    x, y = np.zeros((4, 2)), np.arange(4) > 2
    for name in ("4_glass", "wine", "CV_by_ResNet18_a", "NLP_by_BERT_b"):
        np.savez(tmp_path / f"{name}.npz", X=x, y=y)
    np.savez(tmp_path / "signs.npz", image=np.zeros((4, 8, 8, 3), "uint8"), label=y)
    np.savez(tmp_path / "resnet18.npz", weights=x)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "own.csv").write_text("a,label\n1,0\n")
    assert tables_on_disk() == ["glass", "own", "wine"]
    assert embeddings_on_disk() == ["CV_by_ResNet18_a", "NLP_by_BERT_b"]


def test_names_in_a_study():
    assert stems(["glass", "a/own.csv", "b/wine.npz"]) == {
        "glass": "glass",
        "own": "a/own.csv",
        "wine": "b/wine.npz",
    }
    assert stems(["satimage-2", "satimage-2"]) == {"satimage-2": "satimage-2"}
    message = "`data` must hold tables of different names. Received: 'a/own.csv' and 'b/own.npz'"
    with pytest.raises(ValueError, match=message):
        stems(["a/own.csv", "b/own.npz"])


def test_rows_that_are_drawn(tmp_path, random):
    x, y = random.normal(size=(200, 3)), np.arange(200) % 20 == 0
    np.savez(tmp_path / "t.npz", X=x, y=y)
    source = str(tmp_path / "t.npz")
    everything, labels = read_rows(source, most_rows=200)
    np.testing.assert_allclose(everything, x, rtol=1e-6)
    assert labels.tolist() == y.astype(int).tolist()
    some, labels = read_rows(source, most_rows=60, seed=1)
    # One row in 20 is an anomaly.
    assert len(some) == 60 and labels.sum() == 3
    places = [np.flatnonzero(np.isclose(everything, row).all(axis=1))[0] for row in some]
    assert places == sorted(set(places)) and (y[places] == labels).all()
    again, other = (read_rows(source, most_rows=60, seed=seed)[0] for seed in (1, 2))
    assert np.array_equal(again, some) and not np.array_equal(other, some)
    # Two anomalies stay, one to train and one to test with.
    assert read_rows(source, most_rows=10)[1].sum() == 2
    with pytest.raises(FileNotFoundError, match="no"):
        read_rows(str(tmp_path / "no.npz"))
