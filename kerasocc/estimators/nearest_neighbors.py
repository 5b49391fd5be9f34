"""Nearest neighbours as a scikit-learn detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from keras import Model

from kerasocc.estimators.detector import NONE, OneClassDetector
from kerasocc.estimators.networks import Network, own_network
from kerasocc.models.nearest_neighbors import NearestNeighbors
from kerasocc.networks.oriented_gradients import oriented_gradients


@dataclass(kw_only=True, eq=False, repr=False)
class NearestNeighborsDetector(OneClassDetector):
    """The mean distance to the `k` nearest training samples.

    There are no epochs. **The fitted detector and its files hold training samples.** With
    `contamination`, `predict` of a training sample counts it among its own neighbours, which
    `fit_predict` does not.

    Args:
        encoder: A Keras model, or a function from the shape of a sample to one, whose embeddings
            are compared; it is not trained. None for the samples themselves.
        k: Number of neighbours.
        max_samples: Most training samples to store, or with `subsets` the size of each; None for
            all, `"auto"` for 10,000, or `8 * k` with `subsets`.
        coreset: `"random"` or `"greedy"`: which of more samples are stored.
        standardize: Whether every dimension is divided by its standard deviation; None for yes
            if the samples are rows of a table, without `encoder` and `preprocessing`.
        components: Number of principal components that are compared, or if below 1 the share
            of the variance that they hold; None for all.
        subsets: Number of random subsets in each of which neighbours are sought, where anomalies
            among the training samples are alike: `subsets=100`, `k=1` (LeSiNN); None for one set.
        cells: Number of cells of `networks.oriented_gradients`, whose features of images are
            compared; None for the pixels, or for the embeddings of `encoder`.

    The other parameters are those of `OneClassDetector`.
    """

    encoder: Network | None = None
    k: int = 5
    max_samples: int | str | None = "auto"
    coreset: str = "random"
    standardize: bool | None = None
    components: float | None = None
    subsets: int | None = None
    cells: int | None = None

    # There are no losses that weights could be factors of.
    def fit(self, X: Any, y: Any = None) -> Self:
        """Store training samples and set the threshold.

        Args:
            X: Training samples, (nearly) all normal.
            y: Ignored.

        Returns:
            The detector.
        """
        return super().fit(X)

    def _usual_preprocessing(self, is_image: bool) -> str:
        if is_image and self.cells is not None:
            return "unit"
        return "contrast" if is_image and self.encoder is None else NONE

    def _fitted_model(
        self, x: np.ndarray, y: None, sample_weight: None, seed: int
    ) -> tuple[NearestNeighbors, dict[str, list[float]]]:
        encoder = self.encoder
        if encoder is not None:
            encoder = own_network("encoder", encoder, tuple(x.shape[1:]))
        if self.cells is not None:
            encoder = self._gradients(x)
        usual = x.ndim == 2 and encoder is None and self.preprocessing is None
        model = NearestNeighbors(
            encoder,
            k=self.k,
            max_samples=self.max_samples,
            coreset=self.coreset,
            standardize=usual if self.standardize is None else self.standardize,
            components=self.components,
            subsets=self.subsets,
            **self._model_options(x, seed),
        )
        history = model.fit(x, epochs=1, verbose=self.verbose)
        return model, {name: list(map(float, found)) for name, found in history.history.items()}

    def _gradients(self, x: np.ndarray) -> Model:
        if x.ndim != 4 or self.encoder is not None:
            reason = "without images" if x.ndim != 4 else "where an `encoder` is given"
            raise ValueError(f"`cells` must be None {reason}. Received: cells={self.cells!r}")
        return oriented_gradients(tuple(x.shape[1:]), cells=self.cells)
