"""Turns: much work on few threads, in slices, so that a small request gets in between those of a large one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from workbench.api import WorkbenchError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Unavailable(WorkbenchError):
    """The request is not answered now, through no fault of its own; its text is meant for the one who asked."""


@dataclass
class Task(Generic[Item, Result]):
    """A request on its way: the slices still to do, what the others gave, and the answer to come."""

    slices: deque[Callable[[], Iterable[Item]]]
    finish: Callable[[list[Item]], Result]
    answer: Future[Result] = field(default_factory=Future)
    done: list[Item] = field(default_factory=list)


class Turns:
    """A queue, first come, first served: after each slice of a request, the request goes to its end.

    Args:
        threads: turns taken at the same time.
        waiting: requests that may wait besides those.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn")  # its queue is the queue
        self._most = threads + waiting
        self._places = threading.Semaphore(self._most)
        self._closed = self._stopped = False

    def take(
        self, slices: Iterable[Callable[[], Iterable[Item]]], finish: Callable[[list[Item]], Result]
    ) -> Future[Result]:
        """`finish` of all that the slices gave, one slice a turn; `finish` belongs to the last one.

        A future that is cancelled gives its place up at once, and what did not begin is never done.

        Args:
            slices: one or more.
            finish: makes the result.

        Raises:
            Unavailable: too many wait already, or the end has begun. The future raises it too, once all is stopped.
        """
        if self._closed:
            raise _ending()
        if not self._places.acquire(blocking=False):
            raise Unavailable(f"the server is busy with {self._most} requests", remedy="Try again in a moment")
        task = Task(deque(slices), finish)
        task.answer.add_done_callback(lambda _: self._leave(task))
        self._pool.submit(self._turn, task)
        return task.answer

    def close(self) -> None:
        """Refuse what comes from now on."""
        self._closed = True

    def stop(self) -> None:
        """Refuse what waits, too: only turns that are being taken come to their end."""
        self._closed = self._stopped = True

    def _leave(self, task: Task[Item, Result]) -> None:
        task.slices.clear()  # a cancelled task stays in the queue, its texts need not
        self._places.release()

    def _turn(self, task: Task[Item, Result]) -> None:
        answer = task.answer
        if answer.cancelled():
            return
        try:
            if self._stopped:
                raise _ending()
            task.done += task.slices.popleft()()
            if task.slices:
                self._pool.submit(self._turn, task)
                return
            if answer.cancelled():
                return
            result = task.finish(task.done)
        except Exception as error:  # whoever waits for the answer gets it
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
        else:
            if answer.set_running_or_notify_cancel():
                answer.set_result(result)


def _ending() -> Unavailable:
    return Unavailable("the server is shutting down")
