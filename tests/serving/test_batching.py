"""Samples of several requests are computed at once and handed back apart."""

import asyncio
import time

import numpy as np
import pytest

from kerasocc.serving.batching import INLINE_ROWS, Batcher


class Computing:
    """Sums of rows, and how many rows each computation had."""

    def __init__(self, seconds=0.0):
        self.sizes, self.seconds = [], seconds

    def __call__(self, x):
        self.sizes.append(len(x))
        time.sleep(self.seconds)
        if np.isnan(x).any():
            raise ValueError("NaN")
        return [x.sum(axis=1), -x[:, 0]]


def requests(*sizes):
    random = np.random.default_rng(0)
    return [random.normal(size=(size, 3)) for size in sizes]


async def all_of(batcher, parts):
    return await asyncio.gather(*map(batcher.outputs, parts), return_exceptions=True)


def check(found, parts):
    for (sums, firsts), x in zip(found, parts, strict=True):
        np.testing.assert_array_equal(sums, x.sum(axis=1))
        np.testing.assert_array_equal(firsts, -x[:, 0])


def test_each_request_gets_its_own_rows():
    computing, parts = Computing(), requests(1, 4, 2, 1, 3)
    check(asyncio.run(all_of(Batcher(computing, most=8, seconds=0.01), parts)), parts)
    # The fourth makes eight; the last one waits for others in vain.
    assert computing.sizes == [8, 3]


def test_without_batching_each_is_computed_alone():
    computing, parts = Computing(), requests(1, 4, 2)
    check(asyncio.run(all_of(Batcher(computing), parts)), parts)
    assert computing.sizes == [1, 4, 2]


def test_many_rows_do_not_hold_up_others():
    async def run():
        batcher = Batcher(Computing(seconds=0.2))
        task = asyncio.create_task(batcher.outputs(requests(INLINE_ROWS + 1)[0]))
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        await asyncio.sleep(0)
        waited = time.perf_counter() - began
        await task
        return waited

    assert asyncio.run(run()) < 0.1


def test_an_error_reaches_all_that_it_concerns_and_no_later_one():
    async def run():
        batcher = Batcher(Computing(), most=4, seconds=0.01)
        broken = await all_of(batcher, [np.ones((2, 3)), np.full((2, 3), np.nan)])
        return broken, await all_of(batcher, [np.ones((1, 3))])

    broken, good = asyncio.run(run())
    assert [str(error) for error in broken] == ["NaN", "NaN"]
    check(good, [np.ones((1, 3))])


def test_a_client_that_has_gone_does_not_disturb_the_others():
    async def run():
        batcher = Batcher(Computing(), most=9, seconds=0.05)
        parts = requests(2, 3, 1)
        tasks = [asyncio.create_task(batcher.outputs(x)) for x in parts]
        await asyncio.sleep(0.01)
        tasks[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]
        check([await tasks[0], await tasks[2]], [parts[0], parts[2]])

    asyncio.run(run())
