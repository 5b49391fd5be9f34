"""The command line: what it prints, its exit codes, what it imports."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kerasocc
from kerasocc.callbacks import CollapseError
from kerasocc.cli import main
from kerasocc.experiments import dataset_listing
from kerasocc.experiments.runs import epoch_bar, phases, runner
from kerasocc.models.autoencoder import Autoencoder
from tests.cli.helpers import refused, status

SHORT = ["--pretrain-epochs", "2", "--epochs", "2"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    """The folder of the runs, `runs` in the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


@pytest.mark.parametrize("option", ["--help", "--version", "train --help"])
def test_help_imports_nothing_heavy(option):
    code = (
        "import sys\nfrom kerasocc.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as exit_:\n    print(exit_.code)\n"
        "print([m for m in sys.modules if m in 'numpy keras tensorflow jax torch sklearn "
        "scipy matplotlib'.split()])"
    )
    command = [sys.executable, "-c", code, *option.split()]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    assert output.splitlines()[-2:] == ["0", "[]"]
    assert (kerasocc.__version__ in output) == (option == "--version")


def test_every_option_has_a_help_text(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out.split("options:")[1]
    options = re.findall(r"^  (--[a-z-]+)(.*\n(?: {10,}.*\n)*)", text, re.MULTILINE)
    assert len(options) >= 20
    assert all(re.search(r" {2,}\S+ \S+", help_text) for _, help_text in options)


def test_python_m_runs_the_same_command():
    command = [sys.executable, "-m", "kerasocc", "--version"]
    output = subprocess.run(command, capture_output=True, text=True)
    assert output.stdout == f"kerasocc {kerasocc.__version__}\n"


@pytest.mark.slow
def test_a_run_prints_lines_not_walls_and_ends_with_the_report(out, capsys, monkeypatch):
    # On a machine that stalls there would be more lines.
    monkeypatch.setattr(epoch_bar, "SECONDS_BETWEEN_LINES", math.inf)
    assert main(["train", *SHORT]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    bars = [line for line in lines if "epochs" in line]
    assert [line.split()[0] for line in bars] == ["Pretraining", "Training"]
    assert all("2/2 epochs" in line and "#" * 30 in line for line in bars)
    results = json.loads((out / "digits-0-deep-svdd" / "results.json").read_text())
    printed = {line.split("  ")[0]: line for line in lines}
    assert f"{100 * results['auc']:.2f} %" in printed["AUC (test)"]
    assert f"{100 * results['average_precision']:.2f} %" in printed["Average precision"]
    assert f"{results['threshold']:.4g}" in printed["Threshold"]
    assert "pretraining" in printed["Time"] and "training" in printed["Time"]
    assert lines[-1].split()[1] == os.path.join("runs", "digits-0-deep-svdd", "report.html")
    assert captured.err == ""

    other = ["--quiet", "--seed", "1", "--objective", "soft-boundary"]
    assert main(["train", *SHORT, *other]) == 0
    assert "epochs" not in capsys.readouterr().out
    scores = [(out / f"digits-0-deep-svdd{end}" / "scores.csv").read_text() for end in ("", "-2")]
    assert scores[0] != scores[1]

    assert main(["train", "--resume", "--name", "digits-0-deep-svdd"]) == 0
    assert "complete, there is nothing to resume" in capsys.readouterr().out
    assert "no unfinished run in 'runs'" in refused(["train", "--resume"], capsys)
    message = refused(["train", "--name", "digits-0-deep-svdd"], capsys)
    assert "exists. Continue that run with `--resume`, or choose another name" in message


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(out, capsys, monkeypatch):
    save = Autoencoder.save_weights

    def interrupted(self, path):
        # After the second epoch the history has been written, the weights have not.
        if int(np.array(self.epochs_trained)) == 2:
            raise KeyboardInterrupt
        save(self, path)

    monkeypatch.setattr(phases, "SECONDS_BETWEEN_BACKUPS", 0)
    monkeypatch.setattr(phases, "BACKUP_SHARE", math.inf)
    monkeypatch.setattr(Autoencoder, "save_weights", interrupted)
    assert main(["train", *SHORT, "--out", "my runs"]) == 130
    run = out.parent / "my runs" / "digits-0-deep-svdd"
    assert status(run) == "interrupted"
    ahead = json.loads((run / "backup" / "pretraining.history.json").read_text())
    assert len(ahead["loss"]) == 2
    last = capsys.readouterr().out.splitlines()[-1]
    command = last.removeprefix("Interrupted. Resume with: kerasocc ")

    monkeypatch.undo()
    monkeypatch.chdir(out.parent)
    message = refused([*shlex.split(command), "--epochs", "3"], capsys)
    assert "`--epochs` must be left out or equal" in message and "Received: epochs=3" in message
    assert main([*shlex.split(command), "--epochs", "2"]) == 0
    assert status(run) == "complete"
    history = json.loads((run / "history.json").read_text())
    assert {len(values) for phase in history.values() for values in phase.values()} == {2}


def test_sigterm_answers_like_ctrl_c(out, capsys, monkeypatch):
    save, usual = Autoencoder.save_weights, signal.getsignal(signal.SIGTERM)

    def terminated(self, path):
        save(self, path)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(phases, "SECONDS_BETWEEN_BACKUPS", 0)
    monkeypatch.setattr(Autoencoder, "save_weights", terminated)
    assert main(["train", "--quiet", *SHORT]) == 143
    assert "Resume with: kerasocc train --resume --name digits-0" in capsys.readouterr().out
    assert status(out / "digits-0-deep-svdd") == "interrupted"
    assert signal.getsignal(signal.SIGTERM) is usual


@pytest.mark.parametrize("error", [CollapseError("the\nsame\nscore"), FloatingPointError("nan")])
def test_a_failed_training_is_one_line_and_is_not_resumed(out, capsys, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(runner, "train_phases", fail)
    assert refused(["train"], capsys) == " ".join(str(error).split())
    assert status(out / "digits-0-auto") == "failed"
    message = refused(["train", "--resume", "--name", "digits-0-auto"], capsys)
    assert "has failed and would fail again: " in message


def test_a_full_disk_is_one_line_and_the_run_can_be_resumed(out, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device", "model.keras")

    monkeypatch.setattr(runner, "train_phases", fail)
    assert refused(["train"], capsys) == "No space left on device: 'model.keras'"
    assert status(out / "digits-0-auto") == "interrupted"


def test_a_bug_keeps_its_traceback(out, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(runner, "train_phases", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["train"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        (["train", "--speed", "3"], "unrecognized arguments: --speed 3; near names: --seed"),
        (["train", "--epochs", "many"], "invalid int value: 'many' (see `kerasocc train --help`)"),
        (["train", "--drop-at", "4,x"], "argument --drop-at: must be whole numbers such as 40,50"),
        (["train", "--epochs", "0"], "`epochs` must be an integer of at least 1"),
        (["train", "--nu", "2"], "`nu` must be in (0, 1]. Received: nu=2.0"),
        (["train", "--learning-rate", "nan"], "`learning_rate` must be a finite number"),
        (["train", "--drop-at", "70"], "`drop_at` must hold epochs after the first and before"),
        (["train", "--normal-class", "12"], "`normal_class` must be among the classes [0, 1"),
        (["train", "--contamination", "0.99"], "`contamination` asks for"),
        (["train", "--name", "../x"], "`name` must begin with a letter or digit"),
        (["train", "--out", "file"], "'file'"),
        (["train", "--out", "file/runs"], "Not a directory: 'file/runs'"),
        (["train", "--resume"], "There is no unfinished run in 'runs' to resume."),
        (["train", "--resume", "--name", "x"], f"There is no run '{os.path.join('runs', 'x')}'"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_no_run(out, capsys, arguments, message):
    (out.parent / "file").touch()
    assert message in refused(arguments, capsys)
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_folder_is_one_line(out, capsys):
    out.mkdir(mode=0o500)
    assert "Permission denied" in refused(["train"], capsys)


def test_warnings_are_one_line_without_code(capsys, monkeypatch):
    usual = warnings.formatwarning
    shown = []

    def warn():
        shown.append(warnings.formatwarning(UserWarning("two\nlines"), UserWarning, "x.py", 3))
        return []

    monkeypatch.setattr(dataset_listing, "entries", warn)
    assert main(["datasets"]) == 0
    assert shown == ["kerasocc: warning: two lines\n"] and warnings.formatwarning is usual
