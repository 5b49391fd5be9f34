"""The rate of false alarms of a report, over windows and over columns."""

import numpy as np
import pandas
import pytest

from kerasocc.experiments.reports.drift import drift_of


def tables(random, rows, columns):
    values = random.normal(size=(rows, columns)).round(3)
    frame = pandas.DataFrame(values, columns=[f"c{i}" for i in range(columns)])
    return frame.assign(text=random.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]))


def alarms(times, alpha, window, columns=5):
    """Shares of windows with an alarm by their scores, and by a column."""
    random = np.random.default_rng(0)
    by_scores, by_columns = [], []
    for _ in range(times):
        data = tables(random, 4 * window, columns)
        scores = pandas.DataFrame({"row": range(len(data)), "score": random.normal(size=len(data))})
        found = drift_of(
            scores,
            random.normal(size=200).astype("float32"),
            window=window,
            alpha=alpha,
            data=data,
            reference=tables(random, 300, columns),
        )
        by_scores += [w.alarm for w in found]
        by_columns += [bool(w.columns) for w in found]
    return np.mean(by_scores), np.mean(by_columns)


@pytest.mark.slow
@pytest.mark.parametrize("window", [100, 500])
def test_the_rate_of_false_alarms(window):
    # 1600 windows; those of one calibration depend on each other, hence the wide bounds.
    by_scores, by_columns = alarms(400, 0.05, window)
    assert 0.015 <= by_scores <= 0.07
    assert 0.01 <= by_columns <= 0.07


def test_text_and_missing_values_drift_too():
    random = np.random.default_rng(0)
    reference = tables(random, 500, 2)
    data = tables(random, 300, 2)
    data["text"] = random.choice(["a", "b", "c", "new"], 300, p=[0.1, 0.3, 0.2, 0.4])
    data.loc[random.random(300) < 0.3, "c1"] = np.nan
    scores = pandas.DataFrame({"row": range(300), "score": random.normal(size=300)})
    (found,) = drift_of(scores, random.normal(size=500), data=data, reference=reference)
    assert list(found.columns) == ["text", "c1"] and found.alarm is False
    assert found.columns["c1"].distance == pytest.approx(0.3, abs=0.05)


def test_tables_that_do_not_fit():
    scores = pandas.DataFrame({"row": range(300), "score": np.arange(300.0)})
    frame = pandas.DataFrame({"a": np.arange(200.0)})
    calibration = np.arange(9.0)
    with pytest.raises(ValueError, match="`data` must be the table .* 200 rows, .* row 299"):
        drift_of(scores, calibration, data=frame, reference=frame)
    with pytest.raises(ValueError, match="`reference` must have columns of the table"):
        drift_of(scores, calibration, data=frame, reference=frame.rename(columns={"a": "b"}))
    with pytest.raises(ValueError, match="must have the column 'row'"):
        drift_of(scores.rename(columns={"row": "file"}), calibration, data=frame, reference=frame)
    with pytest.raises(ValueError, match="numbers in the column 'score'. Received: text"):
        drift_of(scores.astype({"score": str}), calibration)
