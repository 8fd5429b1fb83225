"""What can be seen of a connection's requests: how many there were, and what time it is at the server."""

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
class Tally:
    """The requests since it was begun, those that refresh a token aside.

    Args:
        requests: how many were sent, repeated ones too.
        begun: when the first one was sent, by the server's clock to the second; None before the first answer, or where
            the server does not say.
        now: when the last answer came, likewise.
    """

    requests: int = 0
    begun: datetime | None = None
    now: datetime | None = None


@contextmanager
def tallied(connection: Connection) -> Iterator[Tally]:
    """Watch the requests of a block."""
    tally, sent = Tally(), time.monotonic()

    def count(request: httpx.Request) -> None:
        nonlocal sent
        tally.requests += 1
        if tally.requests == 1:
            sent = time.monotonic()

    def read_clock(response: httpx.Response) -> None:
        if said := clock(response.headers):
            tally.now = said
            tally.begun = tally.begun or said - timedelta(seconds=time.monotonic() - sent)

    hooks = connection.http.event_hooks
    hooks["request"].append(count)
    hooks["response"].append(read_clock)
    try:
        yield tally
    finally:
        hooks["request"].remove(count)
        hooks["response"].remove(read_clock)


def clock(headers: Mapping[str, str]) -> datetime | None:
    """The server's time when it sent these headers, to the second; None where they do not tell."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
