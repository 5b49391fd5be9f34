"""Reading in a thread of its own, while what has been read is scored."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")

ITEMS_AHEAD = 2


def read_ahead(items: Iterator[Item], ahead: int = ITEMS_AHEAD) -> Iterator[Item]:
    """Yield the same items in the same order, read by a thread.

    An exception in `items` is raised after the items before it. A consumer that stops early stops
    the thread.

    Args:
        items: What is read.
        ahead: Most items that wait.
    """
    waiting: queue.Queue = queue.Queue(ahead)
    stopped = threading.Event()

    def put(kind: str, value: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # raised where the items are used
            put("error", error)

    thread = threading.Thread(target=read, name="read_ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stopped.set()
        thread.join()
