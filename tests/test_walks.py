"""The walks of `docs/walks.md`: their transcripts are those of the script, and end well."""

import csv
import io
import re

import pytest

from tests import walks


def test_the_page_has_the_commands_of_the_script():
    page = walks.FILE.read_text(encoding="utf-8")
    shown = re.findall(r"^\$ (.*)$", page, flags=re.MULTILINE)
    assert shown == [step.command for walk in walks.WALKS.values() for step in walk.steps]
    assert "Traceback" not in page and "/tmp" not in page
    assert "(docs/walks.md)" in (walks.ROOT / "README.md").read_text(encoding="utf-8")


def outputs_of(name, folder):
    return {step.command.split()[1]: text for step, text in walks.go(walks.WALKS[name], folder)}


def flagged_in(text):
    rows = csv.DictReader(io.StringIO(text))
    return {next(iter(row.values())): row for row in rows if row["is_anomaly"] == "1"}


@pytest.mark.slow
def test_orders(tmp_path):
    outputs = outputs_of("orders", tmp_path)
    assert "no labels: all are taken for normal" in outputs["train"]
    flagged = flagged_in(outputs["score"])
    assert {"A2002", "A2005", "A2008"} == {row["order"] for row in flagged.values()}


@pytest.mark.slow
def test_photos(tmp_path):
    outputs = outputs_of("photos", tmp_path)
    bad = [f"new_photos/washer_{number:03d}.png" for number in (1, 3, 4)]
    assert list(flagged_in(outputs["score"])) == bad


@pytest.mark.slow
def test_machines(tmp_path):
    found = list(walks.go(walks.WALKS["machines"], tmp_path))
    outputs = {step.command.partition(" ")[2]: text for step, text in found}
    assert "looks like labels" in outputs["train --dataset machines.csv"]
    assert float(re.search(r"AUC +([\d.]+) %", outputs["evaluate june.csv"])[1]) > 99
    # The same rows in another dialect have the same scores.
    assert main_scores(tmp_path, "june.csv") == (tmp_path / "scores.csv").read_text()
    assert (tmp_path / "served" / "1" / "saved_model.pb").exists()


def main_scores(folder, name):
    step = walks.Step("", f"kerasocc score {name} --output again.csv")
    list(walks.go(walks.Walk("", lambda _: None, (step,), ""), folder))
    return (folder / "again.csv").read_text()
