"""One export: what is written of a model, as a file or folder of its own or as a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasocc.files import complete_folder_or_absent, complete_or_absent
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble
from kerasocc.serving.formats import write_litert, write_onnx, write_saved_model
from kerasocc.serving.model_card import model_card
from kerasocc.serving.quantization import write_quantized
from kerasocc.serving.sample_inputs import inputs_of_samples
from kerasocc.serving.servable import (
    write_card,
    write_extras,
    write_next_version,
    write_server_files,
    write_version,
)

SAVED_MODEL = "tf_saved_model"
FILE_NAMES = {"onnx": "model.onnx", "litert": "model.tflite"}
FORMATS = (SAVED_MODEL, *FILE_NAMES)

Report = dict[str, Any] | None
"""How quantized scores differ from those of the model; None without."""


@dataclass(frozen=True)
class Export:
    """What is exported, all of it checked.

    Attributes:
        model: A fitted model.
        format: One of `FORMATS`.
        names: Names of the signatures.
        quantize: How the numbers are rounded, None for not at all.
        samples: Some samples, or None.
    """

    model: OneClassModel | Ensemble
    format: str
    names: list[str]
    quantize: str | None = None
    samples: Any = None

    @property
    def is_folder(self) -> bool:
        """Whether the export is a folder, a SavedModel."""
        return self.format == SAVED_MODEL

    def write(self, target: Path) -> Report:
        """Write the export to a path that may be replaced."""
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = complete_folder_or_absent if self.is_folder else complete_or_absent
        with whole(target) as temporary:
            return self._write(temporary)

    def write_version(
        self, folder: Path, version: int | str, card: Mapping[str, Any] | None
    ) -> tuple[Path, Report]:
        """Write the export as a version, with all that goes with it.

        Args:
            folder: The folder of all versions.
            version: Number, which may be replaced, or `"next"`.
            card: More for the model card.

        Returns:
            The folder of the version, and the report.
        """
        about = model_card(self.model, format=self.format, signatures=self.names, about=card)
        inputs = inputs_of_samples(self.model, self.names, self.samples)
        reports: list[Report] = []

        def write(target: Path) -> None:
            if self.is_folder:
                self._write(target)
                write_extras(target, folder.name, about, inputs)
                return
            target.mkdir()
            reports.append(self._write(target / FILE_NAMES[self.format]))
            quantization = {"quantization": reports[0]} if reports[0] else {}
            write_card(target, {**about, **quantization})

        if version == "next":
            written = write_next_version(folder, write)
        else:
            written = write_version(folder, version, write)
        if self.is_folder:
            write_server_files(folder)
        return written, reports[0] if reports else None

    def _write(self, target: Path) -> Report:
        if self.is_folder:
            write_saved_model(self.model, target, self.names)
            return None
        if self.quantize is not None:
            return write_quantized(self.model, target, self.format, self.quantize, self.samples)
        (write_onnx if self.format == "onnx" else write_litert)(self.model, target)
        return None
