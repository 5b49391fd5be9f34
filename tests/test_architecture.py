"""Imports point one way; the package imports nothing heavy before it must."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kerasocc
from tests import package_tree
from tests.package_imports import circles, import_graph, imports_of, modules_of

PACKAGE = Path(kerasocc.__file__).parent
MODULES = modules_of(PACKAGE)
GRAPH = import_graph(PACKAGE)

FOUNDATION = {
    "checks",
    "files",
    "distribution",
    "state",
    "datasets/storage",
    "datasets/columns/",
    "datasets/catalog",
    "engine/keras_contract",
    "engine/keras_layers",
    "engine/strategy_contract",
}
READERS = FOUNDATION | {
    "datasets/dialect",
    "datasets/field_names",
    "datasets/pool",
    "datasets/sample_format",
}
SOURCES = READERS | {"datasets/readers/", "datasets/preprocessing"}
BELOW_ENGINE = FOUNDATION | {"losses", "networks", "callbacks", "regularizers", "explanations"}
ON_MODELS = BELOW_ENGINE | {"engine", "models", "datasets"}
BELOW_EXPERIMENTS = (ON_MODELS - {"losses"}) | {
    "defaults",
    "pretraining",
    "estimators",
    "serving",
    "baselines",
    "plots",
}
DEFINITIONS = {"experiments/settings/", "experiments/methods/", "experiments/config/"}

# What each layer may import of the package, besides itself. A layer is a file or a folder, one
# with a slash at its end a folder; a file belongs to the longest name that fits it. A name in
# a set allows the layers inside it too. Layers that do not exist yet are the target layout's.
LAYERS = {
    "checks": set(),
    "files": set(),
    "distribution": set(),
    "state": set(),
    "defaults": set(),
    "losses": FOUNDATION,
    "networks": FOUNDATION,
    "explanations": FOUNDATION,
    "callbacks": FOUNDATION | {"losses"},
    "regularizers": FOUNDATION | {"losses", "callbacks"},
    "datasets": FOUNDATION,
    "datasets/dialect": set(),
    "datasets/field_names": set(),
    "datasets/storage": set(),
    "datasets/columns/": {"datasets/storage"},
    "datasets/catalog": {"datasets/field_names", "datasets/storage"},
    "datasets/pool": {"datasets/storage"},
    "datasets/sample_format": {"files", "datasets/dialect"},
    "datasets/preprocessing": FOUNDATION,
    "datasets/readers/": READERS,
    "datasets/alterations": FOUNDATION,
    "datasets/protocols/": SOURCES | {"datasets/alterations"},
    "engine/keras_contract": set(),
    "engine/keras_layers": {"engine/keras_contract"},
    "engine/strategy_contract": {"engine/keras_contract"},
    # Of the data the engine reads sources; it does not know the protocols.
    "engine": BELOW_ENGINE | SOURCES,
    "models": BELOW_ENGINE | {"engine"},
    "pretraining": FOUNDATION | {"models", "networks"},
    "baselines": ON_MODELS,
    "estimators": ON_MODELS | {"defaults", "pretraining", "baselines"},
    "serving": ON_MODELS,
    "plots": FOUNDATION,
    "experiments": BELOW_EXPERIMENTS,
    "experiments/settings/": FOUNDATION | {"datasets/dialect"},
    "experiments/methods/": BELOW_EXPERIMENTS | {"experiments/settings/"},
    "experiments/config/": FOUNDATION
    | {"defaults", "experiments/settings/", "experiments/methods/"},
    "experiments/reports/": BELOW_EXPERIMENTS | DEFINITIONS,
    "experiments/runs/": BELOW_EXPERIMENTS | DEFINITIONS | {"experiments/reports/"},
    "experiments/tables/": FOUNDATION | {"callbacks", "plots", "experiments/reports/"},
    "experiments/papers/": BELOW_EXPERIMENTS | {"experiments"},
    "cli": FOUNDATION | {"experiments", "serving", "datasets/dialect", "datasets/readers/"},
}
# The names of the package itself are imported when they are used, which hides what is imported:
# only the top layers may use them.
USERS_OF_THE_PACKAGE = {"experiments", "cli", "estimators", "serving"}
# Circles of modules that are known: delete each when it is broken.
KNOWN_CIRCLES: set[frozenset[str]] = set()

# What several models share, and what one of them keeps in a file of its own.
SHARED_BY_MODELS = {"base", "hypersphere", "options", "reconstruction"}
PARTS_OF_MODELS = {
    "training_noise": "robust_autoencoder",
    "coreset": "nearest_neighbors",
    "neighbor_memory": "nearest_neighbors",
    "principal_components": "nearest_neighbors",
    "members": "ensemble",
    "score_scales": "ensemble",
}

CONTRACT = {"engine/keras_contract.py", "engine/strategy_contract.py", "engine/graphs.py"}
# What Keras and TensorFlow do not document, or may change without notice, and where else it may
# stand.
UNDOCUMENTED = {
    r"\bwrap_function\b": set(),
    r"\.prune\(": set(),
    r"\bfrom_dlpack\b": set(),
    # The base of all models overrides the method of Keras that makes and returns it.
    r"\b(make_)?train_function\b": {"engine/trainer.py", "engine/keras_layers.py"},
    r"\b_flatten_layers\b": {"engine/keras_layers.py"},
    r"\b_inbound_nodes\b": {"engine/keras_layers.py"},
    r"\b_is_default\b": {"engine/keras_layers.py"},
    r"\bdistribute_strategy\b": set(),
    r"\braw_ops\b": set(),
    r"\b_maybe_symbolic_build\b": set(),
    r"\b_make_function\b": set(),
    r"\b_tracker\b": set(),
    r"\b_untrack_variable\b": set(),
    r"\b_(non_)?trainable_variables\b": set(),
}


def relative(path):
    return path.relative_to(PACKAGE).as_posix()


def layer_of(path):
    """The layer of a file, or None if it belongs to none."""
    own = relative(path).removesuffix(".py")
    return max((n for n in LAYERS if _inside(own, n)), key=len, default=None)


def _inside(name, layer):
    return name.startswith(layer) if layer.endswith("/") else f"{name}/".startswith(f"{layer}/")


def may_import(source, target):
    """Whether a layer may import another one."""
    return any(_inside(target, name) for name in LAYERS[source] | {source})


def is_entry(path):
    return relative(path) in ("__init__.py", "__main__.py")


@pytest.mark.parametrize("module", GRAPH)
def test_imports_point_one_way(module):
    path = MODULES[module]
    if is_entry(path):
        return
    layer = layer_of(path)
    assert layer, f"{relative(path)} belongs to no layer: add one to LAYERS"
    if "kerasocc" in GRAPH[module]:
        assert any(_inside(layer, name) for name in USERS_OF_THE_PACKAGE), (
            f"{relative(path)} must import from the modules of kerasocc, not from kerasocc itself"
        )
    for target in sorted(GRAPH[module] - {"kerasocc"}):
        assert may_import(layer, layer_of(MODULES[target])), (
            f"{relative(path)} must not import {target}: {layer} is not above it"
        )


def test_layers_allow_layers():
    for layer, allowed in LAYERS.items():
        assert allowed <= LAYERS.keys(), f"{layer} allows {allowed - LAYERS.keys()}"


def test_the_rule_itself():
    assert may_import("models", "engine") and not may_import("engine", "models")
    assert may_import("engine", "datasets/readers/")
    assert may_import("datasets/protocols/", "datasets/readers/")
    assert not may_import("datasets/readers/", "datasets/protocols/")
    assert not may_import("datasets/readers/", "datasets")
    assert not any(may_import(layer, "cli") for layer in LAYERS if layer != "cli")
    assert layer_of(PACKAGE / "datasets" / "readers" / "images.py") == "datasets/readers/"
    assert layer_of(PACKAGE / "datasets" / "readers" / "__init__.py") == "datasets/readers/"
    assert layer_of(PACKAGE / "datasets" / "readers.py") == "datasets"
    assert layer_of(PACKAGE / "datasets" / "storage.py") == "datasets/storage"
    assert layer_of(PACKAGE / "datasets" / "__init__.py") == "datasets"
    assert layer_of(PACKAGE / "fileservers" / "a.py") is None


def test_no_modules_import_each_other():
    found = {frozenset(circle): circle for circle in circles(import_graph(PACKAGE, packages=True))}
    new = [" -> ".join([*c, c[0]]) for key, c in found.items() if key not in KNOWN_CIRCLES]
    assert not new, "Modules import each other:\n" + "\n".join(new)
    assert not KNOWN_CIRCLES - found.keys(), "These are broken: delete them from KNOWN_CIRCLES"


def models():
    """The modules that define one model each."""
    names = {path.stem for path in (PACKAGE / "models").glob("*.py")}
    return sorted(names - SHARED_BY_MODELS - PARTS_OF_MODELS.keys() - {"__init__"})


def test_models_do_not_import_each_other():
    assert {"deep_svdd", "oc_nn", "robust_autoencoder", "icl"} <= set(models())
    methods = {f"kerasocc.models.{name}" for name in models()}
    for name in [*models(), *SHARED_BY_MODELS, *PARTS_OF_MODELS]:
        module = f"kerasocc.models.{name}"
        found = GRAPH[module] & methods - {module}
        assert not found, f"{module} must not import {found}"


def test_a_part_of_a_model_is_imported_by_that_model_alone():
    for part, model in PARTS_OF_MODELS.items():
        users = {module for module in GRAPH if f"kerasocc.models.{part}" in GRAPH[module]}
        assert users == {f"kerasocc.models.{model}"}, f"{part} is imported by {users}"


def test_the_engine_knows_no_models():
    modules = [module for module in MODULES if module.startswith("kerasocc.engine.")]
    assert "kerasocc.engine.keras_contract" in modules
    for module in modules:
        found = {target for target in GRAPH[module] if target.startswith("kerasocc.models")}
        assert not found, f"{module} must not import {found}"


@pytest.mark.parametrize("folder", ["losses", "networks"])
def test_losses_and_networks_know_no_models(folder):
    modules = [module for module in MODULES if module.startswith(f"kerasocc.{folder}.")]
    assert modules
    for module in modules:
        layers = {layer_of(MODULES[target]) for target in GRAPH[module]} - FOUNDATION
        parts = {layer.split("/")[0] for layer in layers}
        assert not parts & {"models", "callbacks", "datasets", "engine"}, module


@pytest.mark.parametrize("pattern", UNDOCUMENTED)
def test_what_is_not_documented_stands_in_one_place(pattern):
    files = {relative(p) for p in MODULES.values() if re.search(pattern, p.read_text("utf-8"))}
    elsewhere = files - UNDOCUMENTED[pattern] - CONTRACT
    assert not elsewhere, f"{pattern} belongs in {CONTRACT}. Found in: {sorted(elsewhere)}"
    assert UNDOCUMENTED[pattern] <= files, "Delete from UNDOCUMENTED what has gone"


def test_tensorflow_is_imported_at_module_level_in_few_places():
    for path in MODULES.values():
        if relative(path) == "distribution.py" or relative(path).startswith("serving/"):
            continue
        for module in imports_of(path, module_level=True):
            assert not _is(module, "tensorflow"), f"{path} imports {module}"


def test_no_private_keras():
    for path in MODULES.values():
        for module in imports_of(path):
            assert not _is(module, "keras.src"), f"{path} imports {module}"


def _is(module, package):
    return module == package or module.startswith(f"{package}.")


def test_files_stay_readable():
    for path in MODULES.values():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_every_folder_is_a_package():
    # Without `__init__.py` a folder is left out when the package is installed.
    for path in MODULES.values():
        assert (path.parent / "__init__.py").exists(), path.parent


def test_everything_public_says_what_it_is():
    for path in MODULES.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path


def test_no_assertions_in_the_package():
    # `python -O` leaves them out; what they guard must be an error with a message.
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}"


def test_a_bare_import_loads_nothing_heavy():
    code = (
        "import sys, kerasocc; dir(kerasocc); "
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'numpy', 'sklearn', 'matplotlib'}; "
        "found = heavy & set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    "package",
    [p.parent.name for p in sorted(PACKAGE.glob("*/__init__.py")) if p.parent.name != "cli"],
)
def test_every_part_can_be_imported_first(package):
    command = [sys.executable, "-c", f"import kerasocc.{package}"]
    subprocess.run(command, check=True, timeout=120)


def test_public_names_exist():
    for name in kerasocc.__all__:
        assert getattr(kerasocc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'DeepSVD'"):
        kerasocc.DeepSVD  # noqa: B018


def test_contributing_lists_every_file():
    assert package_tree.shown() == package_tree.tree(), "Run `python -m tests.package_tree`"
