"""ADBench's protocol and its table."""

import numpy as np
import pytest

from kerasocc.cli import main
from kerasocc.experiments.papers.adbench.protocol import divided, fitted, known_labels
from kerasocc.experiments.papers.adbench.tables import TABLE, cells
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Options
from tests.cli.helpers import refused


@pytest.fixture
def rows(random):
    """20 anomalies of 200 rows, scattered far around the others."""
    y = np.arange(200) % 10 == 0
    x = random.normal(size=(200, 4)).astype("float32")
    x[y] *= 8
    return x, y.astype("int8")


def test_split_by_hand(rows):
    x, y = rows
    parts = divided(x, y, seed=3)
    assert len(parts.x_train) == 140 and parts.y_train.sum() == 14
    assert len(parts.x_test) == 60 and parts.y_test.sum() == 6
    np.testing.assert_allclose(parts.x_train.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(parts.x_train.max(axis=0), 1, atol=1e-6)
    # The test rows are scaled by the training rows: some lie beyond.
    low, high = x.min(axis=0), x.max(axis=0)
    assert parts.x_test.min() < 0 or parts.x_test.max() > 1 or (high - low).all()
    everything = np.concatenate([parts.x_train, parts.x_test])
    assert len(np.unique(everything, axis=0)) == 200
    assert not np.array_equal(divided(x, y, seed=4).y_train, parts.y_train)
    with pytest.raises(ValueError, match="at least 2|too few"):
        divided(x, (np.arange(200) == 0).astype("int8"), seed=0)


def test_labels_by_hand():
    y = np.arange(100) < 30
    # A hundredth of 30 is rounded up to 1; 7 % of 100 are 7, not 8.
    assert [(known_labels(y, r, 0) == -1).sum() for r in (0.0, 0.01, 0.1, 0.5, 1.0)] == [
        *(0, 1, 3, 15, 30)
    ]
    assert (known_labels(np.ones(100), 0.07, 0) == -1).sum() == 7
    labels = known_labels(y, 0.5, 1)
    assert set(labels.tolist()) == {-1, 0} and (labels[30:] == 0).all()
    assert not np.array_equal(labels, known_labels(y, 0.5, 2))


@pytest.mark.slow
def test_every_detector_finds_them(rows):
    parts = divided(*rows, seed=0)
    done = {}
    for cell in cells(Options(seeds=(0,), data=("t",), own={"labels": [1.0]})):
        done[cell.column] = fitted(parts, cell.configuration)["metrics"]
    assert list(done) == [
        *("Deep SVDD", "Deep SAD, 100 %", "automatic choice", "5 neighbours"),
        *("neighbours in 100 subsets of 8", "isolation forest", "OC-SVM"),
    ]
    assert all(metrics["auc"] > 0.85 for metrics in done.values()), done
    assert done["Deep SAD, 100 %"]["average_precision"] > 0.9
    assert all(0 <= metrics["f1"] <= 1 for metrics in done.values())


def test_cells(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    for name in ("glass", "wine"):
        np.savez(tmp_path / f"{name}.npz", X=np.zeros((4, 2)), y=np.arange(4) > 2)
    found = cells(Options())
    # Two tables, three seeds, Deep SAD in five columns and six others; seed by seed.
    assert len(found) == 2 * 3 * 11 and len({cell.key for cell in found}) == 66
    assert [cell.seed for cell in found] == [0] * 22 + [1] * 22 + [2] * 22
    assert {cell.column for cell in found} >= {"Deep SAD, 1 %", "Deep SAD, 25 %", "OC-SVM"}
    longer = cells(Options(epochs=7, seeds=(0,)))
    changed = {c.column for c, d in zip(longer, found, strict=False) if c.key != d.key}
    assert all(column.startswith("Deep S") for column in changed) and len(changed) == 6


def test_the_published_means():
    mean = TABLE.published("mean", "Deep SAD, 10 %", "auc")
    assert (mean.value, mean.checked) == (85.3, False)
    assert TABLE.published("mean", "Deep SVDD", "average_precision").value == 18.6
    assert TABLE.published("glass", "Deep SVDD", "auc") is None
    assert TABLE.published("mean", "Deep SVDD", "f1") is None


def test_command(rows, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    x, y = rows
    np.savez(tmp_path / "one.npz", X=x, y=y)
    np.savez(tmp_path / "few.npz", X=x, y=np.arange(200) == 0)
    out = tmp_path / "out"
    command = ["reproduce", "adbench", "tables", "--data", str(tmp_path / "one.npz")]
    command += [str(tmp_path / "few.npz"), "nosuch", "--seeds", "0", "--out", str(out)]
    # One table has a single anomaly: that is told, and the others are run.
    assert main([*command, "--methods", "neighbors", "isolation-forest", "oc-svm"]) == 2
    printed = capsys.readouterr().out
    assert "nosuch, 5 neighbours, seed 0: no data: There is no table 'nosuch'" in printed
    assert "few, OC-SVM, seed 0 failed: " in printed
    assert "mean rank" in printed and "over the rows that have all columns" in printed
    store = CellStore(out)
    done = [c for c in cells(Options(seeds=(0,), data=("one",))) if store.read(c)]
    assert [cell.method for cell in done] == ["neighbors", "isolation-forest", "oc-svm"]
    assert "(~53.6)" in (out / "table.md").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labels", "0"], "`labels` must be in (0, 1]. Received: labels=0.0"),
        (["--labels", "x"], "argument --labels: invalid float value: 'x'"),
        (["--most-rows", "3"], "`most_rows` must be an integer of at least 10."),
        (["--methods", "svm"], "`methods` must be among ['deep-svdd', 'deep-sad', 'auto', "),
        (["--classes", "1"], "`classes` must be left out: this table has none."),
        (["--data", "a/x.csv", "b/x.csv"], "`data` must hold tables of different names."),
    ],
)
def test_bad_options(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in refused(["reproduce", "adbench", "tables", *options], capsys)
