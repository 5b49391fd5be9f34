"""The reader of imports, on packages made for the purpose."""

import pytest

from tests.package_imports import circles, import_graph, imports_of


@pytest.fixture
def package(tmp_path):
    """Writes the files of a package `p`, given by their paths in it."""

    def write(**sources):
        for name, source in {"__init__": "", **sources}.items():
            path = tmp_path / "p" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return tmp_path / "p"

    return write


def test_all_kinds_of_imports_are_read(package):
    folder = package(
        a="import x.y as z\n"
        "try:\n    from b import c, d\nexcept ImportError:\n    import e\n"
        "def f():\n    from g import h\n"
        "class I:\n    def j(self):\n        import k\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import l\nelse:\n    import m\n"
    )
    at_import = ["x.y", "b.c", "b.d", "e", "typing.TYPE_CHECKING", "m"]
    assert sorted(imports_of(folder / "a.py")) == sorted([*at_import, "g.h", "k"])
    assert list(imports_of(folder / "a.py", module_level=True)) == at_import


def test_relative_imports_are_refused(package):
    with pytest.raises(ValueError, match=r"a\.py:1 must import by the absolute name"):
        list(imports_of(package(a="from . import b") / "a.py"))


def test_names_and_modules_are_told_apart(package):
    folder = package(
        **{
            "a": "from p.b import c, name",
            "b/__init__": "from p.b.d import name",
            "b/c": "from p.b.d import name\nimport numpy",
            "b/d": "",
        }
    )
    assert import_graph(folder) == {
        "p": set(),
        "p.a": {"p.b", "p.b.c"},
        "p.b": {"p.b.d"},
        "p.b.c": {"p.b.d"},
        "p.b.d": set(),
    }


def test_the_package_around_a_module_is_imported_with_it(package):
    folder = package(
        **{"a": "import p.b.c", "b/__init__": "from p.b.d import x", "b/c": "", "b/d": "import p.a"}
    )
    assert circles(import_graph(folder)) == []
    assert circles(import_graph(folder, packages=True)) == [["p.a", "p.b", "p.b.d"]]


def test_circles_are_found_once_and_shortest():
    graph = {
        "a": {"b", "d"},
        "b": {"c"},
        "c": {"a", "d"},
        "d": {"a"},
        "e": {"a", "f"},
        "f": {"g"},
        "g": {"f"},
        "h": {"h", "e"},
    }
    assert circles(graph) == [["a", "d"], ["f", "g"], ["h"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_deferred_imports_close_a_circle(package):
    folder = package(a="def f():\n    import p.b", b="from p import a")
    assert circles(import_graph(folder)) == [["p.a", "p.b"]]
