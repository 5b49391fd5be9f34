"""Reading in a thread of its own."""

import threading

import pytest

from kerasocc.experiments.runs.read_ahead import read_ahead


def test_items_come_in_order_and_an_error_after_them():
    def items():
        yield from range(10)
        raise OSError("the disk is gone")

    found = []
    with pytest.raises(OSError, match="the disk is gone"):
        for item in read_ahead(items()):
            found.append(item)
    assert found == list(range(10))


def test_no_more_than_some_items_wait():
    taken, given = [], []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    for item in read_ahead(items(), ahead=2):
        given.append(item)
        # One is in the hands of the thread, one in those of the loop.
        assert len(taken) <= len(given) + 4
    assert given == list(range(20))


def test_a_consumer_that_stops_early_stops_the_thread():
    before = threading.active_count()
    for item in read_ahead(iter(range(1000))):
        if item == 3:
            break
    assert threading.active_count() == before
