"""`Trainer`: Keras's `compile`, `fit` and training step for a one-class objective."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasocc.engine import fitting, objective
from kerasocc.engine.batches import as_targets
from kerasocc.engine.compiling import Compilable
from kerasocc.engine.jax_devices import mesh_of_model, on_devices, whole_batches
from kerasocc.engine.keras_contract import has_strategy, new_step
from kerasocc.engine.labels import weights_by_class
from kerasocc.engine.optimizer_steps import (
    jax_evaluation,
    jax_logs,
    jax_step,
    tensorflow_step,
    torch_step,
)
from kerasocc.engine.steps_per_execution import can_loop_in_program
from kerasocc.engine.strategy_contract import without_symbolic_build
from kerasocc.engine.structure import Structure
from kerasocc.engine.train_functions import TrainFunctions
from kerasocc.engine.training_run import TrainingRun


class Trainer(Compilable):
    """How a model is trained.

    Assumes the hooks of `models.base.OneClassModel`.

    Attributes:
        current_run: The running `fit`, None outside of one; see `training_run`.
        train_functions: The compiled training functions.
    """

    current_run: TrainingRun | None = None

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.train_functions = TrainFunctions(self)
        self._tested = Structure(self)

    @property
    def training_run(self) -> TrainingRun:
        """The running `fit`.

        Raises:
            RuntimeError: Outside of `fit`.
        """
        if self.current_run is None:
            raise RuntimeError("There are training data only while `fit` runs.")
        return self.current_run

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker]

    def invalidate_compiled(self) -> None:
        super().invalidate_compiled()
        self.train_functions.invalidate()

    def loops_in_program(self) -> bool:
        """Whether the loop over the steps is part of the compiled training function."""
        return can_loop_in_program(self)

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
        outliers=None,
        outlier_fraction=0.5,
    ) -> keras.callbacks.History:
        """Train; the arguments are those of `keras.Model.fit`, with few differences.

        Args:
            x: Array, tensor or `datasets.Rows` of shape `(samples, ...)`, a
                `tf.data.Dataset` or a `keras.utils.PyDataset`; a `DataLoader` of torch; or a
                generator, which is read once, to its end or for `steps_per_epoch` batches an
                epoch, and is then an array. Training samples, (nearly) all normal.
            y: Semi-supervised labels, shape `(samples,)`: +1 labelled normal, -1
                labelled anomaly, 0 unlabelled. None means all unlabelled.
            batch_size: Samples per step, default 32, or as many as the first batch of a
                generator has; datasets keep their own.
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
            class_weight: Factors of `sample_weight` by the labels +1, -1 and 0 in an array `y`.
            sample_weight: Factors of the samples' losses, shape `(samples,)`, not negative, not
                all 0. They weigh the center, the radius and `r` too, not the latent labels.
            initial_epoch: As in Keras.
            steps_per_epoch: With arrays any number: passes over the data follow
                each other, newly shuffled. Needed for endless datasets.
            validation_steps: Batches of an endless validation dataset.
            validation_batch_size: Samples per validation batch.
            validation_freq: As in Keras.
            outliers: Auxiliary outliers (outlier exposure), an array, `Rows` or a table like `x`:
                samples of anything but the normal class. They count as labelled anomalies.
            outlier_fraction: Their share of every batch, in (0, 1); an epoch is one pass over
                `x`, with outliers drawn anew from all of them.

        Returns:
            The `History`.

        Raises:
            ValueError: For data that cannot be trained on, by name.
            CollapseError: If the training ended in hypersphere collapse.
            FloatingPointError: If the loss became NaN or infinite.
        """
        options = fitting.FitOptions(
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            outliers=outliers,
            outlier_fraction=outlier_fraction,
        )
        return fitting.fit(self, x, y, sample_weight, options)

    def run_epochs(self, *args: Any, **options: Any) -> keras.callbacks.History:
        """The loop over the epochs of a `fit`, that of `keras.Model.fit`."""
        with whole_batches(), without_symbolic_build(self):
            return super().fit(*args, **options)

    def make_train_function(self, force: bool = False) -> Any:
        """As in Keras; arrays may have a training function of our own."""
        run = self.current_run
        if run is None and has_strategy(self):
            self.train_functions.use_given_batches()
        elif run is None or not run.provider.is_asked:
            with new_step(self, "train_step", self._shared):
                return super().make_train_function(force)
        else:
            self.train_functions.use_provider(run.provider)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """As in Keras, but anew after a change of the model's layers."""
        self.check_adapted()
        with new_step(self, "test_step", self._shared):
            return super().make_test_function(self._tested.has_changed() or force)

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict=False
    ) -> Any:
        """Train on one batch; the arguments are those of `keras.Model.train_on_batch`.

        Before any `fit`, `initialize_center` or `train_on_batch` the state that depends on the
        training data (center, radius, `r`) is taken from this batch. No callbacks run: radius
        and `r` then stay as they are, and nothing looks for collapse.
        """
        if self.current_run is not None:
            raise RuntimeError(
                f"`fit` of {self.name} is running; `train_on_batch` cannot be called in it."
            )
        self.check_adapted()
        sample_weight = weights_by_class(y, sample_weight, class_weight)
        # Keras would train on NaN.
        self.source_of(x, y.get("label") if isinstance(y, Mapping) else y, sample_weight)
        if self.compiled and self.needs_initialization and not self.is_fitted:
            fitting.initialize_from_batch(self, x, y, sample_weight)
        if self.compiled and self.built:
            self.build_optimizer()
            self.check_trained_weights()
        # The samples of a single batch have no position in a training set.
        self.train_functions.require(None)
        is_built = without_symbolic_build(self) if self.built else contextlib.nullcontext()
        with whole_batches(), is_built:
            return super().train_on_batch(x, y, sample_weight, None, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False) -> Any:
        """As in Keras."""
        with whole_batches():
            return super().test_on_batch(x, y, sample_weight, return_dict)

    def _shared(self, step: Callable) -> Callable:
        """A step of JAX whose devices share its batch, unless it runs operation by operation."""
        compiles = self.jit_compile and not self.run_eagerly
        return on_devices(step, mesh_of_model(self)) if compiles else step

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:
        """Share of this replica in the objective over the global batch.

        Args:
            x: Inputs, shape `(batch, ...)`.
            y: Targets as `loss_of` takes them.
            y_pred: What `represent` returned.
            sample_weight: Shape `(batch,)`, or None.
            training: Whether latent labels count, and to add weight decay and the layers'
                own losses.

        Returns:
            Scalar, float32.
        """
        return objective.share_of_objective(self, y_pred, y, sample_weight, training)

    def normal_losses(self, x: Any) -> Any:
        """`L_n` of inputs `(batch, ...)` without labels, in inference mode, shape `(batch,)`."""
        return self.loss_of(self.represent(x), as_targets(None, x))

    def loss_differences(self, x: Any) -> Any:
        """`L_n - L_a` of inputs without labels, in inference mode, shape `(batch,)`."""
        return self.loss_difference_of(self.represent(x), as_targets(None, x))

    def train_step(self, *args: Any) -> Any:
        backend = keras.backend.backend()
        if backend == "jax":
            state, data = args
            state = jax_step(self, state, lambda: self._batch_loss(data, training=True))
            return jax_logs(self, state[-1]), state
        step = tensorflow_step if backend == "tensorflow" else torch_step
        step(self, lambda: self._batch_loss(args[0], training=True))
        return self.get_metrics_result()

    def test_step(self, *args: Any) -> Any:
        def loss():
            return self._batch_loss(args[-1], training=False)

        if keras.backend.backend() == "jax":
            state = jax_evaluation(self, args[0], loss)
            return jax_logs(self, state[-1]), state
        loss()
        return self.get_metrics_result()

    def _batch_loss(self, data: Any, training: bool) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        targets = as_targets(y, x)
        if training and self.augmenter is not None:
            x = self.augmenter(x)
        representation = self.represent_batch(x, targets, training)
        loss = self.compute_loss(x, targets, representation, sample_weight, training)
        if training:
            # A model without use for weights may take the representation alone.
            self.update_state(representation, *([] if sample_weight is None else [sample_weight]))
        return loss
