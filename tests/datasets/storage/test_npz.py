"""`.npz` files: headers, blocks, broken files."""

import numpy as np
import pytest

from kerasocc.datasets.storage.npz import NpzFile


@pytest.fixture
def path(tmp_path, random):
    arrays = dict(
        rows=random.normal(size=(10, 3)),
        columns=np.asfortranarray(random.normal(size=(10, 3))),
        labels=np.arange(10),
        texts=np.array([["a"], ["b"]]),
        empty=np.zeros((0, 3)),
    )
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def test_names_and_shapes_come_from_the_headers(path):
    with NpzFile(path) as file:
        assert file.names == ["rows", "columns", "labels", "texts", "empty"]
        assert [file.shape(name) for name in file.names] == [
            (10, 3),
            (10, 3),
            (10,),
            (2, 1),
            (0, 3),
        ]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("rows", [4, 4, 2]), ("columns", [10]), ("labels", [10]), ("texts", [2]), ("empty", [0])],
)
def test_blocks_make_up_the_array(path, name, sizes):
    with NpzFile(path) as file, np.load(path) as expected:
        blocks = list(file.blocks(name, 4))
        assert [len(block) for block in blocks] == sizes
        np.testing.assert_array_equal(np.concatenate(blocks), expected[name])
        np.testing.assert_array_equal(file.read(name), expected[name])


def test_errors_name_the_file(path, tmp_path):
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ValueError, match="no.npz' is no readable .npz file"):
        NpzFile(tmp_path / "no.npz")
    np.savez(tmp_path / "objects.npz", x=np.array([{}, 1]))
    with (
        NpzFile(tmp_path / "objects.npz") as file,
        pytest.raises(ValueError, match="objects.npz' is no readable .npz file"),
    ):
        list(file.blocks("x", 1))
    with pytest.raises(FileNotFoundError):
        NpzFile(tmp_path / "absent.npz")
