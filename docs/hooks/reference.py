"""Reference pages of the public names and of the command line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "callbacks": "Callbacks",
    "regularizers": "Regularizers",
    "networks": "Networks",
    "baselines": "Baselines",
    "explanations": "Explanations",
    "datasets": "Data sets",
    "estimators": "Estimators",
}
"""Packages with a page each, and its title."""
COMMON = (
    "compile fit train_on_batch score predict embed evaluate calibrate is_anomaly p_values select "
    "confidence explain reset save represent loss_of score_of anomaly_loss_of loss_difference_of "
    "initialize training_scores default_callbacks update_state"
).split()
"""What users of a model call, and then what a method of one's own defines."""


def on_files(files: Files, config: object) -> Files:
    """Add the pages."""
    homes = _homes(ROOT / "kerasocc" / "__init__.py")
    models = {n: h for n, h in homes.items() if h.startswith("kerasocc.models.")}
    listed_elsewhere = tuple(f"kerasocc.{package}." for package in PACKAGES)
    functions = {
        n: h for n, h in homes.items() if n not in models and not h.startswith(listed_elsewhere)
    }
    pages = {
        "models": _models(models),
        "functions": _page("Functions", "kerasocc", functions),
        "command_line": _command_line(),
    }
    for package, title in PACKAGES.items():
        file = ROOT / "kerasocc" / package / "__init__.py"
        if file.exists():
            pages[package] = _page(title, f"kerasocc.{package}", _homes(file))
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def _homes(file: Path) -> dict[str, str]:
    """Public names of a package, and the modules that define them; nothing is imported."""
    package = ".".join(file.parent.relative_to(ROOT).parts)
    homes: dict[str, str] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
            homes |= {alias.asname or alias.name: node.module for alias in node.names}
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            for name, home in ast.literal_eval(node.value).items():
                homes[name] = home if home.startswith("kerasocc.") else f"{package}.{home}"
    return dict(sorted(homes.items()))


def _models(homes: dict[str, str]) -> str:
    base = homes.pop("OneClassModel")
    inherited = _public_functions(f"{base}.OneClassModel")
    for file in (ROOT / "kerasocc" / "engine").glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                inherited |= _names(node)
    own = {n: sorted(_public_functions(f"{h}.{n}") - inherited) for n, h in homes.items()}
    entries = [_entry("kerasocc", name, home, members=own[name]) for name, home in homes.items()]
    common = _entry("kerasocc", "OneClassModel", base, members=COMMON, inherited=True)
    return "\n".join(["# Models\n", *entries, common])


def _public_functions(path: str) -> set[str]:
    module, _, name = path.rpartition(".")
    source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return {n for n in _names(node) if not n.startswith("_")}
    raise ValueError(f"No class {path}")


def _names(node: ast.ClassDef) -> set[str]:
    return {part.name for part in node.body if isinstance(part, ast.FunctionDef)}


def _page(title: str, package: str, homes: dict[str, str]) -> str:
    entries = [_entry(package, name, home) for name, home in homes.items()]
    return "\n".join([f"# {title}\n", *entries])


def _entry(
    package: str,
    name: str,
    home: str,
    members: list[str] | None = None,
    inherited: bool = False,
) -> str:
    lines = [f"::: {home}.{name}", "    options:", f"      heading: {package}.{name}"]
    lines += [f"      toc_label: {name}"]
    if members is not None:
        lines += [f"      members: {members or 'false'}"]
    if inherited:
        lines += ["      inherited_members: true"]
    return "\n".join(lines) + "\n"


def _command_line() -> str:
    listed = _python(
        "-c",
        "from kerasocc.cli import make_parser\n"
        "print(*next(action.choices for action in make_parser()._actions if action.choices))",
    )
    helps = [f"## {name}\n\n{_help(name)}" for name in listed.split()]
    return "\n".join(["# Command line\n", _help(), *helps])


def _help(*command: str) -> str:
    return f"```text\n{_python('-m', 'kerasocc', *command, '--help').rstrip()}\n```\n"


def _python(*arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout
