"""The folders of `experiments` import each other one way, deferred imports included."""

import ast
from pathlib import Path

import pytest

from kerasocc import experiments

ROOT = Path(experiments.__file__).parent
LAYERS = ("settings", "methods", "config", "reports", "runs", "tables", "papers")
MODULES = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
PREFIX = "kerasocc.experiments."


def imported_layers(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (n.removeprefix(PREFIX).split(".")[0] for n in names if n.startswith(PREFIX))


def test_every_folder_is_a_layer():
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_layer_imports_lower_ones(path):
    own = LAYERS.index(path.relative_to(ROOT).parts[0])
    for layer in imported_layers(path):
        assert LAYERS.index(layer) <= own, f"{path} must not import {layer}"


@pytest.mark.parametrize("layer", ["settings", "methods", "config"])
def test_definitions_import_nothing_heavy_at_module_level(layer):
    for path in (ROOT / layer).rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in getattr(node, "names", [])]
            module = getattr(node, "module", None)
            for name in [module] if module else names:
                assert name.split(".")[0] not in {"keras", "numpy", "tensorflow"}, path
