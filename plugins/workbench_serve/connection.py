"""What a connection may do that FastAPI does not foresee: send JSON that Python cannot read, and go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

CLIENT_CLOSED_REQUEST = 499  # nginx's code; nobody is there to read it


class JsonRoute(APIRoute):
    """A route that refuses a body which is no readable JSON with 422, whatever makes it unreadable."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of every route, given a request that reads JSON with care."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


class JsonRequest(Request):
    """A request whose body may be no JSON."""

    async def json(self) -> Any:
        """The body.

        Raises:
            json.JSONDecodeError: it is no JSON; FastAPI makes a 422 of it.
            HTTPException: 422, it is no UTF-8, is nested too deeply, or has a number of thousands of digits.
        """
        try:
            return await super().json()
        except json.JSONDecodeError:
            raise
        except UnicodeDecodeError as error:
            raise HTTPException(422, f"the body is not JSON: no {error.encoding} at byte {error.start}") from error
        except RecursionError as error:
            raise HTTPException(422, "the body is nested too deeply") from error
        except ValueError as error:  # of int(), whose message speaks of Python's settings
            raise HTTPException(422, "the body has a number of too many digits") from error


async def unless_gone(request: Request, answer: Future[Response]) -> Response:
    """The answer; once the client has gone, it is cancelled."""
    waiting = asyncio.wrap_future(answer)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else Response(status_code=CLIENT_CLOSED_REQUEST)
    finally:
        waiting.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
