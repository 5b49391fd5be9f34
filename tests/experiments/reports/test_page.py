"""The page of a run."""

import pytest

from kerasocc.experiments.reports import page
from kerasocc.experiments.reports.key_figures import key_figures


def report_figures():
    numbers = dict.fromkeys(
        [
            *("auc", "average_precision", "threshold", "flagged_fraction"),
            *("false_positive_rate", "true_positive_rate"),
        ],
        0.5,
    )
    samples = {part: {"normal": 1, "anomalous": 1} for part in ("training", "test")}
    samples["training"]["labelled"] = 1
    versions = {"python": "3", "tensorflow": None}
    texts = {"run": "<b>", "method": "Deep SVDD", "seed": 0, "backend": "jax", "versions": versions}
    return {**numbers, **texts, "samples": samples, "seconds": {"training": 1.0}}


def test_the_page_escapes_names_and_leaves_out_what_was_not_used():
    calibration = {"rate": 0.05, "samples": 9, "on": "x", "note": None}
    text = page.page({**report_figures(), "calibration": calibration})
    assert "<b>" not in text and "&lt;b&gt;" in text
    assert "tensorflow" not in text


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ([0.0012, 0.161], "between 0.1 and 16 % (95 % interval)"),
        ([0.0235, 0.0849], "between 2.4 and 8.5 % (95 % interval)"),
    ],
)
def test_the_page_says_what_the_rate_can_be(interval, words):
    calibration = {"rate": 0.05, "samples": 21, "on": "x", "note": None, "interval": interval}
    results = {**report_figures(), "calibration": calibration}
    told = key_figures(results)["True rate"]
    assert told.startswith(words) and told.endswith("the threshold for 5 % rests on 21 samples")
    assert told in page.page(results)


@pytest.mark.parametrize("unknown", [{}, {"interval": None}], ids=["old run", "nothing held out"])
def test_the_page_says_nothing_of_a_rate_that_is_not_known(unknown):
    calibration = {"rate": 0.05, "samples": 21, "on": "x", "note": None, **unknown}
    assert "True rate" not in key_figures({**report_figures(), "calibration": calibration})
