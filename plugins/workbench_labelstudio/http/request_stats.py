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
        begun: when the block began, by the server's clock to the second; None before the first answer, or where the
            server does not say.
        now: when the last answer came, likewise.
    """

    requests: int = 0
    begun: datetime | None = None
    now: datetime | None = None


@contextmanager
def request_stats(connection: Connection) -> Iterator[RequestStats]:
    """Watch the requests of a block."""
    stats, hooks, begun = RequestStats(), connection.http.event_hooks, time.monotonic()

    def count(_: httpx.Request) -> None:
        stats.requests += 1

    def read_clock(response: httpx.Response) -> None:
        if now := server_time(response.headers):
            stats.now = now
            stats.begun = stats.begun or now - timedelta(seconds=time.monotonic() - begun)

    hooks["request"].append(count)
    hooks["response"].append(read_clock)
    try:
        yield stats
    finally:
        hooks["request"].remove(count)
        hooks["response"].remove(read_clock)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The server's time when it sent these headers, to the second; None where they do not tell."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
