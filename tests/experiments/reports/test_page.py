"""The page of a run."""

from kerasocc.experiments.reports import page


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
