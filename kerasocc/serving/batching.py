"""Samples of several requests, computed at once and handed back apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

INLINE_ROWS = 32
"""Up to so many samples are computed without a thread, which would take longer to start."""


class Batcher:
    """Waits for samples of other requests, and computes them together.

    Requests share nothing but the computation: what each asks for is decided by its own caller,
    from its own rows, after it.

    Args:
        compute: From samples of shape `(batch, ...)` to arrays of shape `(batch,)`.
        most: Samples in a batch at which nothing is waited for any more; 1 never waits.
        seconds: How long the first request of a batch waits for others.
    """

    def __init__(
        self,
        compute: Callable[[np.ndarray], Sequence[np.ndarray]],
        *,
        most: int = 1,
        seconds: float = 0.0,
    ):
        self._compute, self._most, self._seconds = compute, most, seconds
        self._waiting: list[tuple[np.ndarray, asyncio.Future]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task] = set()

    async def outputs(self, x: np.ndarray) -> list[np.ndarray]:
        """What `compute` returns for the samples of one request, shape `(samples, ...)`."""
        if self._most <= 1:
            return list(await self._computed(x))
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append((x, future))
        if sum(len(x) for x, _ in self._waiting) >= self._most:
            self._start()
        elif self._timer is None:
            self._timer = loop.call_later(self._seconds, self._start)
        return await future

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting, self._timer = self._waiting, [], None
        task = asyncio.get_running_loop().create_task(self._run(waiting))
        # The loop itself holds tasks weakly.
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, waiting: list[tuple[np.ndarray, asyncio.Future]]) -> None:
        try:
            outputs = await self._computed(np.concatenate([x for x, _ in waiting]))
        except Exception as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for x, future in waiting:
            rows = slice(start, start + len(x))
            start = rows.stop
            if not future.done():  # its client may have gone
                future.set_result([values[rows] for values in outputs])

    async def _computed(self, x: np.ndarray) -> Sequence[np.ndarray]:
        if len(x) <= INLINE_ROWS:
            return self._compute(x)
        return await asyncio.to_thread(self._compute, x)
