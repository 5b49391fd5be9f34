"""A folder that TensorFlow Serving can watch: numbered versions of a model, and its settings."""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerasocc.checks import check_integer
from kerasocc.files import complete_folder_or_absent, errors_named, write_text
from kerasocc.serving.model_card import in_words
from kerasocc.serving.predict_messages import predict_request, rest_request, write_warmup

EXTRA = "assets.extra"
"""The folder inside a SavedModel that is reserved for what loaders of models do not read."""
WARMUP = "tf_serving_warmup_requests"

MODELS_CONFIG = """\
# Read by `tensorflow_model_server --model_config_file`. `base_path` is where the folder of the
# model is on the machine of the server. The newest version is served.
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""
BATCHING_CONFIG = """\
# Read by `tensorflow_model_server --enable_batching --batching_parameters_file`: requests that
# come within 2 ms are computed together, at most 64 samples, in one thread per core.
max_batch_size { value: 64 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 1000 }
allowed_batch_sizes: 1
allowed_batch_sizes: 8
allowed_batch_sizes: 32
allowed_batch_sizes: 64
"""


def check_version(version: Any) -> int | str | None:
    """Return `version` if it is None, `"next"` or a whole number from 1 on.

    Raises:
        ValueError: If it is anything else.
    """
    if version is None or version == "next":
        return version
    try:
        return check_integer("version", version, minimum=1)
    except ValueError as error:
        raise ValueError(str(error).replace("an integer", "'next', None or an integer")) from None


def newest_version(folder: Path) -> int:
    """The largest number of a version in a folder, 0 without any."""
    if not folder.is_dir():
        return 0
    return max((int(f.name) for f in folder.iterdir() if f.name.isdecimal()), default=0)


def write_next_version(folder: Path, write: Callable[[Path], None]) -> Path:
    """Write a new version, which a server sees when it is complete.

    Args:
        folder: The folder of the model; created if it is missing.
        write: Writes a version to a path that does not exist.

    Returns:
        The folder of the version, one above the newest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # No number, so that no server takes it for a version.
    temporary = folder / f".{uuid.uuid4().hex[:8]}-next"
    try:
        with errors_named(folder, temporary):
            write(temporary)
            while True:
                path = folder / str(newest_version(folder) + 1)
                try:
                    # Unlike `os.replace` after a look, it cannot replace a version that another
                    # process has written meanwhile.
                    os.rename(temporary, path)
                    return path
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_version(folder: Path, version: int, write: Callable[[Path], None]) -> Path:
    """Write, or replace, the version of a number; as `write_next_version`."""
    path = folder / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    with complete_folder_or_absent(path) as temporary:
        write(temporary)
    return path


def write_extras(
    folder: Path, name: str, card: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write what goes with a SavedModel: the card, sample requests, and those for warming up.

    Args:
        folder: The SavedModel.
        name: Name of the model on the server.
        card: The `model_card`.
        inputs: Arrays by signature and by input, a few samples.
    """
    extra = folder / EXTRA
    write_card(extra, card)
    messages = {s: predict_request(name, s, arrays) for s, arrays in inputs.items()}
    write_warmup(extra / WARMUP, messages.values())
    requests = extra / "requests"
    requests.mkdir()
    for signature, message in messages.items():
        (requests / f"{signature}.pb").write_bytes(message.SerializeToString())
        body = json.dumps(rest_request(signature, inputs[signature]))
        (requests / f"{signature}.json").write_text(body + "\n", encoding="utf-8")


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card for programs and for people to a folder, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "model_card.json", json.dumps(card, indent=2, default=str) + "\n")
    write_text(folder / "model_card.md", in_words(card))


def write_server_files(folder: Path) -> None:
    """Write the settings of the server beside the versions, unless they are there already."""
    texts = {
        "models.config": MODELS_CONFIG.format(name=folder.name),
        "batching.config": BATCHING_CONFIG,
    }
    for name, text in texts.items():
        if not (folder / name).exists():
            write_text(folder / name, text)
