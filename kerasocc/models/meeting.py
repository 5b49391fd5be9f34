"""Functions in threads of their own, which meet wherever one of them needs a computation."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any
from weakref import WeakValueDictionary

_meeting: contextvars.ContextVar[Meeting | None] = contextvars.ContextVar("meeting", default=None)


class Meeting:
    """Members of which one runs at a time, until all that are left wait for a computation.

    They are as safe as in a single thread, where none runs while another does.

    Args:
        members: Their number; each calls `take_part`.
        compute: From what the members ask, in any order, to the answers in that order.
    """

    def __init__(self, members: int, compute: Callable[[Sequence[Any]], Sequence[Any]]):
        self._members = members
        self._compute = compute
        self._turn = threading.Condition()
        self._asked: list[tuple[Any, Future]] = []
        self._stopped = False
        self._weights: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._owners: dict[int, int] = {}

    def take_part(self, member: Callable[[], Any]) -> Any:
        """Call a member, in the thread that is to be its own."""
        with self._turn:
            _meeting.set(self)
            try:
                return member()
            finally:
                _meeting.set(None)
                self._members -= 1
                self._answer_if_all_wait()

    def ask(self, question: Any) -> Any:
        """What is computed from a question of the running member, once all others have one.

        Raises:
            CancelledError: If the meeting has been stopped.
            Exception: What the computation raised.
        """
        answer: Future = Future()
        self._asked.append((question, answer))
        self._answer_if_all_wait()
        self._turn.wait_for(answer.done)
        return answer.result()

    def claim(self, weights: Iterable[Any]) -> None:
        """Note that the running member alone uses weights: Keras takes them away as it trains.

        Raises:
            ValueError: If another member does.
        """
        member = threading.get_ident()
        for weight in weights:
            key = id(weight)
            is_known = self._weights.get(key) is weight
            if is_known and self._owners[key] != member:
                raise ValueError(
                    "`trainings` must not share weights; make layers (`preprocessing` too) for "
                    f"each of them. Received: {weight.path!r} in two"
                )
            self._weights[key], self._owners[key] = weight, member

    def stop(self) -> None:
        """Have every member end with `CancelledError` where it next asks."""
        self._stopped = True

    def _answer_if_all_wait(self) -> None:
        if not self._asked or len(self._asked) < self._members:
            return
        questions, answers = zip(*self._asked, strict=True)
        self._asked = []
        try:
            if self._stopped:
                raise CancelledError("The other trainings were interrupted.")
            for answer, value in zip(answers, self._compute(questions), strict=True):
                answer.set_result(value)
        except BaseException as error:
            for answer in answers:
                answer.set_exception(error)
        self._turn.notify_all()


def current_meeting() -> Meeting | None:
    """The meeting that the running code is a member of."""
    return _meeting.get()


def claim(weights: Iterable[Any]) -> None:
    """As `Meeting.claim`, wherever the running code is a member of a meeting."""
    meeting = current_meeting()
    if meeting is not None:
        meeting.claim(weights)
