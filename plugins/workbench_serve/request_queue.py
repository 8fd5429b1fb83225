"""A queue of requests on few threads; requests run in slices, so that small ones need not wait for large ones."""

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
    """The server cannot accept the request now; the client receives the message."""


@dataclass(frozen=True)
class QueuedRequest(Generic[Item, Result]):
    """A request in the queue.

    Args:
        slices: the remaining slices.
        finish: function that computes the result from all items.
        future: future of the result.
        items: items of the finished slices.
    """

    slices: deque[Callable[[], Iterable[Item]]]
    finish: Callable[[list[Item]], Result]
    future: Future[Result] = field(default_factory=Future)
    items: list[Item] = field(default_factory=list)


class RequestQueue:
    """A round-robin queue: after each slice, a request goes back to the end of the queue.

    Args:
        threads: number of slices that run at the same time.
        waiting: maximum number of further requests in the queue.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="slice")  # holds the queue
        self._capacity = threads + waiting
        self._places = threading.Semaphore(self._capacity)
        self._closed = self._stopped = False

    def submit(
        self, slices: Iterable[Callable[[], Iterable[Item]]], finish: Callable[[list[Item]], Result]
    ) -> Future[Result]:
        """Queue a request and return the future of `finish(items of all slices)`.

        A cancelled future frees its place in the queue immediately. Its remaining slices do not run, and `finish` is
        not called.

        Args:
            slices: one or more functions that return items.
            finish: function that the queue calls after the last slice.

        Raises:
            Unavailable: the queue is full, or the server ends. After `stop`, the future raises this error too.
        """
        if self._closed:
            raise _shutdown_error()
        if not self._places.acquire(blocking=False):
            raise Unavailable(f"the server is busy with {self._capacity} requests", remedy="Try again in a moment")
        request = QueuedRequest(deque(slices), finish)
        request.future.add_done_callback(lambda _: self._leave(request))
        self._pool.submit(self._work, request)
        return request.future

    def close(self) -> None:
        """Refuse new requests."""
        self._closed = True

    def stop(self) -> None:
        """Refuse new and queued requests; only running slices finish."""
        self._closed = self._stopped = True

    def _leave(self, request: QueuedRequest[Item, Result]) -> None:
        request.slices.clear()  # a cancelled request stays in the pool's queue, without work and without memory
        self._places.release()

    def _work(self, request: QueuedRequest[Item, Result]) -> None:
        future = request.future
        try:
            if not request.slices:  # cancelled in the queue
                return
            if self._stopped:
                raise _shutdown_error()
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


def _shutdown_error() -> Unavailable:
    return Unavailable("the server is shutting down")
