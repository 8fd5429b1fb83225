"""Tell observers of each request, off the hot path: a bounded queue that one thread drains."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from workbench.api import Host

WAITING = 10_000
PATIENCE = 5.0
logger = logging.getLogger(__name__)


class Observers:
    """Passes records on to every `request_answered`; when they lag behind, records are dropped and counted.

    Args:
        host: the plugins.
        waiting: records that may wait.
    """

    def __init__(self, host: Host, waiting: int = WAITING) -> None:
        self.host = host
        self.dropped = 0
        self._counting = threading.Lock()
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._drain, name="request-observers", daemon=True)
        self._thread.start()

    def tell(self, record: Mapping[str, Any]) -> None:
        """Hand a record over without ever waiting."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            with self._counting:
                self.dropped += 1
                first = self.dropped == 1
            if first:
                logger.warning("observers of request_answered lag behind: records are dropped")

    def close(self) -> None:
        """Let the observers see what is still waiting, for a few seconds at most."""
        try:
            self._queue.put(None, timeout=PATIENCE)
            self._thread.join(PATIENCE)
        except queue.Full:
            pass
        waiting = self._queue.qsize()
        if waiting or self.dropped:
            logger.warning("observers of request_answered missed %d records", waiting + self.dropped)

    def _drain(self) -> None:
        while (record := self._queue.get()) is not None:
            self.host.observe("request_answered", record=record)
