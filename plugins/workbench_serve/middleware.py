"""Middleware before the application: a bound for bodies, and a response when a handler fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class BodyLimit:
    """ASGI middleware that refuses a request once its body is larger than `most(path)` bytes, declared or not."""

    def __init__(self, app: ASGIApp, most: Callable[[str], int]) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.most(scope["path"])
        declared = int(dict(scope["headers"]).get(b"content-length", 0))
        too_large = HTTPException(413, f"the request is too large: at most {most} bytes are read")
        received = 0

        async def counted() -> Message:
            nonlocal received
            if declared > most:
                raise too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise too_large
            return message

        await self.app(scope, counted, send)


class FaultResponses:
    """ASGI middleware that logs a fault and sends a 500 without details; a 503 once the grace period is over.

    An exception handler of the application would do as much, but the server would then also close the connection under
    the client's next request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and send a response if the application sent none."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except asyncio.CancelledError:  # the server ends, and this took too long
            if started or scope["type"] != "http":
                raise
            await unavailable("the server is shutting down")(scope, receive, send)
        except Exception:
            if started or scope["type"] != "http":
                raise
            logger.exception("no response to %s %r", scope["method"], scope["path"])
            response = JSONResponse({"detail": "the server failed; its log says why"}, status_code=500)
            await response(scope, receive, send)


def unavailable(detail: str) -> JSONResponse:
    """Give a 503: the client may send the request later, or to another server."""
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "1"})
