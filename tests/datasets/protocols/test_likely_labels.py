"""Tables whose labels would be trained on unless the user says what they are."""

import re

import numpy as np
import pandas
import pytest

from kerasocc.datasets import tabular

RANDOM = np.random.default_rng(0)
BAD = np.arange(60) % 6 == 5
COLUMNS = {
    "words": ("state", np.where(BAD, "anomaly", "normal")),
    "booleans": ("is_fraud", BAD),
    "reversed": ("is_normal", ~BAD),
    "numbers": ("fault", BAD * 1),
    "reversed numbers": ("inlier", 1 - BAD),
    "yes": ("defect", np.where(BAD, "yes", "no")),
}


def frame_with(name, values):
    return pandas.DataFrame({"a": RANDOM.normal(size=60), name: values})


@pytest.mark.parametrize("source", ["frame", "file"])
@pytest.mark.parametrize("case", COLUMNS)
def test_the_advice_is_right(case, source, tmp_path):
    frame = frame_with(*COLUMNS[case])
    name = frame.columns[1]
    table = frame
    if source == "file":
        table = tmp_path / "t.csv"
        frame.to_csv(table, index=False)
    with pytest.raises(ValueError, match="`label` must be given for .* looks like labels") as error:
        tabular(table)
    assert re.search(r"in 50 rows, .* in 10 rows$", str(error.value))
    use_them = str(error.value).split(", leave")[0]
    advised = dict(re.findall(r"(label|normal_class)='([^']*)'", use_them))
    data = tabular(table, **advised)
    assert len(data.sample_format.columns) == 1 and not data.unlabelled
    assert (data.y_test.sum(), data.y_train.sum()) == (BAD.sum() * 0.4, 0)
    assert tabular(table, drop=name).sample_format.columns == ("a",)
    assert tabular(table, label="none").sample_format.columns == ("a", name)
    assert tabular(table, columns=["a", name]).sample_format.columns == ("a", name)


def test_tables_from_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("kerasocc.datasets.storage.spooling.MEMORY_LIMIT", 64)
    frame_with("fault", BAD * 1).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="column 'fault' looks like labels"):
        tabular(tmp_path / "t.csv")
