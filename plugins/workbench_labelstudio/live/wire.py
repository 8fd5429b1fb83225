"""What the routes need of HTTP: JSON of any size without holding others up, and clients that go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, HTTPException, Request

SMALL = 100_000  # bytes that are read without a thread
LOOK = 1.0  # seconds between two looks whether the client is still there
GONE = 499  # nginx's code; nobody is there to read it
Result = TypeVar("Result")


async def read_json(request: Request) -> Any:
    """The body.

    Raises:
        HTTPException: 415, it is not sent as JSON, as any page of a browser could send it; 422, it cannot be read.
    """
    if "json" not in request.headers.get("content-type", ""):
        raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
    body = await request.body()
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


def close_with(app: FastAPI, close: Callable[[], None]) -> None:
    """Have `close` called when the server ends."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            try:
                yield state
            finally:
                await asyncio.to_thread(close)

    app.router.lifespan_context = lifespan
