"""The training of an ensemble: every member as a run of its method, then their scales."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import kerasocc
from kerasocc.callbacks import CollapseError
from kerasocc.datasets import OneClassDataset
from kerasocc.defaults.members import Member
from kerasocc.estimators.embedding_neighbors import fit_neighbors
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.model_training import train_model
from kerasocc.experiments.runs.phases import History
from kerasocc.experiments.runs.workers import ALONE, Workers
from kerasocc.experiments.settings.data import DataSettings
from kerasocc.models.base import OneClassModel

_SEEDS_PER_RUN = 1000
"""So that two runs with seeds beside one another have no member in common."""


class TrainedMember(NamedTuple):
    """A member of a trained ensemble.

    Attributes:
        title: In reports.
        kind: What its method is called.
        model: Trained.
        seconds: Of its training.
    """

    title: str
    kind: str
    model: OneClassModel
    seconds: float


class TrainedEnsemble(NamedTuple):
    """What the training of an ensemble has brought.

    Attributes:
        histories: Values per epoch of the members that have several epochs, by title.
        model: The ensemble, its scales set by the training samples.
        members: The trained ones, in the order of the ensemble.
        left_out: Titles of the others, and why.
    """

    histories: dict[str, History]
    model: kerasocc.Ensemble
    members: list[TrainedMember]
    left_out: dict[str, str]

    # An ensemble infers no labels.
    latent = None

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of the training of all members."""
        return {"training": sum(member.seconds for member in self.members)}


def train_ensemble(
    config: TrainConfig,
    backup: Path,
    data: OneClassDataset,
    *,
    progress: bool = False,
    workers: Workers = ALONE,
    log_dir: Path | None = None,
) -> TrainedEnsemble:
    """Train the members of a run one after the other, and join them.

    A member that fails to train is left out, as are those for which there is no time.

    Args:
        config: The settings; its method has members.
        backup: Folder of what an interrupted run needs; it exists.
        data: What `load_data` returned.
        progress: Whether to draw bars.
        workers: What trains it.
        log_dir: Folder for TensorBoard, None for none.

    Raises:
        CollapseError: If every member has collapsed.
        FloatingPointError: If the loss of every member became NaN or infinite.
    """
    joined = _Members(config, backup, data, progress, workers, log_dir)
    samples, *shape = data.x_train.shape
    planned = config.definition.members(config, tuple(shape), samples)
    for number, member in enumerate(planned):
        title = _title(planned, number, config)
        joined.add(member, title, number, f"{number + 1}/{len(planned)} {title}")
    if not joined.members:
        raise joined.failure
    model = kerasocc.Ensemble([member.model for member in joined.members])
    model.standardize(data.x_train, trained_on=True)
    return TrainedEnsemble(joined.histories, model, joined.members, joined.left_out)


class _Members:
    """The members so far."""

    def __init__(
        self,
        config: TrainConfig,
        backup: Path,
        data: OneClassDataset,
        progress: bool,
        workers: Workers,
        log_dir: Path | None,
    ):
        self.members: list[TrainedMember] = []
        self.histories: dict[str, History] = {}
        self.left_out: dict[str, str] = {}
        self.failure: Exception | None = None
        self._config, self._backup, self._data, self._progress = config, backup, data, progress
        self._workers, self._log_dir = workers, log_dir

    def add(self, member: Member, title: str, number: int, bar: str) -> None:
        """Train a member, unless there is no time left or it fails."""
        budget = self._config.time_budget
        seconds = sum(member.seconds for member in self.members)
        # Others would measure another time, and wait for ever for one that has stopped.
        if self._workers.tell(lambda: bool(self.members) and seconds > budget):
            self.left_out[title] = f"the {budget:g} seconds of `time_budget` were over"
            return
        folder = self._backup / f"member-{number}"
        folder.mkdir(exist_ok=True)
        own = _config_of(member, self._config, number)
        name = own.preprocessing
        data = self._data if name is None else self._data.with_preprocessing(name)
        begun = time.monotonic()
        shown = dict(progress=self._progress, title=bar, log_dir=self._log_dir_of(title))
        try:
            trained = train_model(own, folder, data, **shown)
        except (CollapseError, FloatingPointError) as error:
            self.left_out[title], self.failure = str(error), error
            return
        # Of a member that an earlier process has trained, the epochs tell.
        seconds = max(time.monotonic() - begun, sum(trained.seconds.values()))
        self.members.append(TrainedMember(title, own.definition.title, trained.model, seconds))
        for phase, history in trained.histories.items():
            if len(history["seconds"]) > 1:
                name = title if phase == "training" else f"{title}, {phase}"
                self.histories[name] = history
        if member.neighbors is not None:
            self.members.append(self._neighbors_in(self.members[-1], member.neighbors))

    def _log_dir_of(self, title: str) -> Path | None:
        return self._log_dir and self._log_dir / re.sub(r"\W+", "-", title.lower())

    def _neighbors_in(self, member: TrainedMember, search: Mapping[str, Any]) -> TrainedMember:
        """Nearest neighbours in the embedding of a member."""
        begun = time.monotonic()
        x, seed = self._data.x_train, self._config.seed
        model = fit_neighbors(member.model, x, seed=seed, search=search)
        title, kind = (f"Neighbours in {name}" for name in (member.title, member.kind))
        return TrainedMember(title, kind, model, time.monotonic() - begun)


def _title(planned: list[Member], number: int, config: TrainConfig) -> str:
    """What a member is called in reports: its method, and what tells it from the others."""
    member = planned[number]
    title = config.schema.methods[member.method].title
    preprocessing, cells = (member.settings.get(name) for name in ("preprocessing", "cells"))
    compared = preprocessing if cells is None else f"edges, {cells} cells a side"
    name = title if compared is None else f"{title}, {compared}"
    alike = [i for i, other in enumerate(planned) if other == member]
    return name if len(alike) == 1 else f"{name} {alike.index(number) + 1}"


def _config_of(member: Member, config: TrainConfig, number: int) -> TrainConfig:
    """The settings of a member: those of the data from the run, else those of its method."""
    shared = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(DataSettings)
        if field.name not in config.definition.chooses
    }
    own = {"method": member.method, "seed": _SEEDS_PER_RUN * config.seed + number}
    return type(config).for_dataset(**{**shared, **own, **member.settings})
