"""The summary of a group of data sets, and the command."""

import math

import numpy as np
import pytest

from benchmarks.detection.__main__ import main
from benchmarks.detection.cells import DONE, TIMED_OUT
from benchmarks.detection.report import markdown
from benchmarks.detection.summary import summarize


def done(auc, seed=0, rate=0.05):
    times = dict(fit_seconds=2.0, score_seconds=1.0)
    entry = dict(status=DONE, auc=auc, average_precision=auc / 2, false_positive_rate=rate)
    return {**entry, **times, "split_seed": seed}


RESULTS = {
    ("a", "ours"): [done(0.7), done(0.9)],
    ("a", "peer"): [done(0.9)],
    ("a", "weak"): [done(0.5)],
    ("b", "ours"): [done(0.8), done(0.8)],
    ("b", "peer"): [done(0.6, rate=0.15)],
    ("b", "weak"): [dict(status=TIMED_OUT, seconds=300.0, split_seed=0)],
}


def test_summary_by_hand():
    summary = summarize(
        RESULTS, ["a", "b", "c"], ["ours", "peer", "weak", "none"], ["peer", "weak"]
    )
    assert (summary.problems, summary.best_peer) == (["a", "b"], "peer")
    lines = {line.detector: line for line in summary.lines}
    assert list(lines)[-1] == "weak" and "none" not in lines
    ours, peer, weak = (lines[name] for name in ("ours", "peer", "weak"))
    assert ours.auc == pytest.approx(0.8) and ours.average_precision == pytest.approx(0.4)
    assert (ours.rank, peer.rank, weak.rank) == (1.5, 1.5, 3.0)
    assert ours.difference.mean == pytest.approx((-0.1 + 0.2) / 2)
    assert (ours.far_below, peer.far_below, weak.far_below) == (1, 0, 1)
    # Seeds 0.7 and 0.9 on one table, equal ones on the other.
    assert ours.deviation == pytest.approx(math.sqrt(0.02) / 2) and math.isnan(peer.deviation)
    assert peer.false_positive_rate == pytest.approx(0.1)
    assert (weak.sets, weak.auc, weak.not_done) == (1, 0.5, {"timed out": 1})
    text = markdown("tables", summary, {"peer": "the peer"})
    assert (
        "| the peer | 2 | 75.0 | 37.5 | 1.50 | 0.0 (0.0 to 0.0) | 0 | 10.0 |  | 2.00 | 1.00 |  |"
        in text
    )
    assert "| b | 80.0 | 60.0 |  |" in text


def test_seeds_of_the_split_are_no_seeds_of_the_detector():
    results = {("a", "ours"): [done(0.7, seed=0), done(0.9, seed=1)]}
    assert math.isnan(summarize(results, ["a"], ["ours"], []).lines[0].deviation)


def test_no_results():
    summary = summarize({}, ["a"], ["ours"], [])
    assert "No results." in markdown("tables", summary, {})


def test_the_command(tmp_path, monkeypatch, capsys, random):
    (tmp_path / "tabular").mkdir()
    for name in ("cardio", "one", "two"):
        x = random.normal(size=(80, 3)) + 3 * (np.arange(80) % 8 == 0)[:, None]
        np.savez(tmp_path / "tabular" / f"{name}.npz", X=x, y=np.arange(80) % 8 == 0)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    command = ["--out", str(tmp_path / "out"), "--seeds", "0", "1", "--detectors"]
    command += ["neighbors", "isolation-forest", "--kinds", "tables"]
    assert main(command) == 0
    output = capsys.readouterr()
    # Neighbors draw nothing, and have one seed.
    assert output.err.count("\n") == 9 and "9/9 two isolation-forest 0 1: " in output.err
    assert "### tables, choosing half\n\n1 data sets" in output.out
    assert "### tables, confirming half\n\n2 data sets; best peer: " in output.out
    assert (tmp_path / "out" / "report.md").read_text() == output.out.rstrip("\n") + "\n"
    picture = (tmp_path / "out" / "critical-difference-tables-confirming.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 5000
    assert main(command) == 0
    again = capsys.readouterr()
    assert (again.err, again.out) == ("", output.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "no"], "There are no such data sets in "),
        (["--detectors", "svdd"], "`detectors` must name methods of .*'svdd'"),
        (["--detectors", "icl:epochs=0"], "`epochs` must be an integer of at least 1"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, message, tmp_path):
    with pytest.raises(SystemExit, match=message):
        main(["--out", str(tmp_path), "--kinds", "images", *arguments])
