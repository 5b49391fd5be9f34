"""Hostile inputs of the command line, and the one line that answers each of them.

All of them run in one process, one after the other, so that none leaves anything behind for the
next one: neither a file nor a setting.
"""

import os
import shlex
import sys
import warnings
from pathlib import Path

import pytest

from kerasocc.cli import main
from tests.hostile.files import DAMAGE, damaged_runs, make_files

# Name, command, what is in its output, and how many lines that has.
DEFINED = [
    ("flagged", "score missing.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("a byte order mark", "score marked.csv --run table", "\n39,", 41),
]
SLOWLY_DEFINED = [
    ("flagged infinity", "score infinite.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("flagged 1e300", "score huge.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("flagged text", "score text.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("skipped", "score missing.csv --bad-rows skip --run table", "\n39,", 41),
    ("carriage returns", "score returns.csv --run table", "\n39,", 41),
    ("images of all modes", "score modes --run photos", "RGBA.png,", 5),
    ("one image", "score one --run photos", "1.png,", 2),
]

SHORT = "--method nearest-neighbors --quiet"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    make_files(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        train("plain.csv", "table")
        damaged_runs(place / "runs" / "table")
    return place


@pytest.fixture(scope="module")
def photos(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        train("photos", "photos")


def train(source, name):
    assert main(["train", "--dataset", source, "--name", name, *SHORT.split()]) == 0


@pytest.fixture
def work(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield place


def state(folder):
    """All files with the time at which they were written, and all folders."""
    found = {}
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__":
            found |= {entry.path: 0, **state(entry.path)}
        elif not entry.is_dir(follow_symlinks=False):
            found[entry.path] = entry.stat(follow_symlinks=False).st_mtime_ns
    return found


def answer(command, capfd):
    """Exit code, output and errors, of the process and not only of Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They are errors in the tests.
        try:
            code = main(shlex.split(command))
        except SystemExit as exit_:  # argparse's own
            code = exit_.code
    return code, *capfd.readouterr()


def read_table():
    lines = (Path(__file__).parent / "refused.txt").read_text().splitlines()
    for line in lines:
        if line and line[0] != "#":
            name, command, expected = line.split(" | ", 2)
            yield name.strip(), command.strip(), expected


REFUSED = list(read_table())


def test_the_table_is_long_and_each_case_has_a_name():
    names = [name for name, *_ in REFUSED]
    assert len(set(names)) == len(names)
    assert sum(not name.endswith("*") for name in names) >= 60
    used = " ".join(command for _, command, _ in REFUSED)
    assert all(f" {name}" in used for name in DAMAGE)


def test_every_hostile_input_is_answered_by_one_line(work, capfd):
    wrong = wrong_answers([case for case in REFUSED if not case[0].endswith("*")], work, capfd)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_every_other_hostile_input_is_answered_by_one_line(photos, work, capfd):
    wrong = wrong_answers([case for case in REFUSED if case[0].endswith("*")], work, capfd)
    assert not wrong, "\n".join(wrong)


def wrong_answers(cases, work, capfd):
    before, wrong = state(work), []
    for name, command, expected in cases:
        if command.startswith("train") and "resume" not in command:
            command = command.replace("train", f"train {SHORT}", 1)
        try:
            code, _, errors = answer(command, capfd)
        except BaseException as error:
            wrong.append(f"{name}: traceback, {error!r}")
            continue
        lines = errors.splitlines()
        if code != 2 or len(lines) != 1 or not lines[0].startswith("kerasocc: error: "):
            wrong.append(f"{name}: exit code {code}, {errors!r}")
        elif expected not in lines[0]:
            wrong.append(f"{name}: {lines[0]!r} has no {expected!r}")
        after = state(work)
        if after != before:
            changed = [path for path, _ in before.items() ^ after.items()]
            wrong.append(f"{name}: leaves {sorted(set(changed))}")
            before = after
    return wrong


def test_what_is_hostile_and_has_a_defined_result(work, capfd):
    check_defined(DEFINED, capfd)


@pytest.mark.slow
def test_what_else_is_hostile_and_has_a_defined_result(photos, work, capfd):
    check_defined(SLOWLY_DEFINED, capfd)


def check_defined(cases, capfd):
    for name, command, expected, lines in cases:
        code, output, _ = answer(command, capfd)
        assert code == 0, name
        assert expected in output and output.count("\n") == lines, name
        assert "nan" not in output, name
