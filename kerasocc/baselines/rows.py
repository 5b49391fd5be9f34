"""What classical detectors read of samples: rows of pixels, of codes, of principal components."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_number_or_share
from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.engine.adaptation import check_adapted
from kerasocc.engine.as_source import as_source
from kerasocc.engine.encoder_model import check_encoder
from kerasocc.engine.sources import Source
from kerasocc.engine.tables import as_array, names_in
from kerasocc.models.base import OneClassModel


class RowMaker:
    """Makes rows of numbers of samples: preprocessing, encoder, then principal components.

    Args:
        encoder: Keras model from preprocessed inputs `(batch, ...)` to codes, or a model of this
            package, whose `embed` gives them; None for the inputs.
        preprocessing: Adapted layer that raw inputs pass first, or None.
        components: How many principal components are kept, or if it is below 1 the share of the
            variance that they hold at least; None for the rows as they are.
        seed: Seed of the decomposition where it is randomized.

    Raises:
        ValueError: For arguments of other kinds, and a preprocessing beside a model of this
            package, which has its own.
    """

    def __init__(
        self,
        encoder: keras.Model | None,
        preprocessing: keras.layers.Layer | None,
        components: float | None,
        seed: int | None,
    ):
        if encoder is not None:
            check_encoder(encoder)
        if preprocessing is not None and not isinstance(preprocessing, keras.layers.Layer):
            raise ValueError(
                "`preprocessing` must be a Keras layer or None. Received: "
                f"preprocessing={preprocessing!r}"
            )
        if preprocessing is not None and isinstance(encoder, OneClassModel):
            raise ValueError(
                "`preprocessing` must be None with a model of this package as `encoder`, which "
                f"has its own. Received: preprocessing={preprocessing!r}"
            )
        if components is not None:
            components = check_number_or_share("components", components)
            components = components if components < 1 else int(components)
        self._encoder = encoder
        self._preprocessing = preprocessing
        self._components = components
        self._seed = seed
        self._names: tuple[str, ...] | None = None
        self._sample_shape: tuple[int, ...] | None = None
        self._analysis: Any = None

    def read(self, x: Any, y: Any = None) -> Source:
        """Samples and labels behind the interface of the models.

        Args:
            x: Array, data frame, dict of columns, sparse matrix or dataset of batches.
            y: Labels, shape `(samples,)`, or None.
        """
        if isinstance(self._encoder, OneClassModel):
            return self._encoder.source_of(x, y)
        layer = self._preprocessing
        features = layer if isinstance(layer, TableFeatures) else None
        dtype = getattr(layer, "sample_dtype", "float32")
        return as_source(as_array(x, self._names, features, dtype), y, dtype=dtype)

    def fit(self, x: Any, source: Source) -> np.ndarray:
        """Rows of the training samples, shape `(samples, d)`, float32; learns the components.

        Args:
            x: The samples as the user gave them, for the names of their columns.
            source: What `read` made of them.
        """
        self._names, self._sample_shape = names_in(x), source.input_shape()
        rows = self._codes(source)
        self._analysis = None
        if self._components is None:
            return rows
        if (rows == rows[0]).all():
            raise ValueError(
                "`x` must hold different samples to have principal components. Received: "
                f"{len(rows)} copies of one"
            )
        if self._components > min(rows.shape):
            raise ValueError(
                f"`components` must be at most {min(rows.shape)} for {rows.shape[0]} samples of "
                f"{rows.shape[1]} numbers. Received: components={self._components!r}"
            )
        from sklearn.decomposition import PCA

        self._analysis = PCA(self._components, random_state=self._seed)
        return self._analysis.fit_transform(rows).astype("float32")

    def rows_of(self, source: Source) -> np.ndarray:
        """Rows of new samples, shape `(samples, d)`, float32."""
        shape = source.input_shape()
        if shape != self._sample_shape:
            raise ValueError(
                f"`x` must hold samples of shape {self._sample_shape}, that of the training "
                f"samples. Received: samples of shape {shape}"
            )
        rows = self._codes(source)
        return rows if self._analysis is None else self._analysis.transform(rows).astype("float32")

    def _codes(self, source: Source) -> np.ndarray:
        if isinstance(self._encoder, OneClassModel):
            codes = self._encoder.embed(source)
        else:
            if self._preprocessing is not None:
                check_adapted(self._preprocessing)
            batches = source.batches(source.rows_at_once)
            codes = np.concatenate([self._codes_of_batch(x) for x, _, _ in batches])
        rows = codes.reshape(len(codes), -1).astype("float32")
        if not np.isfinite(rows).all():
            raise ValueError("`encoder` must give finite codes. Received: NaN or infinity")
        return rows

    def _codes_of_batch(self, x: np.ndarray) -> np.ndarray:
        if self._preprocessing is not None:
            x = self._preprocessing(x)
        if self._encoder is not None:
            x = self._encoder(keras.ops.cast(x, "float32"), training=False)
        return keras.ops.convert_to_numpy(x)
