"""What the command line finds out before Keras is imported, which takes many times as long."""

import shlex
import subprocess
import sys

import pytest

from tests.cli.helpers import of, refused

CODE = (
    "import sys\nfrom kerasocc.cli import main\ncode = main(sys.argv[1:])\n"
    "print(code, [m for m in sys.modules if m in ('keras', 'tensorflow', 'jax', 'torch')])"
)


@pytest.mark.parametrize("command", ["train", "score", "evaluate"])
def test_a_wrong_column_is_found_before_keras_is_imported(command, place, pumps, work, frame):
    frame.rename(columns={"flow rate": "flow"}).to_csv(work / "other.csv", index=False)
    options = {
        "train": ["--dataset", str(place / "pumps.csv"), "--label", "stat"],
        "score": [str(work / "other.csv"), *of(pumps)],
        "evaluate": [str(place / "pumps.csv"), "--label", "stat", *of(pumps)],
    }[command]
    python = [sys.executable, "-c", CODE, command, *options]
    ended = subprocess.run(python, capture_output=True, text=True)
    assert ended.stdout == "2 []\n"
    found = "no column ['flow rate'] among" if command == "score" else "called one of ['stat']"
    assert ended.stderr.count("\n") == 1 and found in ended.stderr
    assert not (work / "runs").exists()


def test_the_label_of_the_training_is_looked_for(pumps, work, frame, capsys):
    frame.rename(columns={"state": "State of it"}).to_csv(work / "other.csv", index=False)
    assert "called one of ['state']" in refused(["evaluate", "other.csv", *of(pumps)], capsys)


@pytest.mark.parametrize(
    ("command", "near"),
    [
        ("train --epoch 3", "; near names: --epochs"),
        ("train --pretrain-e=3", "; near names: --pretrain-epochs"),
        ("train --epohcs 3", "; near names: --epochs"),
        ("train --xyz", " (see"),
        ("evaluate x.csv --lab state", "; near names: --label"),
        ("score x.csv --p-value", "; near names: --p-values"),
        ("export there --form onnx", "; near names: --format"),
        ("datasets --he", "; near names: --help"),
        ("migrate-demo --he", "; near names: --help"),
        ("reproduce deep-svdd table1 --he", "; near names: --help"),
    ],
)
def test_an_abbreviated_option_is_refused_with_the_one_that_is_meant(command, near, work, capsys):
    message = refused(shlex.split(command), capsys)
    assert message.startswith("unrecognized arguments: ") and near in message
    assert f"(see `kerasocc {command.split()[0]}" in message and "--help`)" in message
