"""Trainings of many models at the same time, as one program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import keras

from kerasocc.models.joint_steps import JointSteps
from kerasocc.models.meeting import Meeting


def train_together(trainings: Iterable[Callable[[], Any]]) -> list[Any]:
    """Call functions that train models; under JAX their epochs run in one program.

    A small network leaves most of a GPU idle. Here every function runs up to where it trains
    for an epoch, and the epochs of models that take the same steps, on batches of the same
    shapes, are computed at once (`jax.vmap`). The rest - other models, scoring, callbacks -
    runs as it would alone, and the results are those of training one after the other, up
    to the rounding of sums. Models of one architecture with different seeds, learning rates
    and samples of equal number are alike in this sense; other hyperparameters are part of
    the step.

    Where `fit` does not loop in the program (other backends; convolutions on a CPU, which JAX
    slows down there) the functions are called one after another.

    Args:
        trainings: Functions without arguments. Every model needs layers of its own, those of
            the preprocessing among them, and should be given its `seed`: what is drawn from
            global random numbers depends on whose turn it is.

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
    meeting = Meeting(len(trainings), JointSteps())
    policy = keras.config.dtype_policy()

    def in_thread(training):
        # What Keras holds per thread.
        keras.config.set_dtype_policy(policy)
        return meeting.take_part(training)

    with ThreadPoolExecutor(len(trainings)) as threads:
        results = [threads.submit(in_thread, training) for training in trainings]
        try:
            wait(results)
        except BaseException:
            meeting.stop()
            raise
    return [result.result() for result in results]
