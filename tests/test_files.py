"""A file or folder is complete or absent."""

import errno

import pytest

from kerasocc import files
from tests.full_disk import largest_file


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


def test_an_error_of_the_system_names_the_file_and_not_the_temporary_one(tmp_path):
    path = tmp_path / "a.txt"
    with largest_file(3), pytest.raises(OSError) as caught:
        files.write_text(path, "text")
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    with pytest.raises(FileNotFoundError) as caught:
        files.write_bytes(tmp_path / "absent" / "a.txt", b"text")
    assert caught.value.filename == str(tmp_path / "absent" / "a.txt")
    with largest_file(3), pytest.raises(OSError) as caught:
        with files.complete_folder_or_absent(tmp_path / "b") as folder:
            folder.mkdir()
            files.write_text(folder / "c.txt", "text")
    assert caught.value.filename == str(tmp_path / "b" / "c.txt")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path):
    for error in (OSError("of a library"), OSError(errno.EACCES, "no", "another file")):
        with pytest.raises(OSError) as caught, files.complete_or_absent(tmp_path / "a"):
            raise error
        assert caught.value is error
    with pytest.raises(BrokenPipeError), files.errors_named("standard output"):
        raise BrokenPipeError(errno.EPIPE, "gone")
