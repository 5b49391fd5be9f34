"""Training many models at the same time, as one program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import keras

from kerasocc.engine.lockstep import LockstepBarrier
from kerasocc.engine.vmapped_steps import VmappedSteps


def train_together(trainings: Iterable[Callable[[], Any]]) -> list[Any]:
    """Call functions that train models; under JAX their epochs run in one program.

    A small network leaves most of a GPU idle. Here every function runs up to the point where
    it trains for an epoch, and the epochs of models with equal steps and batch shapes are
    computed at once (`jax.vmap`): models of one architecture, with samples of equal number;
    seeds and learning rates may differ, other hyperparameters are part of the step.
    Everything else (other models, scoring, callbacks) runs as it would alone. The results are
    those of training one after the other, up to the rounding of sums.

    Where the compiled program of `fit` holds no loop (other backends; convolutions on a CPU,
    which JAX slows down in a loop) the functions are called one after another.

    Args:
        trainings: Functions without arguments. Every model needs layers of its own, those of
            the preprocessing among them, and should be given its `seed`: what is drawn from
            global random numbers depends on which function runs first.

    Returns:
        What they returned, in their order.

    Raises:
        ValueError: If two of the functions train the same weights.
        Exception: That of the first function that raised one; where they run at once, after
            the others have ended.

    Example:
        ```python
        def auc_of(seed):
            model = kocc.DeepSVDD(kocc.networks.lenet("mnist", seed=seed), seed=seed)
            model.compile("adam")
            model.fit(x_train, batch_size=200, epochs=50, verbose=0)
            return roc_auc_score(y_test, model.score(x_test))

        aucs = kocc.train_together([functools.partial(auc_of, seed) for seed in range(10)])
        ```
    """
    trainings = list(trainings)
    for training in trainings:
        if not callable(training):
            raise ValueError(
                "`trainings` must be functions without arguments, `functools.partial(train, "
                f"seed)` for instance. Received: {training!r}"
            )
    if keras.backend.backend() != "jax" or keras.distribution.distribution() is not None:
        return [training() for training in trainings]
    if not trainings:
        return []
    barrier = LockstepBarrier(len(trainings), VmappedSteps())
    policy = keras.config.dtype_policy()

    def in_thread(training):
        # What Keras holds per thread.
        keras.config.set_dtype_policy(policy)
        return barrier.run_worker(training)

    with ThreadPoolExecutor(len(trainings)) as threads:
        results = [threads.submit(in_thread, training) for training in trainings]
        try:
            wait(results)
        except BaseException:
            barrier.stop()
            raise
    return [result.result() for result in results]
