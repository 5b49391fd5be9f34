"""Pages of files of the repository that are not in this folder."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {
    "MIGRATING.md": "migrating.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    **{
        f"benchmarks/measured/{file.name}": f"measured/{file.name}"
        for file in sorted((ROOT / "benchmarks" / "measured").glob("*.md"))
    },
}


@event_priority(100)  # before the plugin that makes pages of notebooks
def on_files(files: Files, config: object) -> Files:
    """Add the pages."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        folder = Path(name).parent
        # Links between pages are relative to the page.
        upwards = "../" * page.count("/")
        files.append(File.generated(config, page, content=_relinked(text, folder, upwards)))
    for notebook in sorted(ROOT.glob("notebooks/*.ipynb")):
        name = notebook.relative_to(ROOT).as_posix()
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: object, **_: object) -> str:
    """Have pages of this folder, and notebooks, link to those pages, not to the files."""
    if page.file.generated_by:
        return markdown
    if page.file.src_uri.startswith("notebooks/"):
        return _relinked(markdown, Path("notebooks"), "../")
    return _relinked(markdown, Path("docs"))


def _relinked(text: str, folder: Path, upwards: str = "") -> str:
    """A text whose relative links, seen from a folder of the repository, name pages.

    Links to files that are no page become their names: a site that is deployed alone has no files
    of the repository. `upwards` leads from the page to the top of the site.
    """

    def target(match: re.Match[str]) -> str:
        label, path, anchor = match.groups()
        file = (ROOT / folder / path).resolve()
        name = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else path
        if name == "README.md":
            return f"[{label}]({upwards}index.md)"
        if name in PAGES:
            return f"[{label}]({upwards}{PAGES[name]}{anchor or ''})"
        if name.startswith("docs/"):
            return f"[{label}]({upwards}{name.removeprefix('docs/')}{anchor or ''})"
        return label

    return re.sub(r"\[([^\]]*)\]\(((?!https?:)[^)#\s]+)(#[^)]*)?\)", target, text)
