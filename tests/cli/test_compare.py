"""`kerasocc compare`: runs beside one another, as one page."""

import json
import shutil

import pytest

from kerasocc.cli import main
from tests.cli.helpers import refused


@pytest.fixture(scope="module")
def out(pumps, filling, place, tmp_path_factory):
    """A folder of two runs on the same rows."""
    out = tmp_path_factory.mktemp("compared")
    for run in (pumps, filling):
        shutil.copytree(run, out / run.name)
    return out


def results_of(run):
    return json.loads((run / "results.json").read_text())


def test_all_complete_runs_are_compared(out, capsys):
    (out / "going on").mkdir(exist_ok=True)
    (out / "going on" / "results.json").write_text('{"status": "running"}')
    assert main(["compare", "--out", str(out)]) == 0
    page = (out / "comparison.html").read_text()
    aucs = {name: results_of(out / name)["auc"] for name in ("pumps", "filling")}
    best = max(aucs, key=aucs.get)
    assert f"{best} (Deep SVDD) has the best AUC: {100 * aucs[best]:.2f} %." in page
    for name, auc in aucs.items():
        assert (
            f'<th scope="row">{name}</th><td>Deep SVDD</td><td class="number">{100 * auc:.2f}'
            in page
        )
    # The runs differ in these settings, and were tested on the same rows.
    differing = page[page.index('id="settings-that-differ"') :]
    assert '<th scope="row">optimizer</th><td>adam</td><td>sgd</td>' in differing.replace(
        "<td>sgd</td><td>adam</td>", "<td>adam</td><td>sgd</td>"
    )
    assert "6, 3" in differing and "nu</th>" not in differing
    assert "where-they-disagree" in page and "do not compare" not in page
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].endswith(str(out / "comparison.html")) and len(printed) == 3


def test_named_runs_go_to_a_file(out, tmp_path, capsys):
    file = tmp_path / "page.html"
    folder = str(out / "pumps")
    assert main(["compare", folder, "pumps", "--out", str(out), "--output", str(file)]) == 0
    page = file.read_text()
    assert "Comparison of 1 runs" not in page and "<title>Comparison of 1 run</title>" in page
    assert "disagree" not in page, "it is one run, named twice"


@pytest.mark.slow
def test_other_test_samples_do_not_compare(out, signs, capsys, tmp_path):
    file = tmp_path / "page.html"
    assert main(["compare", "pumps", str(signs), "--out", str(out), "--output", str(file)]) == 0
    assert "tested on different samples: their figures do not compare" in file.read_text()


def test_what_is_refused(out, capsys, tmp_path):
    assert "There is no run" in refused(["compare", "no", "--out", str(out)], capsys)
    assert "no complete run" in refused(["compare", "--out", str(tmp_path)], capsys)
    (out / "broken").mkdir(exist_ok=True)
    (out / "broken" / "results.json").write_text('{"status": "failed"}')
    message = refused(["compare", "broken", "--out", str(out)], capsys)
    assert "must be complete to be compared. Received: status 'failed'" in message
    shutil.rmtree(out / "broken")
    message = refused(["compare", "--out", str(out), "--output", str(tmp_path)], capsys)
    assert "`--output` must be a file" in message


def test_help_names_the_command(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["compare", "--help"])
    assert "one HTML file" in " ".join(capsys.readouterr().out.split())
