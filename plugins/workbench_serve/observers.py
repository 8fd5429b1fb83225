"""Call observers of requests in a separate thread, through a bounded queue."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from workbench.api import Host

QUEUE_SIZE = 10_000
CLOSE_TIMEOUT = 5.0  # seconds
logger = logging.getLogger(__name__)


class Observers:
    """The observers `request_answered` of all plugins; while the queue is full, records are dropped and counted.

    Args:
        host: the plugins.
        waiting: maximum number of queued records.
    """

    def __init__(self, host: Host, waiting: int = QUEUE_SIZE) -> None:
        self.host = host
        self.dropped = 0
        self._lock = threading.Lock()
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._drain, name="request-observers", daemon=True)
        self._thread.start()

    def put(self, record: Mapping[str, Any]) -> None:
        """Queue a record, or drop the record if the queue is full; never blocks."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            with self._lock:
                self.dropped += 1
                first = self.dropped == 1
            if first:
                logger.warning("observers of request_answered are too slow: records are dropped")

    def close(self) -> None:
        """Pass the queued records to the observers, for a few seconds at most, and end the thread."""
        try:
            self._queue.put(None, timeout=CLOSE_TIMEOUT)
            self._thread.join(CLOSE_TIMEOUT)
        except queue.Full:
            pass
        waiting = self._queue.qsize()
        if waiting or self.dropped:
            logger.warning("observers of request_answered missed %d records", waiting + self.dropped)

    def _drain(self) -> None:
        while (record := self._queue.get()) is not None:
            self.host.observe("request_answered", record=record)
