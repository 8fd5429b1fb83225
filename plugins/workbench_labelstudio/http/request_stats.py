"""The requests of a connection: how many there are, and the server's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from workbench_labelstudio.http.connection import Connection


@dataclass
class RequestStats:
    """The requests of a block.

    Args:
        requests: how many were sent, retries and token refreshes too.
        begun: when the first one was sent, by the server's clock to the second; None before the first answer, or where
            the server does not say.
        now: when the last answer came, likewise.
        first: when the first one was sent, by the monotonic clock of this machine.
    """

    requests: int = 0
    begun: datetime | None = None
    now: datetime | None = None
    first: float | None = None

    def count(self, _: httpx.Request) -> None:
        """Note a request."""
        self.requests += 1
        self.first = self.first or time.monotonic()

    def read_clock(self, response: httpx.Response) -> None:
        """Note the time of an answer."""
        if (now := server_time(response.headers)) and self.first:
            self.now = now
            self.begun = self.begun or now - timedelta(seconds=time.monotonic() - self.first)


@contextmanager
def request_stats(connection: Connection) -> Iterator[RequestStats]:
    """Watch the requests of a block."""
    stats, hooks = RequestStats(), connection.http.event_hooks
    hooks["request"].append(stats.count)
    hooks["response"].append(stats.read_clock)
    try:
        yield stats
    finally:
        hooks["request"].remove(stats.count)
        hooks["response"].remove(stats.read_clock)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The server's time when it sent these headers, to the second; None where they do not tell."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
