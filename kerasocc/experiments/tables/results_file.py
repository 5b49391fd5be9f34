"""`results.json`: every cell of a table that has a result, a line each, as it is kept in git."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kerasocc.files import read_json

RESULTS_FILE = "results.json"
ENVIRONMENT = "environment"
"""Of a result: the versions of the packages that it was made with; in the file the position of
these among its `environments`."""


def results_in(path: Path) -> list[dict[str, Any]]:
    """The entries of a `results.json`: `row`, `column`, `configuration` and `result` of each.

    Raises:
        ValueError: If it is not such a file.
    """
    content = read_json(path)
    entries = content.get("cells") if isinstance(content, dict) else None
    wanted = {"row", "column", "configuration", "result"}
    for entry in entries if isinstance(entries, list) else [None]:
        if not isinstance(entry, dict) or not wanted <= set(entry):
            raise ValueError(f"{path} must hold `cells`, each with {sorted(wanted)}.")
        if not has_status(entry["result"]):
            raise ValueError(f"{path} holds a result without `status`: {entry['result']!r}")
    environments = content.get("environments", [])
    for entry in entries:
        number = entry["result"].get(ENVIRONMENT)
        # Older files hold the environment itself.
        if isinstance(number, int):
            if not 0 <= number < len(environments):
                raise ValueError(f"{path} holds no environment {number}, which a result names.")
            entry["result"][ENVIRONMENT] = environments[number]
    return entries


def has_status(result: Any) -> bool:
    """Whether it is the result of a cell."""
    return isinstance(result, dict) and "status" in result


def results_text(about: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> str:
    """The text of a `results.json`, in which every environment stands once.

    Args:
        about: What stands before the cells.
        entries: As of `results_in`.
    """
    environments: list[Any] = []
    lines = []
    for entry in entries:
        result = dict(entry["result"])
        if ENVIRONMENT in result:
            if result[ENVIRONMENT] not in environments:
                environments.append(result[ENVIRONMENT])
            result[ENVIRONMENT] = environments.index(result[ENVIRONMENT])
        lines.append(json.dumps({**entry, "result": result}, sort_keys=True))
    head = json.dumps({**about, "environments": environments})
    cells = ",\n".join(lines)
    return f'{head[:-1]}, "cells": [\n{cells}\n]}}\n'
