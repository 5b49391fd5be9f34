"""Files of the user's that results depend on: by name in configurations, by path where read."""

from __future__ import annotations

from pathlib import Path

_PATHS: dict[str, str] = {}


def name_of(path: str) -> str:
    """The name of a file or folder, without suffix: configurations hold no paths of a machine."""
    name = Path(path).stem
    _PATHS[name] = path
    return name


def path_of(name: str) -> str:
    """What `name_of` was called with in this process, else the name itself."""
    return _PATHS.get(name, name)
