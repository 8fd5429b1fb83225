"""What the routes need of HTTP: events, JSON of any size without holding others up, and clients that go away."""

from __future__ import annotations

import asyncio
import json
import math
from concurrent.futures import Future
from typing import Any, TypeVar

from fastapi import HTTPException, Request

from workbench_labelstudio.live.events import PROJECT, Event, heard, project_number

SMALL = 100_000  # bytes that are read without a thread
LOOK = 1.0  # seconds between two looks whether the client is still there
GONE = 499  # nginx's code; nobody is there to read it
Result = TypeVar("Result")


async def hear(request: Request, most: float = math.inf) -> Event | None:
    """The event that a request tells of, by its body and the header `PROJECT`; see `heard` and `read_json`."""
    event = heard(await read_json(request, most))
    if event is None or event.project is not None:
        return event
    return Event(event.action, project_number(request.headers.get(PROJECT)))


async def read_json(request: Request, most: float = math.inf) -> Any:
    """The body.

    Args:
        request: that has it.
        most: bytes that it may have.

    Raises:
        HTTPException: 415, it is not sent as JSON, as any page of a browser could send it; 413, it is too large; 422,
            it cannot be read.
    """
    if "json" not in request.headers.get("content-type", ""):
        raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, f"at most {most:,} bytes are read")
    try:
        return json.loads(body) if len(body) < SMALL else await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is no JSON that can be read") from None


async def unless_gone(request: Request, answer: Future[Result]) -> Result:
    """The answer; once the client has gone, it is cancelled."""
    waiting = asyncio.wrap_future(answer)
    try:
        while not (await asyncio.wait((waiting,), timeout=LOOK))[0]:
            if await request.is_disconnected():
                raise HTTPException(GONE)
        return waiting.result()
    finally:
        waiting.cancel()
