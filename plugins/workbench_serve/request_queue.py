"""A queue of requests on few threads, worked on in slices: a small request gets in between those of a large one."""

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
    """The server cannot work on the request now; the message is meant for the client."""


@dataclass(frozen=True)
class QueuedRequest(Generic[Item, Result]):
    """A request on its way.

    Args:
        slices: those still to do.
        finish: makes the result of all items.
        future: of the result.
        items: of the slices that are done.
    """

    slices: deque[Callable[[], Iterable[Item]]]
    finish: Callable[[list[Item]], Result]
    future: Future[Result] = field(default_factory=Future)
    items: list[Item] = field(default_factory=list)


class RequestQueue:
    """First come, first served: after each slice of a request, the request goes to the end of the queue.

    Args:
        threads: slices that are worked on at the same time.
        waiting: requests that may wait besides those.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="slice")  # its queue is the queue
        self._most = threads + waiting
        self._places = threading.Semaphore(self._most)
        self._closed = self._stopped = False

    def submit(
        self, slices: Iterable[Callable[[], Iterable[Item]]], finish: Callable[[list[Item]], Result]
    ) -> Future[Result]:
        """Queue a request; its result is `finish` of the items of all slices.

        A future that is cancelled leaves its place at once. Slices that have not begun are then never done, and
        `finish` is not called.

        Args:
            slices: one or more, each a call that gives items.
            finish: is called with the last slice.

        Raises:
            Unavailable: too many requests wait already, or the server ends. The future raises it too, after `stop`.
        """
        if self._closed:
            raise _ending()
        if not self._places.acquire(blocking=False):
            raise Unavailable(f"the server is busy with {self._most} requests", remedy="Try again in a moment")
        request = QueuedRequest(deque(slices), finish)
        request.future.add_done_callback(lambda _: self._leave(request))
        self._pool.submit(self._work, request)
        return request.future

    def close(self) -> None:
        """Refuse new requests."""
        self._closed = True

    def stop(self) -> None:
        """Refuse the requests that wait, too; only slices that have begun come to their end."""
        self._closed = self._stopped = True

    def _leave(self, request: QueuedRequest[Item, Result]) -> None:
        request.slices.clear()  # a cancelled request stays in the pool's queue: it has nothing left to do, nor to keep
        self._places.release()

    def _work(self, request: QueuedRequest[Item, Result]) -> None:
        future = request.future
        try:
            if not request.slices:  # cancelled while it waited
                return
            if self._stopped:
                raise _ending()
            request.items.extend(request.slices.popleft()())
            if request.slices:
                self._pool.submit(self._work, request)
                return
            if future.cancelled():
                return
            result = request.finish(request.items)
        except Exception as error:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            if future.set_running_or_notify_cancel():
                future.set_result(result)


def _ending() -> Unavailable:
    return Unavailable("the server is shutting down")
