"""Data without labels: all samples are normal, whatever kind of source they come from."""

import numpy as np
import pytest

from kerasocc.datasets import Rows, load, one_vs_rest, tabular
from tests.datasets.class_examples import images, numbers, write_folder
from tests.datasets.image_examples import save


def write_images(folder, count):
    """Images 0, 1, ... of the class examples, without folders of classes."""
    for number, image in enumerate(images()[:count]):
        save(folder / f"{number:02}.png", image)
    return folder


def as_table(random, tmp_path, form):
    x = np.arange(150, dtype="float32").reshape(50, 3)
    if form == "csv":
        rows = ["a,b,c", *(",".join(map(str, row)) for row in x)]
        (tmp_path / "t.csv").write_text("\n".join(rows))
        return tmp_path / "t.csv"
    if form == "npz":
        np.savez(tmp_path / "t.npz", X=x)
        return tmp_path / "t.npz"
    if form == "array":
        return x.astype("float64")
    np.save(tmp_path / "t.npy", x)
    return Rows(np.load(tmp_path / "t.npy", mmap_mode="r"))


@pytest.mark.parametrize("form", ["csv", "npz", "array", "rows"])
def test_a_table(form, random, tmp_path):
    data = load(as_table(random, tmp_path, form), validation=0.25)
    # A fifth of the rows is the test part where there are no anomalies to rank.
    assert [len(x) for x in (data.x_train, data.x_val, data.x_test)] == [30, 10, 10]
    parts = [np.asarray(x)[:, 0] / 3 for x in (data.x_train, data.x_val, data.x_test)]
    assert sorted(np.concatenate(parts)) == list(range(50))
    for labels in (data.y_train, data.truth_train, data.y_val, data.y_test):
        assert not labels.any()
    assert data.unlabelled == ("train", "val", "test")
    np.testing.assert_array_equal(data.names_train, parts[0])
    np.testing.assert_array_equal(data.names_test, parts[2])
    assert data.sample_format.normal_class is None
    assert any("`label` names a column" in note for note in data.notes) == (form == "csv")
    assert len(load(as_table(random, tmp_path, form), test=0.5).x_test) == 25


def test_labels_are_used_where_they_are(random, tmp_path):
    x, y = random.normal(size=(50, 3)), np.zeros(50)
    np.savez(tmp_path / "t.npz", X=x, y=y)
    data = load(tmp_path / "t.npz")
    assert data.unlabelled == () and len(data.x_test) == 10
    with pytest.raises(ValueError, match=r"labels called one of \['fraud'\]"):
        load(tmp_path / "t.npz", label="fraud")
    with pytest.raises(ValueError, match="`normal_class` must be left out: 'arrays' has no labels"):
        tabular(x, normal_class="ok")
    with pytest.raises(ValueError, match="`labelled` asks for 2 anomalies .* it must be 0"):
        tabular(x, labelled=0.05)
    with pytest.raises(ValueError, match=r"of shape \(rows, columns\). Received: shape \(50,\)"):
        tabular(x[:, 0])


def test_images(tmp_path):
    flat = write_images(tmp_path / "photos", 30)
    np.savez(tmp_path / "a.npz", images=images()[:30])
    for source in (flat, tmp_path / "a.npz", images()[:30]):
        data = load(source, validation=0.25)
        parts = [numbers(x) for x in (data.x_train, data.x_val, data.x_test)]
        assert [len(part) for part in parts] == [18, 6, 6]
        assert sorted(np.concatenate(parts)) == list(range(30))
        assert data.unlabelled == ("train", "val", "test") and not data.y_test.any()
        assert data.sample_format.kind == "images" and data.sample_format.normal_class is None
        if source is flat:
            assert data.name == "photos"
            assert data.names_test.tolist() == [f"{number:02}.png" for number in parts[2]]
            assert data.names_train.tolist() == [f"{number:02}.png" for number in parts[0]]
        else:
            assert data.names_test.tolist() == parts[2].tolist()


def test_one_class_folder(tmp_path):
    data = load(write_images(tmp_path / "photos" / "ok", 30).parent)
    assert data.name == "photos-ok" and data.unlabelled == ()
    assert data.sample_format.normal_class == "ok" and not data.y_test.any()
    assert data.names_test[0].startswith("ok/")


def test_folders_of_parts(tmp_path):
    root = tmp_path / "caps"
    write_images(root / "train", 20)
    write_images(root / "validation", 5)
    write_images(root / "test" / "ok", 4)
    write_images(root / "test" / "dent", 3)
    data = load(root, normal_class="ok", validation=None)
    assert [len(x) for x in (data.x_train, data.x_val, data.x_test)] == [20, 5, 7]
    assert not data.y_val.any() and data.unlabelled == ("train", "val")
    labels = [name.startswith("test/dent") for name in data.names_test]
    assert data.y_test.tolist() == labels and sum(labels) == 3
    assert data.name == "caps-ok" and data.sample_format.normal_class == "ok"
    with pytest.raises(ValueError, match="`validation` must be left out: 'caps-ok' has a"):
        load(root, normal_class="ok", validation=0.1)
    with pytest.raises(ValueError, match="`test` must be None: 'caps' has a test part of its own"):
        load(root, normal_class="ok", test=0.1)
    # Nothing held out is the default, but not for data that have such a part.
    assert len(load(root, normal_class="ok").x_val) == 5


def test_a_transductive_problem_keeps_names_and_what_is_known(tmp_path):
    data = load(write_images(tmp_path / "photos", 30)).transductive()
    assert data.names_test is not None and len(data.names_test) == len(data.x_test)
    assert data.names_test.tolist() == [f"{number:02}.png" for number in numbers(data.x_test)]
    assert "test" in data.unlabelled
    half = load(images()[:30], test_data=(images()[:2], [0, 1]))
    assert half.unlabelled == ("train", "val")
    assert half.transductive().unlabelled == ("train", "val", "test")
    known = load(write_folder(tmp_path / "signs"), contamination=0.1).transductive()
    assert known.unlabelled == () and known.y_test.any()


def test_a_note_where_photos_shrink_much(tmp_path):
    for number in range(3):
        save(tmp_path / "photos" / f"{number}.png", np.zeros((90, 60, 3), "uint8"))
    (note,) = one_vs_rest(tmp_path / "photos", image_size=16).notes
    assert note.startswith("images of about 90x60 pixels are resized to 16x16: what is smaller")
    assert "than 6 pixels is lost" in note
    assert one_vs_rest(tmp_path / "photos", image_size=24).notes == ()
    assert one_vs_rest(tmp_path / "photos").notes == ()
