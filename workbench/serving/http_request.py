"""Helpers for handlers of HTTP requests: read JSON with clear errors, and cancel work when the client disconnects."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fastapi import Request

CLIENT_CLOSED_REQUEST = 499  # the status that nginx logs in this case; the client no longer reads the response
Result = TypeVar("Result")


async def read_request_json(request: Request) -> Any:
    """Parse the body of a request as JSON.

    Raises:
        HTTPException: 422, the body is not JSON, is nested too deeply, or has a number of thousands of digits.
    """
    from fastapi import HTTPException

    body = await request.body()
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        why = f"the body is not JSON: {error.msg} at character {error.pos}"
    except UnicodeDecodeError as error:
        why = f"the body is not JSON: byte {error.start} is not {error.encoding}"
    except RecursionError:
        why = "the body is nested too deeply"
    except ValueError:  # raised by int(); its own message is about Python's settings
        why = "the body has a number of too many digits"
    raise HTTPException(422, why)


async def unless_gone(request: Request, future: Future[Result]) -> Result:
    """Wait for a future; cancel the future when the client closes the connection.

    Args:
        request: a request whose body was already read.
        future: a future of another thread, as returned by `Service.predict_each`.

    Raises:
        HTTPException: 499, the client has closed the connection.
    """
    from fastapi import HTTPException

    result = asyncio.wrap_future(future)
    disconnect = asyncio.create_task(_wait_for_disconnect(request))
    try:
        await asyncio.wait((result, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if not result.done():
            raise HTTPException(CLIENT_CLOSED_REQUEST)
        return result.result()
    finally:
        result.cancel()
        disconnect.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
