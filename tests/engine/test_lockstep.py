"""Worker threads in lockstep: one at a time, their computations together."""

import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import keras

from kerasocc.engine.lockstep import LockstepBarrier, current_barrier


def run(workers, compute):
    """What each of the workers, functions of the barrier, returned or raised."""
    barrier = LockstepBarrier(len(workers), compute)
    with ThreadPoolExecutor(len(workers)) as threads:
        futures = [threads.submit(barrier.run_worker, lambda w=w: w(barrier)) for w in workers]
    return [future.exception() or future.result() for future in futures]


def doubled(items):
    return [2 * item for item in items]


def test_remaining_workers_are_computed_together():
    computed = []

    def compute(items):
        computed.append(sorted(items))
        return doubled(items)

    def worker(start, count):
        return lambda barrier: [barrier.submit(start + number) for number in range(count)]

    results = run([worker(0, 3), worker(10, 1), worker(20, 2)], compute)
    assert results == [[0, 2, 4], [20], [40, 42]]
    assert computed == [[0, 10, 20], [1, 21], [2]]


def test_workers_run_one_at_a_time():
    running = threading.Lock()

    def worker(barrier):
        for _ in range(50):
            assert running.acquire(blocking=False)
            assert current_barrier() is barrier
            running.release()
            barrier.submit(1)

    assert run([worker] * 4, doubled) == [None] * 4
    assert current_barrier() is None


def test_an_error_of_a_worker_is_its_own():
    def fails(barrier):
        raise KeyError("mine")

    first, second = run([fails, lambda barrier: barrier.submit(4)], doubled)
    assert isinstance(first, KeyError) and second == 8


def test_an_error_of_the_computation_reaches_every_worker():
    def compute(items):
        raise MemoryError("too much")

    results = run([lambda barrier: barrier.submit(1)] * 3, compute)
    assert [type(result) for result in results] == [MemoryError] * 3


def test_a_barrier_that_is_stopped():
    def stops(barrier):
        barrier.stop()
        return "ended"

    first, second = run([stops, lambda barrier: barrier.submit(1)], doubled)
    assert first == "ended" and isinstance(second, CancelledError)


def test_weights_have_one_owner():
    layer = keras.layers.Dense(1, name="shared")
    layer.build((None, 2))

    def claims(barrier):
        barrier.claim_ownership(layer.weights)
        barrier.claim_ownership(layer.weights)
        return barrier.submit(1)

    results = run([claims, claims], doubled)
    assert sorted(map(str, results))[0] == "2"
    (error,) = (result for result in results if isinstance(result, ValueError))
    assert "must not share weights" in str(error) and "'shared/kernel' in two" in str(error)
