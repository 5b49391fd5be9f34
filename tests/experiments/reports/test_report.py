"""The files of a report: names of samples, labels where there are any."""

import numpy as np

from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.report import scores_table, write_report
from tests.experiments.reports.test_page import report_figures


def test_the_table_of_scores():
    scores, labels = np.array([0.5, 2.0]), np.array([0, 1])
    assert (
        scores_table(labels, scores, 1.0) == "index,label,score,is_anomaly\n0,0,0.5,0\n1,1,2.0,1\n"
    )
    rows = scores_table(None, scores, 1.0, np.array([7, 3])).splitlines()
    assert rows == ["index,row,score,is_anomaly", "0,7,0.5,0", "1,3,2.0,1"]
    rows = scores_table(labels, scores, 1.0, np.array(["a,b.png", "c.png"])).splitlines()
    assert rows == ["index,file,label,score,is_anomaly", '0,"a,b.png",0,0.5,0', "1,c.png,1,2.0,1"]


def report(folder, x, labels, scores, names, *, labelled):
    calibration = {"rate": 0.05, "samples": 9, "on": "x", "note": None}
    results = {
        **report_figures(),
        "calibration": calibration,
        **evaluate(labels, scores, 25.5, labelled=labelled),
    }
    folder.mkdir()
    write_report(folder, results, x, labels, scores, {"training": {"loss": [1.0]}}, names=names)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_report_without_labels(tmp_path):
    x, scores = np.random.default_rng(0).normal(size=(30, 8, 8, 1)), np.arange(30.0)
    # Names may hold what is no UTF-8, markup, or what matplotlib takes for mathematics.
    names = np.array([f"{i}.png" for i in range(28)] + ["$a_b^.png", "<b>\udce9.png"])
    text = report(tmp_path / "run", x, np.zeros(30, int), scores, names, labelled=False)
    assert not (tmp_path / "run" / "roc.png").exists() and "roc.png" not in text
    assert "AUC" not in text and "Average precision" not in text
    assert "4 of 30 test samples (13.3 %)" in text and "if all of them are normal" in text
    listed = text[text.index("largest scores</h2>") : text.index("<figure>")]
    assert "<td>&lt;b&gt;?.png</td><td>29</td><td>flagged</td>" in listed
    assert listed.index("27.png") < listed.index("26.png") and "19.png" not in listed
    table = (tmp_path / "run" / "scores.csv").read_bytes()
    assert b"index,file,score,is_anomaly" in table and b"<b>\xe9.png" in table
    for name in ("samples.png", "histogram.png", "training.png"):
        assert (tmp_path / "run" / name).stat().st_size > 1000 and f'src="{name}"' in text


def test_a_report_with_labels_of_both_classes(tmp_path):
    x, labels = np.zeros((30, 4)), np.arange(30) % 2
    text = report(tmp_path / "run", x, labels, np.arange(30.0), np.arange(30), labelled=True)
    assert "roc.png" in text and "AUC (test)" in text
    assert "<td>row 29</td><td>29</td><td>flagged</td><td>anomaly</td>" in text
