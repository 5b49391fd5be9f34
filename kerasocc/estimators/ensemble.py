"""Ensembles as a scikit-learn detector."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from kerasocc.callbacks.collapse import CollapseError
from kerasocc.defaults.members import automatic_members
from kerasocc.estimators.contrastive import NeuTraLADDetector
from kerasocc.estimators.detector import OneClassDetector
from kerasocc.estimators.embedding_neighbors import fit_neighbors
from kerasocc.estimators.hypersphere import DeepSVDDDetector
from kerasocc.estimators.nearest_neighbors import NearestNeighborsDetector
from kerasocc.models.base import OneClassModel
from kerasocc.models.ensemble import Ensemble

BY_METHOD = {
    "nearest-neighbors": NearestNeighborsDetector,
    "deep-svdd": DeepSVDDDetector,
    "neutral-ad": NeuTraLADDetector,
}


@dataclass(kw_only=True, eq=False, repr=False)
class EnsembleDetector(OneClassDetector):
    """The mean of the standardized scores of several detectors, as one model.

    A member whose training ends in collapse is left out, with a warning. Thresholds of the
    members play no part. Members without labels are trained without the labelled anomalies.

    Args:
        detectors: Detectors of this package, which are cloned; None for the ensemble of
            `kerasocc train`, by the kind and the size of the data: nearest neighbours at several
            scalings of the columns, and Deep SVDD with the neighbours in its embedding; with a
            `contamination` above 0 neighbours in small random subsets, among which few of the
            hidden anomalies are. Those without a `random_state` get one from that of the ensemble.
        standardization: How the scores are brought to one scale, see `kerasocc.Ensemble`.
        preprocessing: None: every member has its own.

    The other parameters are those of `OneClassDetector`.

    Example:
        >>> from kerasocc.estimators import EnsembleDetector
        >>> detector = EnsembleDetector(random_state=0).fit(X_train)
        >>> detector.model_.disagreement(X_new)
    """

    detectors: Sequence[OneClassDetector] | None = None
    standardization: str = "log-median"

    @property
    def uses_labels(self) -> bool:
        """Whether a member uses labels."""
        return any(member.uses_labels for member in self.detectors or ())

    def _checked_labels(self, y: Any, samples: np.ndarray) -> np.ndarray | None:
        users = [member for member in self._checked_detectors() or () if member.uses_labels]
        return users[0]._checked_labels(y, samples) if users else None

    def _checked_detectors(self) -> list[OneClassDetector] | None:
        if self.detectors is None:
            return None
        found = list(self.detectors) if isinstance(self.detectors, Sequence) else []
        if not found or not all(isinstance(d, OneClassDetector) for d in found):
            raise ValueError(
                "`detectors` must hold detectors of `kerasocc.estimators`, one or more, or be "
                f"None. Received: detectors={self.detectors!r}"
            )
        return found

    def _planned(self, x: np.ndarray) -> list[tuple[OneClassDetector, Mapping[str, Any] | None]]:
        """The members, and arguments of the neighbours in the embedding of one, or None."""
        given = self._checked_detectors()
        if given is not None:
            return [(clone(detector), None) for detector in given]
        hidden = bool(self.contamination)
        planned = automatic_members(tuple(x.shape[1:]), len(x), contaminated=hidden)
        return [(BY_METHOD[m.method](**m.settings), m.neighbors) for m in planned]

    def _fitted_model(
        self, x: np.ndarray, y: np.ndarray | None, sample_weight: np.ndarray | None, seed: int
    ) -> tuple[Ensemble, dict[str, list[float]]]:
        if self.preprocessing is not None:
            raise ValueError(
                "`preprocessing` must be None: every one of the `detectors` has its own. "
                f"Received: preprocessing={self.preprocessing!r}"
            )
        normal = np.ones(len(x), bool) if y is None else y >= 0
        models: list[OneClassModel] = []
        history: dict[str, list[float]] = {}
        failure: Exception | None = None
        for number, (detector, search, own_seed) in enumerate(self._seeded(x, seed)):
            rows = np.ones(len(x), bool) if detector.uses_labels else normal
            labels = y[rows] if detector.uses_labels and y is not None else None
            weights = None if sample_weight is None else sample_weight[rows]
            try:
                model, found = detector._fitted_model(x[rows], labels, weights, own_seed)
            except (CollapseError, FloatingPointError) as error:
                failure = error
                name = type(detector).__name__
                warnings.warn(f"Member {number}, {name}, is left out: {error}", stacklevel=4)
                continue
            models.append(model)
            history |= {f"member_{number}_{name}": values for name, values in found.items()}
            if search is not None:
                models.append(fit_neighbors(model, x[normal], seed=own_seed, search=search))
        if not models:
            raise failure
        ensemble = Ensemble(models, standardization=self.standardization)
        ensemble.standardize(x[normal], trained_on=True)
        return ensemble, history

    def _seeded(
        self, x: np.ndarray, seed: int
    ) -> Iterator[tuple[OneClassDetector, Mapping[str, Any] | None, int]]:
        generator = np.random.default_rng(seed)
        for detector, search in self._planned(x):
            detector.set_params(verbose=self.verbose)
            drawn = int(generator.integers(2**31 - 1))
            given = detector.random_state
            own = drawn if given is None else int(np.random.RandomState(given).randint(2**31 - 1))
            yield detector, search, own
