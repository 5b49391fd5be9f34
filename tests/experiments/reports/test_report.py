"""The files of a report: names of samples, labels where there are any."""

from html.parser import HTMLParser

import numpy as np

from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.report import scores_table, write_report
from kerasocc.experiments.reports.scored_samples import ScoredSamples, read_rows, samples_from
from tests.experiments.reports.test_page import report_figures


def test_the_table_of_scores():
    scores, labels = np.array([0.5, 2.0]), np.array([0, 1])
    assert (
        scores_table(ScoredSamples(scores, labels), 1.0)
        == "index,label,score,is_anomaly\n0,0,0.5,0\n1,1,2.0,1\n"
    )
    rows = scores_table(ScoredSamples(scores, names=np.array([7, 3])), 1.0).splitlines()
    assert rows == ["index,row,score,is_anomaly", "0,7,0.5,0", "1,3,2.0,1"]
    names = np.array(["a,b.png", "c.png"])
    rows = scores_table(ScoredSamples(scores, labels, names), 1.0).splitlines()
    assert rows == ["index,file,label,score,is_anomaly", '0,"a,b.png",0,0.5,0', "1,c.png,1,2.0,1"]


def test_the_table_is_read_back(tmp_path):
    tested = ScoredSamples(
        np.array([0.1, 1 / 3]),
        np.array([0, 1]),
        np.array(["a.png", "\udce9.png"]),
        {"order": ["x", "y"]},
        np.array(["good", "hole"]),
    )
    path = tmp_path / "scores.csv"
    path.write_bytes(scores_table(tested, 0.2).encode(errors="surrogateescape"))
    found = samples_from(*read_rows(path, 2))
    for name in ("scores", "labels", "names", "classes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(tested, name))
    assert found.ids == tested.ids
    assert (found.name(1), found.kind(1)) == ("\udce9.png", "anomaly, hole")


def report(folder, x, labels, scores, names, *, labelled):
    calibration = {"rate": 0.05, "samples": 9, "on": "x", "note": None}
    results = {
        **report_figures(),
        "calibration": calibration,
        **evaluate(labels, scores, 25.5, labelled=labelled),
    }
    folder.mkdir()
    tested = ScoredSamples(scores, labels if labelled else None, names)
    write_report(folder, results, x, tested, {"training": {"loss": [3.0, 2.0, 1.0]}})
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_report_without_labels(tmp_path):
    x, scores = np.random.default_rng(0).normal(size=(30, 8, 8, 1)), np.arange(30.0)
    # Names may hold what is no UTF-8, markup, or what matplotlib takes for mathematics.
    names = [f"{i}.png" for i in range(27)] + [
        "$a_b^.png",
        "<script>alert(1)</script>",
        "<b>\udce9",
    ]
    text = report(tmp_path / "run", x, np.zeros(30, int), scores, np.array(names), labelled=False)
    assert not (tmp_path / "run" / "roc.png").exists() and "ROC" not in text
    assert "AUC" not in text and "Average precision" not in text
    assert "4 of 30 test samples (13.3 %)" in text and "if all of them are normal" in text
    listed = text[text.index("Largest scores") : text.index("Smallest scores")]
    assert "&lt;b&gt;?</figcaption>" in listed and "?: score 29, flagged" in listed
    assert listed.index("26.png") < listed.index("25.png") and "14.png" not in listed
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in listed
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(text)
    # The bold ones are scores.
    assert "script" not in tags and tags.count("b") == tags.count("figcaption") - 2
    table = (tmp_path / "run" / "scores.csv").read_bytes()
    assert b"index,file,score,is_anomaly" in table and b"<b>\xe9" in table
    for name in ("samples.png", "histogram.png", "training.png"):
        assert (tmp_path / "run" / name).stat().st_size > 1000


def test_a_report_with_labels_of_both_classes(tmp_path):
    x, labels = np.zeros((30, 4)), np.arange(30) % 2
    text = report(tmp_path / "run", x, labels, np.arange(30.0), np.arange(30), labelled=True)
    assert "ROC curve with an area of" in text and "Average precision" in text
    row = (
        '<th scope="row">row 29</th><td class="number">29</td><td><span class="anomaly">yes</span>'
    )
    assert f"{row}</td><td>anomaly</td>" in text
    assert not (tmp_path / "run" / "pictures.json").exists(), "rows of a table are no pictures"
