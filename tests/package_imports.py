"""Which modules of a package import which, read from the source without running it."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, set[str]]


def imports_of(path: Path, *, module_level: bool = False) -> Iterator[str]:
    """Yield the dotted names that a file imports; those under `TYPE_CHECKING` do not count.

    `from a import b` yields `a.b`, where `b` may be a module or a name in one.

    Args:
        path: The file.
        module_level: Whether to leave out imports inside functions.
    """
    for node in _executed(ast.parse(path.read_text(encoding="utf-8")), module_level):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno} must import by the absolute name.")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _executed(node: ast.AST, module_level: bool) -> Iterator[ast.AST]:
    """The nodes below `node` that run when the module does, or later unless `module_level`."""
    yield node
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = iter(node.orelse)
    elif module_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        children = iter(node.decorator_list)
    for child in children:
        yield from _executed(child, module_level)


def modules_of(package: Path) -> dict[str, Path]:
    """The files of a package by the dotted names of their modules."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(package: Path, *, packages: bool = False) -> dict[str, set[str]]:
    """For each module of a package the others of it that it imports, also inside functions.

    Args:
        package: The folder.
        packages: Whether the packages around an imported module count as imported too:
            importing `a.b.c` runs `a` and `a.b` first. Those that contain the importing
            module itself do not count, since they have begun to run before it.
    """
    modules = modules_of(package)
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for imported in imports_of(path):
            while imported not in modules and "." in imported:
                imported = imported.rpartition(".")[0]
            if imported in modules:
                around = _other_packages(imported, name) if packages else []
                graph[name] |= ({imported, *around} & modules.keys()) - {name}
    return graph


def _other_packages(imported: str, by: str) -> list[str]:
    """The packages around a module that are not also around the one that imports it."""
    parts = imported.split(".")
    around = [".".join(parts[:length]) for length in range(1, len(parts))]
    return [package for package in around if not f"{by}.".startswith(f"{package}.")]


def circles(graph: Graph) -> list[list[str]]:
    """A shortest circle in each set of modules that import each other.

    Returns:
        Lists of modules, each importing the next one and the last one the first.
    """
    reachable = {module: _reachable(graph, module) for module in graph}
    found, done = [], set()
    for module in sorted(graph):
        if module in reachable[module] and module not in done:
            found.append(_shortest_way(graph, module, module))
            done |= {other for other in reachable[module] if module in reachable[other]}
    return found


def _reachable(graph: Graph, start: str) -> set[str]:
    found, queue = set(), [start]
    while queue:
        new = graph[queue.pop()] - found
        found |= new
        queue += new
    return found


def _shortest_way(graph: Graph, start: str, end: str) -> list[str]:
    """The modules on a shortest way, without `end`, which must be reachable."""
    queue, visited = deque([[start]]), set()
    while True:
        way = queue.popleft()
        if end in graph[way[-1]]:
            return way
        queue += [[*way, module] for module in sorted(graph[way[-1]] - visited)]
        visited |= graph[way[-1]]
