"""Data that have changed since a run began are noticed, and named."""

import dataclasses
import json
import shutil

import numpy as np
import pandas
import pytest

from kerasocc.cli import main
from kerasocc.datasets import Rows
from kerasocc.experiments.runs import runner
from kerasocc.experiments.runs.fingerprint import check_same_data, fingerprint, write_fingerprint
from tests.cli.helpers import refused

COLUMNS = ["a", "b", "flow rate", "d"]
COMMAND = [
    *("train", "--quiet", "--dataset", "pumps.csv", "--label", "state", "--normal-class", "ok"),
    *("--pretrain-epochs", "1", "--epochs", "2", "--name", "run"),
]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A folder with a table, and a run on it that was interrupted after its training."""
    place = tmp_path_factory.mktemp("interrupted")
    random = np.random.default_rng(0)
    bad = np.arange(120) % 4 == 3
    frame = pandas.DataFrame(random.normal(size=(120, 4)) + 3 * bad[:, None], columns=COLUMNS)
    frame.assign(state=np.where(bad, "bad", "ok")).to_csv(place / "pumps.csv", index=False)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(runner, "_finish", interrupt)
        assert main(COMMAND) == 130
    return place


@pytest.fixture
def place(interrupted, tmp_path, monkeypatch):
    """A copy of it, with the path of the table that the settings name."""
    shutil.copytree(interrupted, tmp_path / "copy")
    config = tmp_path / "copy" / "runs" / "run" / "config.json"
    settings = json.loads(config.read_text())
    settings["dataset"] = str(tmp_path / "copy" / "pumps.csv")
    config.write_text(json.dumps(settings))
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def fewer_rows(frame):
    return frame.iloc[:-10]


def scaled(frame):
    return frame.assign(b=1000 * frame["b"])


def one_value(frame):
    frame.loc[frame.index[frame["state"] == "ok"][5], "d"] += 1e-3
    return frame


def swapped(frame):
    return frame.assign(a=frame["d"], d=frame["a"])


def reordered(frame):
    return frame[["b", "a", "flow rate", "d", "state"]]


def renamed(frame):
    return frame.rename(columns={"b": "B"})


def another_column(frame):
    return frame.assign(e=np.sin(np.arange(len(frame))))


def sorted_rows(frame):
    return frame.sort_values("a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fewer_rows, "Received: 40 training samples, not 43; 13 validation samples, not 15; 44"),
        (scaled, "training samples with other values in the columns ['b']; validation samples w"),
        (one_value, "samples with other values in the columns ['d']"),
        (swapped, "training samples with the columns ['a', 'd'] in another order; validation"),
        (reordered, "the columns ['b', 'a', 'flow rate', 'd'], not ['a', 'b', 'flow rate', 'd']"),
        (renamed, "the columns ['a', 'B', 'flow rate', 'd'], not ['a', 'b', 'flow rate', 'd']"),
        (another_column, "training samples of shape (5,), float32, not shape (4,), float32"),
        (sorted_rows, "other values in all columns, or in another order"),
    ],
)
def test_a_run_is_not_resumed_with_other_data(change, message, place, capsys):
    change(pandas.read_csv("pumps.csv")).to_csv("pumps.csv", index=False)
    run = place / "runs" / "run"
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    found = refused(["train", "--resume", "--quiet"], capsys)
    assert found.startswith("The data of the run 'runs/run' must be those that it was started wit")
    assert message in found
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_the_data_are_put_back_and_changed_after_the_end(place, capsys):
    text = (place / "pumps.csv").read_bytes()
    scaled(pandas.read_csv("pumps.csv")).to_csv("pumps.csv", index=False)
    assert "start another run" in refused(["train", "--resume", "--quiet"], capsys)
    (place / "pumps.csv").write_bytes(text)
    assert main(["train", "--resume", "--quiet"]) == 0
    assert main(["evaluate"]) == 0
    fewer_rows(pandas.read_csv("pumps.csv")).to_csv("pumps.csv", index=False)
    # The test part of these rows holds others that the model was trained on.
    assert "or name a FILE to test on. Received: 40" in refused(["evaluate"], capsys)
    assert main(["evaluate", "pumps.csv"]) == 0


@pytest.mark.slow
def test_a_run_of_an_earlier_version_is_resumed(place):
    (place / "runs" / "run" / "data.json").unlink()
    assert main(["train", "--resume", "--quiet"]) == 0


def changed(data, **changes):
    return dataclasses.replace(data, **changes)


def test_images_labels_and_arrays_on_disk(digits, tmp_path):
    file = tmp_path / "run" / "data.json"
    file.parent.mkdir()
    check_same_data(file, digits, "stop")  # nothing to compare with
    write_fingerprint(file, digits)
    check_same_data(file, digits, "stop")
    np.save(tmp_path / "x.npy", digits.x_test)
    on_disk = Rows(np.load(tmp_path / "x.npy", mmap_mode="r"))
    check_same_data(file, changed(digits, x_test=on_disk), "stop")

    x, y = digits.x_test.copy(), digits.y_test.copy()
    x[7, 3, 3] += 1
    y[0] = 1 - y[0]
    truth = digits.truth_train.copy()
    truth[3] = 1
    for changes, message in (
        ({"x_test": x}, "Received: test samples with other values$"),
        ({"x_test": x.astype("float64")}, "float64, not shape .8, 8, 1., float32$"),
        ({"y_test": y}, "Received: test samples with other labels$"),
        ({"truth_train": truth}, "Received: training samples with other labels$"),
    ):
        with pytest.raises(ValueError, match=message):
            check_same_data(file, changed(digits, **changes), "stop")


def test_a_wide_table_has_one_digest(digits):
    wide = np.zeros((3, 5000), "float32")
    found = fingerprint(changed(digits, x_test=wide))["test"]
    assert len(found["values"]) == 1 and found["shape"] == [5000]


def test_other_outliers(digits, tmp_path):
    file, folder = tmp_path / "data.json", tmp_path / "odd"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"one")
    write_fingerprint(file, digits, str(folder))
    check_same_data(file, digits, "do that", str(folder))
    # Where they do not matter, and where they are the name of a data set, they are not looked at.
    check_same_data(file, digits, "do that")
    check_same_data(file, digits, "do that", "cifar10")
    for change in (
        lambda: (folder / "a.png").write_bytes(b"two"),
        lambda: (folder / "a.png").rename(folder / "b.png"),
    ):
        change()
        with pytest.raises(ValueError, match=r"do that\. Received: other outliers$"):
            check_same_data(file, digits, "do that", str(folder))
