"""Routes that return status 422 for every unreadable body."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from workbench.api.serving import read_request_json


class JsonRoute(APIRoute):
    """A route whose handler receives a `JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


class JsonRequest(Request):
    """A request that reports every invalid JSON body as 422; FastAPI alone returns 500 for some of them."""

    async def json(self) -> Any:
        """Parse the body, see `read_request_json`."""
        return await read_request_json(self)
