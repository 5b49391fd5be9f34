"""Loading of model files, with errors that say what is wrong."""

from __future__ import annotations

import os
import zipfile
from typing import Any

import keras

from kerasocc.engine.scorer import Scorer


def load_model(filepath: str | os.PathLike, **kwargs: Any) -> Any:
    """Load a model saved by this package, with an error that says what is wrong.

    `keras.saving.load_model` loads the same files.

    Args:
        filepath: A `.keras` file.
        **kwargs: For `keras.saving.load_model`.

    Returns:
        The model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is incomplete, no Keras model, or the model of
            something else.
    """
    if not os.path.exists(filepath):
        raise FileNotFoundError(f"There is no model file {str(filepath)!r}.")
    if not zipfile.is_zipfile(filepath):
        raise ValueError(
            "`filepath` must be a complete `.keras` file. Received: "
            f"{str(filepath)!r}, which is truncated or no Keras file at all"
        )
    try:
        model = keras.saving.load_model(filepath, **kwargs)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ValueError(
            "`filepath` must be a complete `.keras` file. Received: "
            f"{str(filepath)!r}, which cannot be read: {error}"
        ) from error
    if not isinstance(model, Scorer):
        raise ValueError(
            "`filepath` must hold a one-class model of kerasocc. Received: "
            f"{str(filepath)!r}, which holds a {type(model).__name__}"
        )
    return model
