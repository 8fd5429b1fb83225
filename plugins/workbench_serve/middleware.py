"""ASGI middleware: limits the size of bodies, and responds when a handler fails."""

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
    """ASGI middleware that refuses a request whose body, as declared or as received, exceeds `limit_of(path)` bytes."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self.app, self.limit_of = app, limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts bytes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_of(scope["path"])
        declared = int(dict(scope["headers"]).get(b"content-length", 0))
        too_large = HTTPException(413, f"the request is too large: at most {limit} bytes are allowed")
        received = 0

        async def counting_receive() -> Message:
            nonlocal received
            if declared > limit:
                raise too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        await self.app(scope, counting_receive, send)


class FaultResponses:
    """ASGI middleware that logs an exception and sends status 500 without details; 503 after the grace period.

    With an exception handler of the application instead, the server would also close the connection, and the client's
    next request would fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and send a response if the application fails before its response starts."""
        started = False

        async def recording_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, recording_send)
        except asyncio.CancelledError:  # the server ends, and the request exceeded the grace period
            if started or scope["type"] != "http":
                raise
            await unavailable("the server is shutting down")(scope, receive, send)
        except Exception:
            if started or scope["type"] != "http":
                raise
            logger.exception("the request %s %r failed", scope["method"], scope["path"])
            response = JSONResponse({"detail": "internal error of the server; see its log"}, status_code=500)
            await response(scope, receive, send)


def unavailable(detail: str) -> JSONResponse:
    """Return status 503, which tells the client to retry later or to use another server."""
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "1"})
