"""Imports point one way; the package imports nothing heavy before it must."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kerasocc

PACKAGE = Path(kerasocc.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each part may import of the package, besides itself.
FOUNDATION = {"checks", "files", "distribution", "datasets.storage", "datasets.catalog", "state"}
LOW_DATASETS = ("datasets.field_names", "datasets.storage", "datasets.catalog")
ALLOWED = {
    "checks": set(),
    "files": set(),
    "distribution": set(),
    "state": set(),
    "datasets.field_names": set(),
    "datasets.storage": set(),
    "datasets.catalog": {"datasets.field_names", "datasets.storage"},
    "losses": FOUNDATION,
    "networks": FOUNDATION,
    "callbacks": FOUNDATION | {"losses"},
    "datasets": {"checks", "files", "state", *LOW_DATASETS},
    "regularizers": FOUNDATION | {"losses", "callbacks"},
    "models": FOUNDATION | {"losses", "networks", "callbacks", "regularizers"},
    "pretraining": FOUNDATION | {"models", "networks"},
    "exporting": FOUNDATION | {"models"},
    "plots": FOUNDATION,
    "experiments": FOUNDATION
    | {"models", "pretraining", "networks", "callbacks", "regularizers", "datasets", "plots"},
    "cli": FOUNDATION | {"experiments", "exporting"},
}
MODELS = {
    "deep_svdd",
    "deep_sad",
    "oc_nn",
    "robust_autoencoder",
    "multi_head_rotnet",
    "neutral_ad",
    "icl",
    "autoencoder",
}


def imports(path, *, top_level=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(module):
    """The part of the package that a module belongs to; some of `datasets` lie below the rest."""
    if not module.startswith("kerasocc."):
        return None
    low = [name for name in LOW_DATASETS if _is(module, f"kerasocc.{name}")]
    return low[0] if low else module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    relative = path.relative_to(PACKAGE).with_suffix("").parts
    if relative[0] in ("__init__", "__main__"):
        return
    own = part(".".join(("kerasocc", *relative)))
    for module in imports(path):
        target = part(module)
        assert target is None or target in ALLOWED[own] | {own} or target == "__version__", (
            f"{own} must not import {module}"
        )


def test_models_do_not_import_each_other():
    for name in MODELS:
        for module in imports(PACKAGE / "models" / f"{name}.py"):
            assert not any(module.startswith(f"kerasocc.models.{m}") for m in MODELS), module


@pytest.mark.parametrize("folder", ["losses", "networks"])
def test_losses_and_networks_know_no_models(folder):
    for path in (PACKAGE / folder).glob("*.py"):
        for module in imports(path):
            assert part(module) not in {"models", "callbacks", "datasets"}


def test_tensorflow_is_imported_at_module_level_in_one_place():
    allowed = {PACKAGE / "distribution.py"}
    found = {p for p in MODULES if any(_is(m, "tensorflow") for m in imports(p, top_level=True))}
    assert found <= allowed


def test_no_private_keras():
    for path in MODULES:
        for module in imports(path):
            assert not _is(module, "keras.src"), f"{path} imports {module}"


def test_files_stay_readable():
    for path in MODULES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def _is(module, package):
    return module == package or module.startswith(f"{package}.")


def test_a_bare_import_loads_nothing_heavy():
    code = (
        "import sys, kerasocc; dir(kerasocc); "
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'numpy', 'sklearn', 'matplotlib'}; "
        "found = heavy & set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "package",
    ["callbacks", *(pytest.param(p, marks=pytest.mark.slow) for p in ("datasets", "networks"))],
)
def test_every_part_can_be_imported_first(package):
    command = [sys.executable, "-c", f"import kerasocc.{package}"]
    subprocess.run(command, check=True, timeout=120)


def test_public_names_exist():
    for name in kerasocc.__all__:
        assert getattr(kerasocc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'DeepSVD'"):
        kerasocc.DeepSVD  # noqa: B018


def test_everything_public_says_what_it_is():
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
