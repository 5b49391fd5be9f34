"""The tree of the package with a line per file, as CONTRIBUTING.md shows it.

`python -m tests.package_tree` brings the file up to date; a test compares them.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
BLOCK = re.compile(r"(<!-- tree -->\n```text\n)(.*?)(```\n<!-- end of tree -->)", re.DOTALL)


def lines(folder: Path, depth: int = 0) -> list[str]:
    """A line per file, those of the folder before those of its folders."""
    indent = "  " * depth
    found = [_line(folder / "__init__.py", f"{indent}{folder.name}/")]
    files = sorted(p for p in folder.glob("*.py") if p.name != "__init__.py")
    found += [_line(path, f"{indent}  {path.stem}") for path in files]
    for inner in sorted(p.parent for p in folder.glob("*/__init__.py")):
        found += lines(inner, depth + 1)
    return found


def _line(path: Path, name: str) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    summary = re.split(r"\.\s", f"{docstring} ".split("\n\n")[0].replace("\n", " "))[0]
    return f"{name:<34} {summary.strip().removesuffix('.')}".rstrip()


def tree() -> str:
    """The text of the block."""
    return "\n".join(lines(ROOT / "kerasocc")) + "\n"


def shown() -> str:
    """What CONTRIBUTING.md shows."""
    return BLOCK.search(CONTRIBUTING.read_text(encoding="utf-8"))[2]


def main() -> None:
    """Bring CONTRIBUTING.md up to date."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    text = BLOCK.sub(lambda m: m[1] + tree() + m[3], text)
    CONTRIBUTING.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
