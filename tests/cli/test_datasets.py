"""`kerasocc datasets`."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from kerasocc.cli import main


def listed(capsys):
    """The table that `datasets` prints, by name."""
    assert main(["datasets"]) == 0
    lines = capsys.readouterr().out.split("\n\n")[0].splitlines()
    starts = [lines[0].index(head) for head in ("name", "kind", "samples", "where")]
    cells = (
        [*(line[a:b].strip() for a, b in zip(starts, starts[1:] + [None], strict=True))]
        for line in lines[1:]
    )
    return {name: rest for name, *rest in cells}


def test_datasets_lists_what_is_on_disk(place, tmp_path, capsys, monkeypatch):
    kept = tmp_path / "tfds"
    for name, content in {
        "mnist": {"splits": [{"shardLengths": ["60000"]}, {"shardLengths": ["4000", "6000"]}]},
        "birds": {"splits": [{"name": "train"}]},
        "odd": ["no", "description"],
    }.items():
        (kept / name / "1.0.0").mkdir(parents=True)
        (kept / name / "1.0.0" / "dataset_info.json").write_text(json.dumps(content))
    (kept / "torn" / "1.0.0").mkdir(parents=True)
    (kept / "torn" / "1.0.0" / "dataset_info.json").write_text('{"splits"')
    (kept / "downloads").mkdir()
    root = tmp_path / "root"
    (root / "deeper").mkdir(parents=True)
    np.savez(root / "deeper" / "4_cardio.npz", X=np.zeros((7, 3)), y=np.zeros(7))
    (root / "broken.npz").write_bytes(b"PK")
    (root / "dangling.npz").symlink_to(tmp_path / "nowhere.npz")
    (root / "loop").symlink_to(root)
    shutil.copy(place / "signs.npz", root)
    shutil.copy(place / "pumps.csv", root)
    shutil.copytree(place / "pets", root / "pets")
    for part in ("train/good", "test/good", "test/crack", "ground_truth/crack"):
        shutil.copytree(place / "pets" / "cat", root / "mvtec" / "bottle" / part)
    (root / "empty").mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(kept))
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(root))
    assert listed(capsys) == {
        "digits": ["images", "1797 of 8x8", "embedded"],
        "mnist": ["images", "70000", str(kept / "mnist")],
        "fashion_mnist": ["images", "?", "downloaded on first use"],
        "cifar10": ["images", "?", "downloaded on first use"],
        **{name: ["images", "?", str(kept / name)] for name in ("birds", "odd", "torn")},
        "broken": ["unreadable", "?", str(root / "broken.npz")],
        "dangling": ["unreadable", "?", str(root / "dangling.npz")],
        "cardio": ["table", "7 of 3", str(root / "deeper" / "4_cardio.npz")],
        "pumps": ["table", "?", str(root / "pumps.csv")],
        "signs": ["images", "80 of 16x16x3", str(root / "signs.npz")],
        "pets": ["folder of images", "?", str(root / "pets")],
        "bottle": ["folder of images", "?", str(root / "mvtec" / "bottle")],
    }


def test_datasets_survives_folders_that_cannot_be_read(place, tmp_path, capsys, monkeypatch):
    shutil.copytree(place / "pets", tmp_path / "pets")
    (tmp_path / "secret").mkdir()
    look = Path.iterdir

    def forbidden(self):
        if self.name == "secret":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return look(self)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    assert listed(capsys)["pets"][0] == "folder of images"


def test_datasets_hints_at_the_variable_and_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom kerasocc.cli import main\nprint(main(['datasets']))\n"
        "print([m for m in sys.modules if m in 'keras tensorflow torch sklearn pandas'.split()])"
    )
    unset = {k: v for k, v in os.environ.items() if k != "KERASOCC_DATA_DIR"}
    for variables, hinted in (
        ({}, True),
        ({"KERASOCC_DATA_DIR": str(tmp_path / "no")}, False),
        ({"TFDS_DATA_DIR": str(tmp_path / "no"), "KERASOCC_DATA_DIR": ""}, True),
    ):
        command = [sys.executable, "-c", code]
        output = subprocess.run(command, env=unset | variables, capture_output=True, text=True)
        assert output.stderr == "" and output.stdout.splitlines()[-2:] == ["0", "[]"]
        assert ("KERASOCC_DATA_DIR is not set" in output.stdout) == hinted
