"""`fit`: from the user's data to Keras's training loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_fraction, check_integer
from kerasocc.engine.batch_providers import make_batch_provider
from kerasocc.engine.devices import check_devices, check_same_training
from kerasocc.engine.fit_callbacks import (
    EpochCount,
    EpochOrdering,
    TerminateOnNonFiniteLoss,
    Validation,
    arrange,
)
from kerasocc.engine.fitted_data import note_fitted_data
from kerasocc.engine.iterables import first_batches
from kerasocc.engine.keras_contract import (
    has_strategy,
    set_steps_per_execution,
)
from kerasocc.engine.labels import check_training_labels, weights_by_class
from kerasocc.engine.latent_training import check_positions, latent_rule_of
from kerasocc.engine.lockstep import claim_ownership
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.outlier_exposure import check_has_anomalies, exposed_source
from kerasocc.engine.replicas import check_batch_size, check_strategy, share_of
from kerasocc.engine.restart import (
    Restart,
    agree_on_weights,
    lost_workers_named,
    of_this_process,
)
from kerasocc.engine.sources import Source
from kerasocc.engine.steps_per_execution import choose_steps_per_execution
from kerasocc.engine.tables import new_names
from kerasocc.engine.training_run import TrainingRun
from kerasocc.engine.workers import agree_on_seeds, check_same_samples


class FitOptions(NamedTuple):
    """The arguments of `fit` beside the data, as `Trainer.fit` describes them."""

    batch_size: int | None
    epochs: int
    verbose: Any
    callbacks: Any
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: Any
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: Any
    outliers: Any = None
    outlier_fraction: float = 0.5


def fit(
    model: TrainableModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    options: FitOptions,
) -> keras.callbacks.History:
    """Train a model.

    Args:
        model: A compiled model.
        x: Training samples, see `Trainer.fit`.
        y: Semi-supervised labels, or None.
        sample_weight: Factors of the losses, or None.
        options: The other arguments.
    """
    _check_options(model, options)
    steps = options.steps_per_epoch
    batches = None if steps is None else steps * (options.epochs - options.initial_epoch)
    sample_weight = weights_by_class(y, sample_weight, options.class_weight)
    source = model.source_of(first_batches(x, batches), y, sample_weight)
    validation_data = options.validation_data
    if options.validation_split and validation_data is None:
        source, validation_data = _hold_out(source, options.validation_split)
    batch_size = (source.batch_size or 32) if options.batch_size is None else options.batch_size
    check_integer("batch_size", batch_size, minimum=1)
    if options.steps_per_epoch is not None:
        check_integer("steps_per_epoch", options.steps_per_epoch, minimum=1)
    model.ensure_built(source)
    check_devices(model)
    claim_ownership(model.variables)
    if model.current_run is not None:
        raise RuntimeError(f"`fit` of {model.name} is running already; it cannot be called in it.")
    users = keras.tree.flatten(options.callbacks) if options.callbacks else []
    names = new_names(model, x)
    exposed = exposed_source(model, source, options, batch_size, names)
    rule = latent_rule_of(model, users, has_outliers=exposed is not None)
    run = TrainingRun(model, source, batch_size, options.steps_per_epoch, rule, exposed)
    _check_training_data(run, options.steps_per_epoch)
    if names is not None:
        model.feature_names = names
    evaluate = None if validation_data is None else _evaluation_of(model, validation_data, options)
    with _current(run), lost_workers_named(run.workers):
        model.build_optimizer()
        model.check_trained_weights()
        check_same_training(run, epochs=options.epochs, steps_per_epoch=options.steps_per_epoch)
        _agree(run)
        note_fitted_data(model, run)
        model.initialize()
        model.fitted.assign(1.0)
        in_segments = model.loops_in_program()
        run.provider = _make_provider(run, options, in_segments)
        callbacks = _arranged_callbacks(run, users, evaluate, options)
        steps = choose_steps_per_execution(model, run.provider.num_batches, callbacks, in_segments)
        # The fewest that any process chose, which may have callbacks that others lack.
        set_steps_per_execution(model, int(run.workers.gathered(steps).min()))
        callbacks = of_this_process(run.workers, callbacks)
        data, per_epoch = run.provider.counted_by(model)
        history = model.run_epochs(
            data,
            epochs=options.epochs,
            verbose=options.verbose,
            callbacks=callbacks,
            shuffle=False,
            initial_epoch=options.initial_epoch,
            steps_per_epoch=per_epoch,
        )
        for callback in callbacks:
            if isinstance(callback, StateCallback):
                callback.finish()
    return history


def _agree(run: TrainingRun) -> None:
    """Compare the samples of all processes, and give them the same weights and seeds."""
    check_same_samples(run.workers, run.drawn_from, run.batch_size)
    agree_on_seeds(run.workers, run.model, getattr(run.model, "regularizer", None))
    agree_on_weights(run.workers, run.model)


def _arranged_callbacks(
    run: TrainingRun,
    users: list[keras.callbacks.Callback],
    evaluate: Callable[[], dict[str, Any]] | None,
    options: FitOptions,
) -> list[keras.callbacks.Callback]:
    """All callbacks of a `fit`, in their order."""
    defaults = [TerminateOnNonFiniteLoss(), EpochCount(), *run.model.default_callbacks()]
    if evaluate is not None:
        defaults.append(Validation(evaluate, options.validation_freq))
    ordering = EpochOrdering(run.provider.begin_epoch)
    restart = Restart(run.workers, options.initial_epoch, users)
    return [*arrange(defaults, users, last=ordering), restart]


def initialize_from_batch(model: TrainableModel, x: Any, y: Any, sample_weight: Any) -> None:
    """Set the state that depends on training data from the first batch of `train_on_batch`."""
    source = model.source_of(x, y, sample_weight)
    model.ensure_built(source)
    run = TrainingRun(model, source, source.num_samples or 1, 1, None)
    with _current(run):
        model.initialize_from_batch()
        model.fitted.assign(1.0)


@contextlib.contextmanager
def _current(run: TrainingRun) -> Iterator[None]:
    """Make a run the one that its model refers to."""
    model = run.model
    model.train_functions.require(run.step_key)
    model.current_run = run
    try:
        yield
    finally:
        model.current_run = None
        if run.provider is not None and run.provider.is_asked:
            # Of no use for anything but this fit.
            model.train_functions.release_provider()


def _check_options(model: TrainableModel, options: FitOptions) -> None:
    if not model.compiled:
        raise ValueError("Call `compile(optimizer=...)` before `fit`.")
    check_strategy(model)
    check_integer("epochs", options.epochs, minimum=0)
    check_integer("initial_epoch", options.initial_epoch, minimum=0)
    callbacks = keras.tree.flatten(options.callbacks) if options.callbacks else []
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                "`callbacks` must hold instances of `keras.callbacks.Callback`. "
                f"Received: {callback!r}"
            )
        if isinstance(callback, StateCallback):
            callback.check_model(model)
    _check_backups(callbacks)


def _check_backups(callbacks: list[keras.callbacks.Callback]) -> None:
    """Refuse backups in mid-epoch.

    Keras restores the weights of such a backup and begins the epoch anew, with the samples that
    these weights have been trained on already.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.BackupAndRestore) and callback.save_freq != "epoch":
            raise ValueError(
                "`BackupAndRestore` must have save_freq='epoch': a training that is interrupted "
                "within an epoch begins that epoch anew, with weights that have seen part of it. "
                "For more frequent backups pass a smaller `steps_per_epoch` to `fit`: every "
                "epoch then takes so many steps of a new order of the samples. Received: "
                f"save_freq={callback.save_freq!r}"
            )


def _hold_out(source: Source, fraction: float) -> tuple[Source, tuple[Any]]:
    """Split arrays into a first part to train on and a last, unlabelled one."""
    fraction = check_fraction("validation_split", fraction)
    if not source.has_random_access:
        raise ValueError(
            "`validation_split` needs arrays; pass `validation_data` beside a dataset. "
            f"Received: validation_split={fraction}"
        )
    training, held_out = source.split_off_end(fraction)
    return training, (held_out,)


def _check_training_data(run: TrainingRun, steps: int | None) -> None:
    model, source = run.model, run.source
    model.check_training_source(source, steps)
    source.check_bounded(steps)
    if run.latent_rule is not None:
        check_positions(run.latent_rule, source, steps)
    if not source.has_random_access:
        # The rest of a dataset is looked at when it is first read to its end.
        for _, label, _ in source.batches(run.batch_size, steps=1):
            if label is not None:
                check_training_labels(label, uses_labels=model.uses_labels)
        check_has_anomalies(run, steps)
        return
    if source.num_samples < 2:
        raise ValueError(
            f"`x` must hold at least 2 samples to train on. Received: {source.num_samples}"
        )
    if source.holds_copies_of_one_sample():
        raise ValueError(
            f"`x` must hold different samples. Received: {source.num_samples} copies of one sample"
        )
    if source.y is not None:
        run.check_labels(source.y)
    check_has_anomalies(run, steps)
    if steps is None:
        check_batch_size(model, run.samples_per_pass, run.batch_size)


def _make_provider(run: TrainingRun, options: FitOptions, in_segments: bool) -> Any:
    return make_batch_provider(
        run.drawn_from,
        batch_size=run.batch_size,
        shuffle=bool(options.shuffle),
        seed=run.model.order_seed,
        steps=options.steps_per_epoch,
        sample_targets=run.sample_targets,
        in_segments=in_segments,
        share=share_of(run.model) if has_strategy(run.model) else None,
    )


def _evaluation_of(
    model: TrainableModel, data: Any, options: FitOptions
) -> Callable[[], dict[str, Any]]:
    if isinstance(data, (tuple, list)) and not 1 <= len(data) <= 3:
        raise ValueError(
            "`validation_data` must be `x`, `(x, y)` or `(x, y, sample_weight)`. Received: "
            f"{len(data)} parts"
        )
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    source = model.source_of(first_batches(x, options.validation_steps), y, sample_weight)
    return lambda: model.evaluate(
        source,
        batch_size=options.validation_batch_size,
        steps=options.validation_steps,
        verbose=0,
        return_dict=True,
    )
