"""The runs in a folder: their names, and which one is resumed."""

import os

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import folder, store


def test_two_processes_cannot_work_on_one_run(tmp_path):
    run = store.create(tmp_path, None, TrainConfig.for_dataset())
    with run.locked():
        assert run.is_locked()
        with (
            pytest.raises(ValueError, match="is in use by another process"),
            folder.RunFolder(run.path).locked(),
        ):
            pass
        with pytest.raises(FileNotFoundError, match="There is no unfinished run"):
            store.find_unfinished(tmp_path, None)
    assert store.find_unfinished(tmp_path, None).path == run.path


def test_names_are_numbered_and_never_taken_twice(tmp_path):
    config = TrainConfig.for_dataset(normal_class=3)
    names = [store.create(tmp_path, None, config).name for _ in range(3)]
    assert names == [f"digits-3-deep-svdd{end}" for end in ("", "-2", "-3")]
    with pytest.raises(ValueError, match="`name` must be new, .*`--resume`"):
        store.create(tmp_path, names[0], config)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_the_last_unfinished_run_is_resumed(tmp_path):
    config = TrainConfig.for_dataset()
    made = [store.create(tmp_path, name, config) for name in ("a", "b", "c", "d")]
    made[2].set_status(folder.FAILED, error="of itself")
    made[3].complete({})
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "results.json").write_text("{")
    assert not made[3].backup.exists()
    for run, moment in zip(made, (50, 100, 200, 300), strict=True):
        os.utime(run.results_file, (moment, moment))
    assert store.find_unfinished(tmp_path, None).name == "b"
    assert store.find_unfinished(tmp_path, "a").name == "a"
