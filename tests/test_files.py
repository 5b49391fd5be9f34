"""A file or folder is complete or absent."""

import pytest

from kerasocc import files


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), files.complete_or_absent(path) as temporary:
        temporary.write_text("half")
        assert temporary.suffix == ".json" and temporary.parent == tmp_path
        raise RuntimeError
    assert files.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_failure_keeps_the_old_folder(tmp_path):
    path = tmp_path / "model"
    with files.complete_folder_or_absent(path) as temporary:
        assert temporary.name.startswith(".") and temporary.parent == tmp_path
        temporary.mkdir()
        (temporary / "1").write_text("old")
    with pytest.raises(RuntimeError), files.complete_folder_or_absent(path) as temporary:
        temporary.mkdir()
        (temporary / "2").write_text("half")
        raise RuntimeError
    assert [(each.name, each.read_text()) for each in path.iterdir()] == [("1", "old")]
    with files.complete_folder_or_absent(path) as temporary:
        temporary.mkdir()
        (temporary / "3").write_text("new")
    assert [(each.name, each.read_text()) for each in path.iterdir()] == [("3", "new")]
    assert list(tmp_path.iterdir()) == [path]


def test_broken_json_is_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": ')
    with pytest.raises(ValueError, match="a.json is not a readable JSON file"):
        files.read_json(path)


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.write_text(tmp_path / "absent" / "a.txt", "text")
