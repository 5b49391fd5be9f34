"""What names and paths stand for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets import catalog
from tests.datasets.class_examples import write_folder, write_npz


def test_reserved_names_never_stand_for_folders(tmp_path, monkeypatch):
    write_folder(tmp_path / "mnist")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    assert catalog.resolve("mnist").kind == catalog.IMAGE_SET
    assert catalog.resolve("./mnist").kind == catalog.FOLDER
    assert catalog.resolve(Path("mnist")).kind == catalog.FOLDER


def test_names_and_paths(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "images" / "signs")
    images = write_npz(tmp_path / "photos.npz")
    table = tmp_path / "4_hearts.npz"
    np.savez(table, X=np.zeros((5, 2)), y=np.zeros(5))
    (tmp_path / "t.csv").write_text("a,label\n1,0\n")
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    expected = {
        "digits": (catalog.DIGITS, "digits", None),
        "cifar10": (catalog.IMAGE_SET, "cifar10", None),
        "svhn_cropped": (catalog.IMAGE_SET, "svhn_cropped", None),
        "signs": (catalog.FOLDER, "signs", folder),
        folder: (catalog.FOLDER, "signs", folder),
        "hearts": (catalog.TABLE, "4_hearts", table),
        str(table): (catalog.TABLE, "4_hearts", table),
        "t": (catalog.TABLE, "t", tmp_path / "t.csv"),
        images: (catalog.IMAGE_FILE, "photos", images),
    }
    for source, (kind, name, path) in expected.items():
        resolved = catalog.resolve(source)
        assert resolved == catalog.DataSource(kind, name, path), source
        assert catalog.resolve(resolved) is resolved
    # A folder without images does not hide the file of its name.
    (tmp_path / "photos").mkdir()
    assert catalog.resolve("photos").kind == catalog.IMAGE_FILE
    monkeypatch.delenv("KERASOCC_DATA_DIR")
    assert catalog.resolve("hearts").kind == catalog.IMAGE_SET
    assert catalog.resolve("hearts", tmp_path).kind == catalog.TABLE


def test_a_table_may_have_a_reserved_name(tmp_path):
    np.savez(tmp_path / "24_mnist.npz", X=np.zeros((5, 2)), y=np.zeros(5))
    source = catalog.resolve_table("mnist", tmp_path)
    assert source == catalog.DataSource(catalog.TABLE, "24_mnist", tmp_path / "24_mnist.npz")
    assert catalog.resolve_table(source) is source


@pytest.mark.parametrize("resolve", [catalog.resolve, catalog.resolve_table])
def test_paths_of_tables_must_exist(resolve, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no table '.*absent.csv'"):
        resolve(tmp_path / "absent.csv")


def test_the_catalog_loads_nothing_heavy():
    code = (
        "import sys; from kerasocc.datasets.catalog import resolve; resolve('mnist'); "
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'numpy', 'sklearn', 'pandas', 'PIL'}; "
        "found = heavy & set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_public_names_are_functions_and_classes_not_modules():
    code = (
        "import kerasocc.datasets as d, kerasocc.datasets.loading, inspect\n"
        "assert not any(inspect.ismodule(getattr(d, name)) for name in d.__all__)\n"
        "assert set(dir(d)) == set(d.__all__)\n"
        "d.alterations.permute_blocks, d.preprocessing.min_max, d.catalog.resolve"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    with pytest.raises(AttributeError, match="no attribute 'one_vs_all'"):
        kocc.datasets.one_vs_all  # noqa: B018
