"""The settings of a training run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from kerasocc.experiments.config.consistency import check, check_left_out
from kerasocc.experiments.config.defaults import settings_for
from kerasocc.experiments.config.schema import Schema, describe, make_schema
from kerasocc.experiments.methods import METHODS, Method
from kerasocc.experiments.settings.data import absolute, existing
from kerasocc.experiments.settings.kinds import check_name
from kerasocc.files import read_json, write_json


class Config:
    """What the settings of a run can do; `config_class` adds the settings as fields."""

    schema: ClassVar[Schema]
    """All settings, in groups."""

    def __post_init__(self):
        for name in self.schema.fields:
            value = getattr(self, name)
            if isinstance(value, list):
                # JSON has no tuples; what was read must equal what was written.
                object.__setattr__(self, name, tuple(value))
        check(self)

    @property
    def definition(self) -> Method:
        """The definition of its method."""
        return self.schema.methods[self.method]

    @property
    def network_name(self) -> str | None:
        """The network or the encoder that was chosen, None for that of the data."""
        return self.encoder or self.network

    @property
    def has_decoder(self) -> bool:
        """Whether the encoder has a decoder to be pretrained with."""
        return self.network_name is None

    @classmethod
    def for_dataset(
        cls, dataset: str = "digits", protocol: str | None = None, **settings: Any
    ) -> Self:
        """The defaults of a data set, or a protocol's, with some settings changed.

        Args:
            dataset: Name or path of the data.
            protocol: One of `PROTOCOLS`, which fixes part of the settings, or None.
            **settings: Fields of this class. Where a number of epochs is given
                without its drops, the default drops keep their proportion.

        Raises:
            ValueError: For a setting that is unknown, out of range or changed though
                the protocol fixes it.
            FileNotFoundError: If `dataset` is the path of a file that does not exist, or
                there is none of a part of the data.
        """
        dataset = absolute(check_name("dataset", dataset))
        cls._check_known("Settings", settings)
        for name in ("validation_data", "test_data"):
            if settings.get(name) is not None:
                settings[name] = existing(name, check_name(name, settings[name]))
        config = cls(**settings_for(dataset, protocol, settings, cls.schema.methods))
        others = {k: v for k, v in settings.items() if k not in config.definition.chooses}
        if len(others) < len(settings):
            usual = cls(**settings_for(dataset, protocol, others, cls.schema.methods))
            check_left_out(config, usual, sorted(set(settings) - set(others)))
        return config

    def write(self, path: str | os.PathLike) -> None:
        """Write as JSON; `read` returns an equal object."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike) -> Self:
        """Read what `write` has written.

        Settings may be missing that are newer than the file: those of methods other than the
        one of the file, and those that have an `older` value.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no JSON object, lacks settings, has unknown ones
                or such that are out of range.
        """
        content = read_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"{path} must hold a JSON object. Received: {type(content).__name__}")
        cls._check_known(str(path), content)
        content = {**cls.schema.added_to(content.get("method")), **cls.schema.updated(content)}
        missing = sorted(set(cls.schema.needed_by(content.get("method"))) - set(content))
        if missing:
            raise ValueError(f"{path} must hold all settings. Missing: {missing}")
        try:
            return cls(**content)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def _check_known(cls, where: str, settings: Mapping[str, Any]) -> None:
        known = list(cls.schema.fields)
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise ValueError(f"{where} must be among {known}. Received: unknown {unknown}")


def config_class(methods: Mapping[str, Method]) -> type:
    """The class of the settings of runs, for some methods.

    Args:
        methods: Definitions by name.

    Raises:
        ValueError: If two of them define a setting of one name, each for itself.
    """
    schema = make_schema(methods)
    # Fields of its own: those of the groups belong to these.
    fields = [
        (name, field.type, dataclasses.field(default=field.default, metadata=field.metadata))
        for name, field in schema.fields.items()
    ]
    doc = (
        "Everything that decides the outcome of a run, and nothing else.\n\n"
        "Args:\n    The settings below, by keyword. Those without a default depend on the data:\n"
        "    `for_dataset` gives them one.\n\n"
        "Raises:\n    ValueError: For a setting that is out of range, would be ignored, or lacks "
        f"another.\n{describe(schema)}\n"
    )
    return dataclasses.make_dataclass(
        "TrainConfig",
        fields,
        bases=(Config,),
        namespace={"__doc__": doc, "__module__": __name__, "schema": schema},
        frozen=True,
        kw_only=True,
    )


TrainConfig = config_class(METHODS)
