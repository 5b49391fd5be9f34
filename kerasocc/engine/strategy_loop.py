"""The loop over the steps of an epoch over the replicas of a `tf.distribute` strategy.

Every process draws the same order of the samples and cuts from every batch what its replicas
hold, so that no pipeline distributes anything. The function that runs the steps gets the samples
of several steps at once, as that of a single replica does; see `tensorflow_loop`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasocc import distribution
from kerasocc.engine.batch_provider import BatchProvider
from kerasocc.engine.batches import as_batch
from kerasocc.engine.iterated_batches import IteratedProvider
from kerasocc.engine.replicas import Share, check_piece_sizes, share_of
from kerasocc.engine.segments import SegmentedProvider
from kerasocc.engine.strategy_contract import strategy_of, suited_reduction
from kerasocc.engine.tensors import any_batch_size, as_tensor, compiled_for
from kerasocc.engine.workers import check_same_batch


class StrategyLoop:
    """The training loop of a model that was created under a strategy.

    Args:
        model: The model.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._share = share_of(model)
        self._compiled: dict[tuple, Callable] = {}

    def invalidate(self) -> None:
        """Compile anew when the loop next runs: the step has changed."""
        self._compiled = {}

    def run(self, provider: BatchProvider, count: int) -> dict[str, Any]:
        """Take up to `count` steps of the current epoch of the provider.

        Returns:
            The metrics over all steps of the epoch.
        """
        run = self._run_iterated if isinstance(provider, IteratedProvider) else self._run_segments
        run(provider, count)
        return self._metrics()

    def run_batch(self, batch: tuple[Any, ...]) -> dict[str, Any]:
        """Take a step on one batch `(x, targets)` or `(x, targets, weight)`.

        Returns:
            The metrics over the steps since they were last reset.
        """
        self._step_on(batch)
        return self._metrics()

    def _step_on(self, batch: tuple[Any, ...]) -> None:
        x, targets, *weight = batch
        samples = {"x": x, **targets, **({"weight": weight[0]} if weight else {})}
        samples = {n: keras.ops.convert_to_tensor(v) for n, v in samples.items() if v is not None}
        size = int(samples["index"].shape[0])
        check_piece_sizes(size, self._share.replicas)
        self._function(samples, size, whole=True)(samples, size, 1)

    def _run_segments(self, provider: SegmentedProvider, count: int) -> None:
        stop = min(provider.next_step + count, provider.num_batches)
        while provider.next_step < stop:
            segment = provider.next_segment(stop - provider.next_step)
            samples = {name: as_tensor(a, own=True) for name, a in segment.samples.items()}
            function = self._function(samples, provider.batch_size, whole=self._share.is_all)
            function(samples, segment.size, segment.steps)

    def _run_iterated(self, provider: IteratedProvider, count: int) -> None:
        for _ in range(count):
            batch = provider.next_batch()
            if batch is None:
                return
            check_same_batch(self._model.training_run.workers, batch)
            self._step_on(batch)

    def _metrics(self) -> dict[str, Any]:
        with strategy_of(self._model).scope():
            return self._model.get_metrics_result()

    def _function(self, samples: dict[str, Any], batch_size: int, *, whole: bool) -> Callable:
        """The function of `(samples, size, steps)` for such samples, compiled if it is new.

        Args:
            samples: Tensors of the samples of some steps.
            batch_size: Samples of every batch but the last.
            whole: Whether the samples are those of all replicas, not of this process alone.
        """
        if self._model.run_eagerly:
            return self._loop(batch_size, whole, eager=True)
        key = (
            *((name, a.dtype, tuple(a.shape[1:])) for name, a in samples.items()),
            batch_size,
            whole,
        )
        if key not in self._compiled:
            self._compiled[key] = self._compile(samples, batch_size, whole)
        return self._compiled[key]

    def _compile(self, samples: dict[str, Any], batch_size: int, whole: bool) -> Callable:
        import tensorflow as tf

        signature = keras.tree.map_structure(any_batch_size, samples)
        scalar = tf.TensorSpec((), "int32")
        with strategy_of(self._model).scope(), suited_reduction(self._model):
            loop = self._loop(batch_size, whole, eager=False)
            compiled = compiled_for(loop, [signature, scalar, scalar])
        return lambda samples, size, steps: compiled(samples, tf.constant(size), tf.constant(steps))

    def _loop(self, batch_size: int, whole: bool, eager: bool) -> Callable:
        import tensorflow as tf

        strategy = strategy_of(self._model)

        def step(number, samples, size):
            rows = tf.minimum(batch_size, size - number * batch_size)
            train = self._replica_step(batch_size, whole)
            strategy.run(train, args=(samples, tf.cast(number, "int32"), rows))

        def in_graph(samples, size, steps):
            def body(number):
                step(number, samples, size)
                return (number + 1,)

            tf.while_loop(lambda number: number < steps, body, (0,), parallel_iterations=1)

        def one_by_one(samples, size, steps):
            with strategy.scope(), suited_reduction(self._model):
                for number in range(steps):
                    step(number, samples, size)

        return one_by_one if eager else in_graph

    def _replica_step(self, batch_size: int, whole: bool) -> Callable:
        """A step of one replica, of the samples, the number of the step and its batch's size."""
        import tensorflow as tf

        replicas = self._share.replicas

        def step(samples, number, size):
            mine = distribution.replica_number()
            start, stop = Share(mine, mine + 1, replicas).rows(size)
            before, per_step = 0, batch_size
            if not whole:
                before = self._share.rows(size)[0]
                first, behind = self._share.rows(batch_size)
                per_step = behind - first
            shift = number * per_step - before
            # Where the samples are: an accelerator gets its piece, not all of them.
            with tf.device("CPU:0"):
                rows = {n: values[start + shift : stop + shift] for n, values in samples.items()}
                batch = as_batch(rows, tf.zeros_like)
            piece = distribution.Piece(start, size, batch_size)
            with distribution.piece_of_batch(piece):
                self._model.train_step(batch)

        return step
