"""Modules of the user's, from the working directory or installed."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType


def import_user_module(name: str, requirement: str, received: str) -> ModuleType:
    """Import a module of the user's.

    Args:
        name: Of the module.
        requirement: What the error says of the argument that names it.
        received: What the error says was received.

    Raises:
        ValueError: If it cannot be imported, whatever it raises.
    """
    if os.getcwd() not in sys.path:
        # As `python -m kerasocc` has it.
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"{requirement}. Received: {received}, {type(error).__name__}: {error}"
        ) from error
