"""Worker threads in lockstep: one runs at a time, and their computations are done together."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any
from weakref import WeakValueDictionary

_barrier: contextvars.ContextVar[LockstepBarrier | None] = contextvars.ContextVar(
    "barrier", default=None
)


class LockstepBarrier:
    """Runs one worker at a time until all remaining ones have submitted a computation.

    Workers are as safe as in a single thread: none runs while another does.

    Args:
        workers: Their number; each calls `run_worker`.
        compute: From the submitted items, in any order, to the results in that order.
    """

    def __init__(self, workers: int, compute: Callable[[Sequence[Any]], Sequence[Any]]):
        self._workers = workers
        self._compute = compute
        self._turn = threading.Condition()
        self._submitted: list[tuple[Any, Future]] = []
        self._stopped = False
        self._weights: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._owners: dict[int, int] = {}

    def run_worker(self, worker: Callable[[], Any]) -> Any:
        """Call a worker, in the thread that is to be its own."""
        with self._turn:
            _barrier.set(self)
            try:
                return worker()
            finally:
                _barrier.set(None)
                self._workers -= 1
                self._compute_if_all_wait()

    def submit(self, item: Any) -> Any:
        """The result for an item of the running worker, once all others have submitted one.

        Raises:
            CancelledError: If the barrier has been stopped.
            Exception: What the computation raised.
        """
        result: Future = Future()
        self._submitted.append((item, result))
        self._compute_if_all_wait()
        self._turn.wait_for(result.done)
        return result.result()

    def claim_ownership(self, weights: Iterable[Any]) -> None:
        """Record that the running worker alone uses weights: Keras takes them away as it trains.

        Raises:
            ValueError: If another worker does.
        """
        worker = threading.get_ident()
        for weight in weights:
            key = id(weight)
            is_known = self._weights.get(key) is weight
            if is_known and self._owners[key] != worker:
                raise ValueError(
                    "`trainings` must not share weights; make layers (`preprocessing` too) for "
                    f"each of them. Received: {weight.path!r} in two"
                )
            self._weights[key], self._owners[key] = weight, worker

    def stop(self) -> None:
        """Have every worker end with `CancelledError` when it next submits."""
        self._stopped = True

    def _compute_if_all_wait(self) -> None:
        if not self._submitted or len(self._submitted) < self._workers:
            return
        items, results = zip(*self._submitted, strict=True)
        self._submitted = []
        try:
            if self._stopped:
                raise CancelledError("The other trainings were interrupted.")
            for result, value in zip(results, self._compute(items), strict=True):
                result.set_result(value)
        except BaseException as error:
            for result in results:
                result.set_exception(error)
        self._turn.notify_all()


def current_barrier() -> LockstepBarrier | None:
    """The barrier that the running code is a worker of."""
    return _barrier.get()


def claim_ownership(weights: Iterable[Any]) -> None:
    """As `LockstepBarrier.claim_ownership`, where the running code is a worker of a barrier."""
    barrier = current_barrier()
    if barrier is not None:
        barrier.claim_ownership(weights)
