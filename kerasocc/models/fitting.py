"""`fit`: from the user's data to Keras's training loop."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc import distribution
from kerasocc.callbacks.base import StateCallback, arrange
from kerasocc.callbacks.progress import EpochBeginning, EpochCount, FiniteLoss, Validation
from kerasocc.checks import check_fraction, check_integer
from kerasocc.models.epoch_parts import PartsFeed
from kerasocc.models.feeding import make_feed
from kerasocc.models.labels import check_training_labels, warn_of_evaluation_labels
from kerasocc.models.meeting import claim
from kerasocc.models.sources import ArraySource, Source, as_source


class TrainingData(NamedTuple):
    """What a running `fit` trains on."""

    source: Source
    batch_size: int
    steps: int | None
    """Number of batches that one pass over the source is bounded by."""


class Fitting:
    """The training half of `OneClassModel`."""

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ) -> keras.callbacks.History:
        """Train; the arguments are those of `keras.Model.fit`, with few differences.

        Args:
            x: Array, tensor or `datasets.Rows` of shape `(samples, ...)`, a
                `tf.data.Dataset` or a `keras.utils.PyDataset`; training samples,
                (nearly) all normal.
            y: Semi-supervised labels, shape `(samples,)`: +1 labelled normal, -1
                labelled anomaly, 0 unlabelled. None means all unlabelled.
            batch_size: Samples per step, default 32; datasets keep their own.
            epochs: Epoch to stop before, counted from `initial_epoch` = 0.
            verbose: As in Keras.
            callbacks: State callbacks among them (`kerasocc.callbacks`) take the
                place of the default ones of their kind.
            validation_split: Fraction at the end of `x` that is held out,
                unlabelled: it gives `val_loss` alone.
            validation_data: `(x, y)` or `(x, y, sample_weight)` with 0 normal and
                1 anomaly adds `val_auc` and `val_average_precision` to `val_loss`.
            shuffle: Whether every epoch has a new order, drawn from the model's
                seed; a `tf.data.Dataset` shuffles itself.
            class_weight: Not supported; pass `sample_weight`.
            sample_weight: Factors of the samples' losses, shape `(samples,)`.
            initial_epoch: As in Keras.
            steps_per_epoch: With arrays any number: passes over the data follow
                each other, newly shuffled. Needed for endless datasets.
            validation_steps: Batches of an endless validation dataset.
            validation_batch_size: Samples per validation batch.
            validation_freq: As in Keras.

        Returns:
            The `History`.

        Raises:
            ValueError: For data that cannot be trained on, by name.
            CollapseError: If the training ended in hypersphere collapse.
            FloatingPointError: If the loss became NaN or infinite.
        """
        if not self.compiled:
            raise ValueError("Call `compile(optimizer=...)` before `fit`.")
        if class_weight is not None:
            raise ValueError(
                "`class_weight` is not supported, there are no classes to train on; pass "
                f"`sample_weight`. Received: class_weight={class_weight!r}"
            )
        source = as_source(x, y, sample_weight)
        if validation_split and validation_data is None:
            source, validation_data = _hold_out(source, validation_split)
        batch_size = 32 if batch_size is None else batch_size
        batch_size = check_integer("batch_size", batch_size, minimum=1)
        if steps_per_epoch is not None:
            check_integer("steps_per_epoch", steps_per_epoch, minimum=1)
        self.ensure_built(source)
        claim(self.variables)
        own_callbacks = keras.tree.flatten(callbacks) if callbacks else []
        # A dataset's labels are seen when they come.
        has_labels = not isinstance(source, ArraySource) or source.y is not None
        self._set_latent_labels(own_callbacks, has_labels)
        self._check_training_data(source, batch_size, steps_per_epoch)
        # Arrays are read once whatever the length of an epoch; a dataset may be endless.
        bound = None if isinstance(source, ArraySource) else steps_per_epoch
        self._training_data = TrainingData(source, batch_size, bound)
        try:
            self.build_optimizer()
            self.initialize()
            in_parts = self.loops_in_program()
            feed = make_feed(
                source,
                batch_size=batch_size,
                shuffle=bool(shuffle),
                seed=self._order_seed,
                steps=steps_per_epoch,
                sample_targets={**self.sample_targets(), **self._latent_targets()},
                replicas=distribution.num_replicas_of(self),
                in_parts=in_parts,
            )
            defaults = [FiniteLoss(), EpochCount(), *self.default_callbacks()]
            if validation_data is not None:
                evaluate = self._evaluation_of(
                    validation_data, validation_batch_size, validation_steps
                )
                defaults.append(Validation(evaluate, validation_freq))
            callbacks = arrange(defaults, own_callbacks, last=EpochBeginning(feed.begin_epoch))
            self._run_in_chunks(self._choose_chunk(feed.num_batches, callbacks, in_parts))
            self._feed = feed
            history = super().fit(
                feed.data,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                shuffle=False,
                initial_epoch=initial_epoch,
                steps_per_epoch=feed.steps,
            )
            for callback in callbacks:
                if isinstance(callback, StateCallback):
                    callback.finish()
        finally:
            self._training_data = None
            if isinstance(self._feed, PartsFeed):
                # Of no use for anything but this fit.
                self.train_function = None
            self._feed = None
        return history

    def make_train_function(self, force: bool = False) -> Any:
        """As in Keras; arrays in memory have a training function of our own."""
        if not isinstance(self._feed, PartsFeed):
            return super().make_train_function(force)
        feed = self._feed
        # Keras's trainer of JAX passes the state beside the data, which nothing reads.
        self.train_function = lambda *state_and_data: self._loop.run(
            *state_and_data[:-1], feed, self.steps_per_execution
        )
        return self.train_function

    def _forget_step(self) -> None:
        """Have the compiled training step made anew."""
        self.train_function = None
        self._loop.forget()

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Train on one batch; the arguments are those of `keras.Model.train_on_batch`."""
        if self.compiled and self.built:
            self.build_optimizer()
        # The samples of a single batch have no place in a training set.
        self._set_latent_labels([])
        return super().train_on_batch(*args, **kwargs)

    def _run_in_chunks(self, chunk: int) -> None:
        if chunk != self.steps_per_execution:
            # Keras reads the number when it makes the function, and keeps that.
            self.steps_per_execution = chunk
            self.train_function = None

    def over_training_data(self, method: str, *, mean: bool = False) -> np.ndarray:
        """Apply a method to the whole training set, in inference mode and stored order.

        Args:
            method: Name of a method from a tensor `(batch, ...)` to `(batch, ...)`.
            mean: Whether to return the mean over the samples.

        Raises:
            RuntimeError: Outside of `fit`.
        """
        data = self._running_training_data()
        # Arrays were looked at when the training began.
        seen: list | None = None if isinstance(data.source, ArraySource) else []
        result = self.map_source(method, data.source, steps=data.steps, seen=seen, mean=mean)
        labels = [label for label, _ in seen or () if label is not None]
        if labels:
            self._check_all_labels(np.concatenate(labels))
        return result

    def training_sample(self, size: int) -> np.ndarray:
        """Up to `size` training samples, evenly spaced in arrays, the first of datasets."""
        data = self._running_training_data()
        if isinstance(data.source, ArraySource):
            count = data.source.num_samples
            rows = np.linspace(0, count - 1, min(size, count)).astype(int)
            return data.source.read(rows)
        parts: list[np.ndarray] = []
        for x, _, _ in data.source.batches(data.batch_size, steps=data.steps):
            parts.append(x)
            if sum(map(len, parts)) >= size:
                break
        return np.concatenate(parts)[:size]

    def _running_training_data(self) -> TrainingData:
        if self._training_data is None:
            raise RuntimeError("There are training data only while `fit` runs.")
        return self._training_data

    def _check_training_data(self, source: Source, batch_size: int, steps: int | None) -> None:
        source.check_bounded(steps)
        self._check_positions(source, steps)
        if not isinstance(source, ArraySource):
            # The rest of a dataset is looked at when it is first read to its end.
            for _, label, _ in source.batches(batch_size, steps=1):
                if label is not None:
                    check_training_labels(label, uses_labels=self.uses_labels)
            return
        if source.num_samples < 2:
            raise ValueError(
                f"`x` must hold at least 2 samples to train on. Received: {source.num_samples}"
            )
        if source.holds_copies_of_one_sample():
            raise ValueError(
                "`x` must hold different samples. Received: "
                f"{source.num_samples} copies of one sample"
            )
        if source.y is not None:
            self._check_all_labels(source.y)
        if steps is None:
            distribution.check_batches(self, source.num_samples, batch_size)

    def _check_all_labels(self, labels: np.ndarray) -> None:
        check_training_labels(labels, uses_labels=self.uses_labels)
        warn_of_evaluation_labels(labels)

    def _evaluation_of(self, data: Any, batch_size: int | None, steps: int | None) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        source = as_source(x, y, sample_weight)
        return lambda: self.evaluate(
            source, batch_size=batch_size, steps=steps, verbose=0, return_dict=True
        )


def _hold_out(source: Source, fraction: float) -> tuple[Source, tuple[Any]]:
    """Split arrays into a first part to train on and a last, unlabelled one."""
    fraction = check_fraction("validation_split", fraction)
    if not isinstance(source, ArraySource):
        raise ValueError(
            "`validation_split` needs arrays; pass `validation_data` beside a dataset. "
            f"Received: validation_split={fraction}"
        )
    stop = int(source.num_samples * (1 - fraction))
    parts = (source.y, source.sample_weight)
    y, sample_weight = (None if part is None else part[:stop] for part in parts)
    return type(source)(source.x[:stop], y, sample_weight), (source.x[stop:],)
