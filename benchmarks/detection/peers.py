"""The detectors of other packages; all read columns of mean 0 and deviation 1."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Peer:
    """A detector of another package.

    Attributes:
        title: In reports.
        package: That it needs, as it is imported.
        distribution: Name of the package where it is installed from.
        make: From `(seed, columns, options)` to an object that is fitted by `fit(x)`.
        score: From the fitted object and samples to scores, larger for anomalies.
        options: Its settings that are not defaults of the package.
        seeds: Whether several seeds are worth their time: it is quick, and draws.
    """

    title: str
    package: str
    distribution: str
    make: Callable[[int, int, Mapping[str, Any]], Any]
    score: Callable[[Any, np.ndarray], np.ndarray]
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: bool = False

    def why_not(self) -> str | None:
        """Why it cannot be run here, None if it can."""
        if importlib.util.find_spec(self.package) is None:
            return f"the package {self.distribution!r} is not installed"
        return None

    def settings(self) -> dict[str, Any]:
        """All that its results depend on beside the seed."""
        version = importlib.metadata.version(self.distribution)
        return {**self.options, "version": f"{self.distribution} {version}"}


class PeerDetector:
    """A peer on the samples of a problem.

    Images are read as their principal components with 95 % of the variance, not scaled:
    pixels at the border, almost constant, would count for more than all others.

    Args:
        peer: What to fit.
        seed: Of the peer.
    """

    def __init__(self, peer: Peer, seed: int):
        self._peer = peer
        self._seed = seed
        self._prepare: Callable[[np.ndarray], np.ndarray] = lambda x: x

    def fit(self, x: np.ndarray) -> None:
        """Fit to normal samples of shape `(samples, ...)`."""
        self._prepare = standardizer(x) if x.ndim == 2 else _principal_components(x, self._seed)
        x = self._prepare(x)
        self._model = self._peer.make(self._seed, x.shape[1], self._peer.options)
        self._model.fit(x)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Scores of samples, shape `(samples,)`."""
        return np.asarray(self._peer.score(self._model, self._prepare(x)), "float64")

    def threshold(self, x: np.ndarray, rate: float) -> float:
        """The score that new normal samples exceed at a rate, from normal samples."""
        return conformal_threshold(self.score(x), rate)


def standardizer(x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that brings the columns of `x` to mean 0 and deviation 1, constant ones to 0."""
    x = x.astype("float64")
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    constant = np.ptp(x, axis=0) == 0
    scale = np.where(constant, 1.0, deviation)
    return lambda rows: (rows - mean) / scale


def _principal_components(x: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    from sklearn.decomposition import PCA

    top = 255.0 if x.dtype == np.uint8 else float(x.max())

    def flat(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1).astype("float64") / top

    components = PCA(0.95, random_state=seed).fit(flat(x))
    return lambda images: components.transform(flat(images))


def conformal_threshold(scores: np.ndarray, rate: float) -> float:
    """The smallest score that a new normal sample exceeds with a probability of at most `rate`.

    Of `n` scores the `k` largest may lie above it; a new one then does with probability
    `(k + 1) / (n + 1)`. Where `n` is too small for the rate it is the largest score.

    Args:
        scores: Of normal samples that were not fitted to, shape `(samples,)`.
        rate: In (0, 1).
    """
    # The addend keeps a product such as 0.05 * 20 from falling below its integer.
    above = max(int(np.floor(rate * (len(scores) + 1) + 1e-9)) - 1, 0)
    return float(np.sort(scores)[len(scores) - 1 - above])


def _isolation_forest(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=seed, **options)


def _one_class_svm(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from sklearn.svm import OneClassSVM

    return OneClassSVM(**options)


def _local_outlier_factor(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from sklearn.neighbors import LocalOutlierFactor

    return LocalOutlierFactor(novelty=True, **options)


def _nearest_neighbors(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(**options)


def _mean_distance(model: Any, x: np.ndarray) -> np.ndarray:
    count = min(model.n_neighbors, model.n_samples_fit_)
    return model.kneighbors(x, n_neighbors=count)[0].mean(axis=1)


def _minus_score_samples(model: Any, x: np.ndarray) -> np.ndarray:
    return -model.score_samples(x)


def _decision(model: Any, x: np.ndarray) -> np.ndarray:
    return model.decision_function(x)


def _ecod(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from pyod.models.ecod import ECOD

    return ECOD()


def _pyod_deep_svdd(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from pyod.models.deep_svdd import DeepSVDD

    return DeepSVDD(n_features=columns, random_state=seed, verbose=0)


def _pyod_autoencoder(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(random_state=seed, verbose=0)


def _deepod(name: str) -> Callable[[int, int, Mapping[str, Any]], Any]:
    def make(seed: int, columns: int, options: Mapping[str, Any]) -> Any:
        from deepod.models import tabular

        return getattr(tabular, name)(random_state=seed, verbose=0, **options)

    return make


_SKLEARN = ("sklearn", "scikit-learn")
_PYOD = ("pyod", "pyod")
_DEEPOD = ("deepod", "deepod")
_ON_CPU = {"device": "cpu"}
_RBF = {"kernel": "rbf", "gamma": "scale", "nu": 0.1}

PEERS = {
    "isolation-forest": Peer(
        "isolation forest", *_SKLEARN, _isolation_forest, _minus_score_samples, seeds=True
    ),
    "oc-svm": Peer("OC-SVM, RBF", *_SKLEARN, _one_class_svm, _minus_score_samples, _RBF),
    "oc-svm-linear": Peer(
        "OC-SVM, linear",
        *_SKLEARN,
        _one_class_svm,
        _minus_score_samples,
        {"kernel": "linear", "nu": 0.1},
    ),
    "neighbors": Peer(
        "5 nearest neighbors", *_SKLEARN, _nearest_neighbors, _mean_distance, {"n_neighbors": 5}
    ),
    "local-outlier-factor": Peer(
        "local outlier factor",
        *_SKLEARN,
        _local_outlier_factor,
        _minus_score_samples,
        {"n_neighbors": 20},
    ),
    "ecod": Peer("ECOD (PyOD)", *_PYOD, _ecod, _decision),
    "pyod-deep-svdd": Peer("Deep SVDD (PyOD)", *_PYOD, _pyod_deep_svdd, _decision, seeds=True),
    "pyod-autoencoder": Peer(
        "autoencoder (PyOD)", *_PYOD, _pyod_autoencoder, _decision, seeds=True
    ),
    "deepod-deep-svdd": Peer(
        "Deep SVDD (DeepOD)", *_DEEPOD, _deepod("DeepSVDD"), _decision, _ON_CPU
    ),
    "deepod-neutral": Peer("NeuTraL (DeepOD)", *_DEEPOD, _deepod("NeuTraL"), _decision, _ON_CPU),
    "deepod-icl": Peer("ICL (DeepOD)", *_DEEPOD, _deepod("ICL"), _decision, _ON_CPU),
}
"""By name. Those of PyOD and DeepOD have the defaults of their packages."""
