"""Model files that are complete or absent, and configs that rebuild a model."""

from __future__ import annotations

import os
import zipfile
from typing import Any

import keras

from kerasocc.files import complete_or_absent


class Saving:
    """The serialisation half of `OneClassModel`."""

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save as `keras.Model.save` does, but completely or not at all."""
        _write(super().save, filepath, overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save as `keras.Model.save_weights` does, but completely or not at all."""
        _write(super().save_weights, filepath, overwrite, **kwargs)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Load as `keras.Model.load_weights` does, the state of the optimizer included."""
        if self.compiled and self.built:
            self.build_optimizer()
        super().load_weights(filepath, **kwargs)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "preprocessing": serialize(self.preprocessing),
            "weight_decay": self.weight_decay,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        def restored(value):
            if isinstance(value, dict) and "class_name" in value:
                return keras.saving.deserialize_keras_object(value, custom_objects)
            return value

        return cls(**{name: restored(value) for name, value in config.items()})


def _write(write: Any, filepath: Any, overwrite: bool, **kwargs: Any) -> None:
    path = str(filepath)
    single_local_file = path.endswith((".keras", ".h5")) and "://" not in path
    if not single_local_file or (not overwrite and os.path.exists(path)):
        write(filepath, overwrite=overwrite, **kwargs)
        return
    with complete_or_absent(path) as temporary:
        write(temporary, **kwargs)


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
    if not isinstance(model, Saving):
        raise ValueError(
            "`filepath` must hold a one-class model of kerasocc. Received: "
            f"{str(filepath)!r}, which holds a {type(model).__name__}"
        )
    return model
