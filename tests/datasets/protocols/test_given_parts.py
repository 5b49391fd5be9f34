"""Validation and test parts that the user gives beside the training data."""

import numpy as np
import pandas
import pytest

from kerasocc.datasets import load
from tests.datasets.class_examples import images, numbers
from tests.datasets.protocols.test_without_labels import write_images


@pytest.fixture
def frame(random):
    return pandas.DataFrame(random.normal(size=(40, 3)), columns=["a", "b", "c"])


def written(path, frame):
    frame.to_csv(path, index=False)
    return path


def test_tables_with_labels_and_without(frame, tmp_path):
    train = written(tmp_path / "train.csv", frame)
    labelled = frame[:10].assign(state=["ok"] * 7 + ["bad"] * 3)
    test = written(tmp_path / "test.csv", labelled[["state", "c", "a", "b"]])
    validation = written(tmp_path / "validation.csv", frame[20:28])
    options = dict(label="state", normal_class="ok", test_data=test)
    data = load(train, **options, validation=0.25)
    assert [len(x) for x in (data.x_train, data.x_val, data.x_test)] == [30, 10, 10]
    # Columns are matched by their names.
    np.testing.assert_array_equal(data.x_test, frame[:10].to_numpy("float32"))
    assert data.y_test.tolist() == [0] * 7 + [1] * 3 and data.unlabelled == ("train", "val")
    assert data.names_test.tolist() == list(range(10))
    assert data.sample_format.normal_class == "ok"

    for parts, message in (
        ({"test_data": validation}, r"`test_data`: .*validation.csv' must have labels called one"),
        ({"validation_data": validation}, "`label` must name a column of 'train' or of a part"),
    ):
        with pytest.raises(ValueError, match=message):
            load(train, label="state", normal_class="ok", **parts)
    assert load(train, **options, validation_data=validation).unlabelled == ("train", "val")

    data = load(train, validation_data=validation, test_data=validation)
    np.testing.assert_array_equal(data.x_train, frame.to_numpy("float32"))
    np.testing.assert_array_equal(data.x_val, frame[20:28].to_numpy("float32"))
    assert not data.y_val.any() and data.unlabelled == ("train", "val", "test")


def test_a_labelled_table_has_a_given_test_part(frame, tmp_path):
    train = written(tmp_path / "train.csv", frame.assign(y=[0] * 30 + [1] * 10))
    test = written(tmp_path / "test.csv", frame[:5].assign(y=1))
    data = load(train, test_data=test, validation=0.1)
    assert (len(data.x_train), len(data.x_val), data.y_test.tolist()) == (27, 4, [1] * 5)
    assert data.unlabelled == ()


def test_missing_values_are_filled_as_in_training(frame, tmp_path):
    train = written(tmp_path / "train.csv", frame)
    test = written(tmp_path / "test.csv", frame.drop(3).reindex(range(40)))
    data = load(train, missing="median", test_data=test)
    np.testing.assert_allclose(data.x_test[3], frame.median(), rtol=1e-6)
    message = r"`test_data`: .*test.csv' must hold .* no value in row 3 \(line 5\), column 'a'"
    with pytest.raises(ValueError, match=message):
        load(train, test_data=test)


def test_arrays(frame):
    x = frame.to_numpy()
    data = load(x, validation_data=x[:4], test_data=(x[:6], [0, 0, 0, 1, 1, 1]))
    assert (len(data.x_train), len(data.x_val), data.y_test.sum()) == (40, 4, 3)
    assert data.x_test.dtype == "float32" and data.unlabelled == ("train", "val")
    for wrong, message in (
        (x[:, :2], r"`test_data` must hold samples of shape \(3,\).*Received: shape \(40, 2\)"),
        ((x, [0]), r"of shapes \(samples, ...\) and \(samples,\). Received: shapes \(40, 3\) and"),
        ((x, x, x), r"or a pair of arrays `\(x, labels\)`. Received: 3 arrays"),
        ((x, np.arange(40)), r"`test_data`: 'test_data' must label its samples 0 \(normal\) and"),
        (np.where(x == x[3, 1], np.nan, x), "'test_data' has 1 missing .* row 3, column 1"),
        (x[:0], r"Received: shape \(0, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            load(x, test_data=wrong)


def test_images(tmp_path):
    train = write_images(tmp_path / "photos", 20)
    write_images(tmp_path / "new" / "ok", 4)
    write_images(tmp_path / "new" / "dent", 3)
    data = load(train, normal_class="ok", test_data=tmp_path / "new")
    assert len(data.x_train) == 20 and data.unlabelled == ("train", "val")
    assert data.names_test.tolist()[2:4] == ["dent/02.png", "ok/00.png"]
    assert data.classes_test.tolist()[2:4] == ["dent", "ok"]
    assert data.y_test.tolist() == [1, 1, 1, 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"or `normal_class` must be one of its labels.*'dent', "):
        load(train, test_data=tmp_path / "new")
    (tmp_path / "new" / "ok").rename(tmp_path / "new" / "Normal")
    assert load(train, test_data=tmp_path / "new").y_test.sum() == 3

    one = load(train, test_data=train / "03.png")
    assert one.names_test.tolist() == ["03.png"] and numbers(one.x_test).tolist() == [3]
    np.savez(tmp_path / "new.npz", images=images()[:5], labels=[0, 0, 1, 1, 1])
    assert load(train, test_data=tmp_path / "new.npz").y_test.tolist() == [0, 0, 1, 1, 1]


def test_a_fraction_of_a_given_part_is_refused(frame):
    x = frame.to_numpy()
    for name in ("validation", "test"):
        message = f"`{name}` must be left out with `{name}_data`: nothing is split off.*={0.3}"
        with pytest.raises(ValueError, match=message):
            load(x, **{name: 0.3, f"{name}_data": x[:5]})
    with pytest.raises(FileNotFoundError, match="There is no file or folder 'gone.csv'"):
        load(x, test_data="gone.csv")
