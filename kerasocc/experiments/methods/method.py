"""What the definition of a method consists of.

The functions of a definition import Keras and the models when they are called: the command
line reads the definitions for its help and its checks, without Keras.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kerasocc.defaults.members import Member
from kerasocc.experiments.settings.setting import Rule

if TYPE_CHECKING:
    import keras

    from kerasocc.callbacks import StateCallback

NO_PRETRAINING: dict[str, Any] = {"pretrain_epochs": 0, "pretrain_drop_at": ()}
"""Settings of a run without an autoencoder before the method."""


class Choices(NamedTuple):
    """What the defaults of a method depend on.

    Attributes:
        chosen: Settings that the user or a protocol has chosen.
        data: Defaults of the data.
        data_kind: The entry of `config.data_defaults.DEFAULTS` that these are of.
        protocol: The published experiment that fixes part of the settings, or None.
    """

    chosen: Mapping[str, Any]
    data: Mapping[str, Any]
    data_kind: str
    protocol: str | None = None

    @property
    def is_own_table(self) -> bool:
        """Whether the data are a table, and the run repeats no published experiment."""
        return self.data_kind == "table" and self.protocol is None


class HeadPhase(NamedTuple):
    """A phase between pretraining and training in which the encoder is frozen.

    Attributes:
        settings: Those of the run that are different in the phase.
        epochs: Of the phase.
        learning_rate: Of the phase.
    """

    settings: Mapping[str, Any]
    epochs: int
    learning_rate: float


def no_callbacks(config: Any, backup: Path) -> list[StateCallback]:
    """The callbacks of a method whose default ones have no settings."""
    return []


def no_defaults(choices: Choices) -> dict[str, Any]:
    """The defaults of a method that takes those of the data."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Method:
    """The definition of a method: all that is particular to it in a run.

    `config` is the `TrainConfig` of the run: it has the settings of the method and those
    that all methods share.

    Attributes:
        name: On the command line and in files.
        title: In reports.
        settings: Dataclass of its own settings, with fields made by `setting`. Methods that
            share a setting inherit it from the same dataclass.
        build: From `(config, encoder, decoder, options)` to the model; `options` are the
            keyword arguments that all models have in common. None for an ensemble.
        callbacks: From `(config, backup)` to callbacks in place of the model's default ones;
            `backup` is the folder of what an interrupted run needs.
        defaults: From `Choices` to the defaults that differ from those of the data.
        pretrained: Whether an autoencoder can be trained before it.
        needs_decoder: Whether it is an autoencoder itself.
        keeps_files: Whether a callback keeps files that belong to the weights.
        encoder: From `(config, shape, samples)` to an encoder of its own, `samples` being the
            number of training samples; None for the networks that the settings choose.
        uses_own_encoder: From `config` to whether it has that encoder with these settings.
        head: From `config` to the phase in which the encoder is frozen, or None.
        check_shape: From `(config, shape)`; raises `ValueError` for samples that it cannot
            be trained on.
        rules: What settings that it shares with other methods must fulfil, by name.
        members: From `(config, shape, samples)` to the members of the ensemble that it trains in
            place of a model; None for a method with a model.
        chooses: Names of the settings that it chooses itself, which must be left out.
    """

    name: str
    title: str
    settings: type
    build: Callable[[Any, keras.Model, keras.Model | None, dict[str, Any]], Any] | None = None
    callbacks: Callable[[Any, Path], list[StateCallback]] = no_callbacks
    defaults: Callable[[Choices], dict[str, Any]] = no_defaults
    pretrained: bool = True
    needs_decoder: bool = False
    keeps_files: bool = False
    encoder: Callable[[Any, tuple[int, ...], int], keras.Model] | None = None
    uses_own_encoder: Callable[[Any], bool] = lambda config: True
    head: Callable[[Any], HeadPhase | None] = lambda config: None
    check_shape: Callable[[Any, tuple[int, ...]], None] = lambda config, shape: None
    rules: Mapping[str, Rule] = dataclasses.field(default_factory=dict)
    members: Callable[[Any, tuple[int, ...], int], list[Member]] | None = None
    chooses: frozenset[str] = frozenset()

    def has_own_encoder(self, config: Any) -> bool:
        """Whether a run has the encoder of the method, not a network that the settings choose."""
        return self.encoder is not None and self.uses_own_encoder(config)


def values_of(config: Any, *names: str) -> dict[str, Any]:
    """Some settings of a run, as keyword arguments."""
    return {name: getattr(config, name) for name in names}
