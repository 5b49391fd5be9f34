"""Keras models inside of pickled estimators: as the bytes of `.keras` files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras


class KerasFile(NamedTuple):
    """The bytes of a `.keras` file, in place of a model in a pickled state."""

    content: bytes

    @classmethod
    def of(cls, model: keras.Model) -> KerasFile:
        """The file of a model."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            model.save(path)
            return cls(path.read_bytes())

    def model(self) -> keras.Model:
        """The model of the file; nothing in it is run as code."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(self.content)
            return keras.saving.load_model(path)


def without_models(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state in which files stand for the models."""
    return {
        name: KerasFile.of(value) if isinstance(value, keras.Model) else value
        for name, value in state.items()
    }


def with_models(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state from which `without_models` has made another."""
    return {
        name: value.model() if isinstance(value, KerasFile) else value
        for name, value in state.items()
    }
