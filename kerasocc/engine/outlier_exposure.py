"""Outlier exposure: auxiliary outliers as a second stream, mixed into every batch of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasocc.checks import check_fraction
from kerasocc.engine.as_source import as_source
from kerasocc.engine.epoch_order import EpochOrder
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.sources import ArraySource, Source
from kerasocc.engine.tables import as_array
from kerasocc.engine.tensors import aligned


def exposed_source(
    model: TrainableModel,
    source: Source,
    options: Any,
    batch_size: int,
    names: Sequence[str] | None,
) -> ExposedSource | None:
    """The training samples with their auxiliary outliers, None without.

    Args:
        model: The model that is trained.
        source: The training samples.
        options: The `FitOptions`, which hold the outliers and their share of a batch.
        batch_size: Samples of a batch, the outliers among them.
        names: Names that the model is about to learn from `x`, or None.

    Raises:
        ValueError: If the model has no use for outliers, or they do not fit the samples.
    """
    outliers = options.outliers
    fraction = check_fraction("outlier_fraction", options.outlier_fraction)
    if outliers is None:
        return None
    if not model.uses_outliers:
        raise ValueError(
            "`outliers` must be None: they are for HypersphereClassifier, FCDD, DeepSAD, "
            "MultiHeadRotNet, GEO and the baselines SupervisedClassifier and SSDGM. "
            f"Received: outliers for {type(model).__name__}"
        )
    if not source.has_random_access:
        raise ValueError(
            "`x` must be an array, `Rows` or a table beside `outliers`, because every batch is "
            "drawn from both; a dataset gives its outliers the label -1 in `y`. Received: x of "
            f"type {type(source).__name__}"
        )
    found = _as_outliers(model, outliers, names or model.feature_names)
    if found.input_shape() != source.input_shape():
        raise ValueError(
            f"`outliers` must hold samples of shape {source.input_shape()}, that of `x`. Received: "
            f"samples of shape {found.input_shape()}"
        )
    if batch_size < 2:
        raise ValueError(
            "`batch_size` must be at least 2 with `outliers`, which share every batch with `x`. "
            f"Received: batch_size={batch_size}"
        )
    return ExposedSource(source, found, fraction)


def _as_outliers(model: TrainableModel, outliers: Any, names: Sequence[str] | None) -> ArraySource:
    try:
        columns = as_array(outliers, names, model.table_features, model.sample_dtype)
        found = as_source(columns, dtype=model.sample_dtype)
    except ValueError as error:
        raise ValueError(str(error).replace("`x`", "`outliers`")) from error
    if not found.has_random_access:
        raise ValueError(
            "`outliers` must be an array, `Rows` or a table. Received: "
            f"{type(outliers).__name__}; give a dataset's outliers the label -1 in its `y`"
        )
    return found


def check_has_anomalies(run: Any, steps: int | None) -> None:
    """Raise `ValueError` where the objective needs anomalies and there are none.

    Args:
        run: The `TrainingRun`. Latent labels that have some samples trained on as anomalies
            are enough.
        steps: `steps_per_epoch`.
    """
    model, rule = run.model, run.latent_rule
    has_latent_anomalies = rule is not None and rule.needs_anomaly_loss
    if not model.needs_anomalies or run.has_outliers or has_latent_anomalies:
        return
    if run.source.has_random_access:
        labels = [run.source.y]
    else:
        labels = (label for _, label, _ in run.source.batches(run.batch_size, steps))
    if any(label is not None and np.any(label < 0) for label in labels):
        return
    raise ValueError(
        f"`outliers` must be given to {type(model).__name__}, or `y` with labelled anomalies (-1): "
        "without them the objective is least where the network maps all samples to one point. "
        "Received: neither"
    )


class ExposedSource(ArraySource):
    """Training samples, followed by auxiliary outliers with the label -1.

    The outliers have the positions behind those of the samples, and the weight 1.

    Args:
        normal: The training samples.
        outliers: The outliers, of the same shape.
        fraction: Share of a batch that outliers make up.

    Attributes:
        normal: As given.
        outliers: As given.
    """

    # Both are where they are, in memory or on disk: a batch is read from the two.
    in_memory = False

    def __init__(self, normal: ArraySource, outliers: ArraySource, fraction: float):
        self.normal, self.outliers, self.fraction = normal, outliers, fraction
        self.dtype = normal.dtype
        count, more = normal.num_samples, outliers.num_samples
        self.num_samples = count + more
        # Bytes and numbers together are numbers.
        dtypes = {part.read(slice(0, 1)).dtype for part in (normal, outliers)}
        self._read_dtype = dtypes.pop() if len(dtypes) == 1 else self.dtype
        # Labels may come as unsigned bytes, which have no -1.
        labels = np.zeros(count) if normal.y is None else normal.y
        self.y = np.concatenate([labels.astype("float32"), np.full(more, -1, "float32")])
        weights = normal.sample_weight
        if weights is not None:
            self.sample_weight = np.concatenate([weights, np.ones(more, weights.dtype)])

    def samples_per_pass(self, batch_size: int) -> int:
        """How many samples and outliers a pass over the samples trains on."""
        return self.epoch_order(batch_size, False, 0, None).length

    def epoch_order(self, batch_size, shuffle, seed, steps):
        return ExposedOrder(self, batch_size, shuffle, seed, steps)

    def input_shape(self):
        return self.normal.input_shape()

    def read(self, rows):
        if isinstance(rows, slice):
            rows = np.arange(self.num_samples)[rows]
        first = self.normal.num_samples
        is_outlier = rows >= first
        parts = [
            (chosen, source.read(rows[chosen] - offset))
            for chosen, source, offset in (
                (~is_outlier, self.normal, 0),
                (is_outlier, self.outliers, first),
            )
            if chosen.any()
        ]
        found = aligned((len(rows), *self.input_shape()), self._read_dtype)
        for chosen, part in parts:
            found[chosen] = part
        return found


class ExposedOrder:
    """Positions of training samples and outliers, mixed in every batch.

    An epoch is a pass over the training samples, or `steps` batches. Of a batch of `batch_size`
    samples `fraction` are outliers, at least 1 and not all; of a shorter last one as large a
    share. Outliers stand evenly between the others, so that every replica gets its part of both.
    Every epoch draws outliers anew, as many passes over them as it takes. The orders depend on
    nothing but the seed and the number of epochs trained so far.

    Args:
        source: Samples and outliers.
        batch_size: Samples per batch, at least 2.
        shuffle: Whether every epoch has an order of its own.
        seed: Seed of the orders.
        steps: Batches per epoch, or None for one pass over the training samples.
    """

    def __init__(
        self, source: ExposedSource, batch_size: int, shuffle: bool, seed: int, steps: int | None
    ):
        self.batch_size = batch_size
        self._per_batch = min(max(round(batch_size * source.fraction), 1), batch_size - 1)
        self._first, self._count = source.normal.num_samples, source.outliers.num_samples
        self._seed, self._shuffle = seed, shuffle
        samples = batch_size - self._per_batch
        self._normal = EpochOrder(self._first, samples, shuffle, seed, steps)
        self.num_batches = self._normal.num_batches
        last = self._normal.length - (self.num_batches - 1) * samples
        last_outliers = max(round(last * self._per_batch / samples), 1)
        self._num_outliers = (self.num_batches - 1) * self._per_batch + last_outliers
        self.length = self._normal.length + self._num_outliers

    def draw(self, epochs_trained: int) -> np.ndarray:
        """Positions, shape `(length,)`, int32."""
        normal = self._normal.draw(epochs_trained)
        outliers = self._first + self._draw_outliers(epochs_trained)
        whole = self.num_batches - 1
        start, start_more = whole * self._normal.batch_size, whole * self._per_batch
        mixed = [
            _mixed(
                normal[:start].reshape(whole, self._normal.batch_size),
                outliers[:start_more].reshape(whole, self._per_batch),
            ),
            _mixed(normal[None, start:], outliers[None, start_more:]),
        ]
        return np.concatenate([batches.reshape(-1) for batches in mixed]).astype("int32")

    def _draw_outliers(self, epochs_trained: int) -> np.ndarray:
        """Numbers of the outliers of an epoch, a batch after the other."""
        needed = self._num_outliers
        passes = -(-needed // self._count)
        if not self._shuffle:
            # Each epoch goes on where the one before has ended.
            return (epochs_trained * needed + np.arange(needed)) % self._count
        # Another stream of random numbers than that of the samples.
        generator = np.random.default_rng([self._seed, epochs_trained, 1])
        drawn = [generator.permutation(self._count) for _ in range(passes)]
        return np.concatenate(drawn)[:needed]


def _mixed(samples: np.ndarray, outliers: np.ndarray) -> np.ndarray:
    """Batches of samples and of outliers, each of shape `(batches, size)`, evenly interleaved."""
    if not len(samples):
        return np.zeros((0, 0))
    places = [(np.arange(part.shape[1]) + 0.5) / part.shape[1] for part in (samples, outliers)]
    order = np.argsort(np.concatenate(places), kind="stable")
    return np.concatenate([samples, outliers], axis=1)[:, order]
