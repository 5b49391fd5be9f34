"""Loading of model files, with errors that say what is wrong."""

from __future__ import annotations

import os
import re
import zipfile
from typing import Any

import keras

from kerasocc.engine.scorer import Scorer

LONGEST = 500
"""How many characters of another library's error are quoted."""


def load_model(filepath: str | os.PathLike, **kwargs: Any) -> Any:
    """Load a model saved by this package, with an error that says what is wrong.

    `keras.saving.load_model` loads the same files.

    Args:
        filepath: A `.keras` file. Nothing in it is run as code unless `safe_mode=False` is passed.
        **kwargs: For `keras.saving.load_model`.

    Returns:
        The model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is incomplete, no Keras model, or the model of
            something else.
    """
    path = _checked_path(filepath)
    try:
        model = keras.saving.load_model(path, **kwargs)
    except MemoryError:
        raise
    except Exception as error:
        # Keras and h5py raise whatever a damaged part makes them stumble over.
        raise ValueError(
            "`filepath` must be a complete `.keras` file of a model that can be restored. "
            f"Received: {str(path)!r}, which cannot be read: {_reason(error)}"
        ) from error
    if not isinstance(model, Scorer):
        raise ValueError(
            "`filepath` must hold a one-class model of kerasocc. Received: "
            f"{str(path)!r}, which holds a {type(model).__name__}"
        )
    return model


def _checked_path(filepath: Any) -> str | os.PathLike:
    if not isinstance(filepath, (str, os.PathLike)):
        raise ValueError(
            f"`filepath` must be the path of a `.keras` file. Received: {type(filepath).__name__}"
        )
    if not os.path.exists(filepath):
        raise FileNotFoundError(f"There is no model file {str(filepath)!r}.")
    if str(filepath).endswith(".weights.h5"):
        raise ValueError(
            "`filepath` must be a complete `.keras` file. Received: "
            f"{str(filepath)!r}, which holds weights alone: make the model and call `load_weights`"
        )
    if not zipfile.is_zipfile(filepath):
        raise ValueError(
            "`filepath` must be a complete `.keras` file. Received: "
            f"{str(filepath)!r}, which is truncated or no Keras file at all"
        )
    return filepath


def _reason(error: Exception) -> str:
    """What is wrong with a file, in one line: Keras's errors hold whole configs."""
    text = " ".join(str(error).split())
    unknown = re.search(r"Could not locate (?:class|function) '([^']*)'", text)
    if unknown:
        return (
            f"it needs the class {unknown[1]!r}, which is not known; import the module that "
            "registers it (`keras.saving.register_keras_serializable`), or pass `custom_objects`"
        )
    if "Lambda" in text and "arbitrary code" in text:
        return (
            "it holds Python code (a `Lambda` layer), which is not run; `safe_mode=False` runs "
            "the code of a file that you trust"
        )
    if "could not be deserialized properly" in text:
        cause = re.search(r"Exception encountered: (.*)", text)
        text = f"its configuration does not fit: {cause[1] if cause else type(error).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
