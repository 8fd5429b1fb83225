"""Routes that refuse an unreadable body with 422, whatever makes it unreadable."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from workbench.api.serving import read_request_json


class JsonRoute(APIRoute):
    """A route whose handler gets a `JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


class JsonRequest(Request):
    """A request whose body may be no JSON, which FastAPI does not foresee in every way."""

    async def json(self) -> Any:
        """Read the body, see `read_request_json`."""
        return await read_request_json(self)
