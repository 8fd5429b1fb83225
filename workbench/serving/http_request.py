"""What a handler of HTTP requests needs beside FastAPI: JSON of any kind refused politely, and clients that go away."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fastapi import Request

CLIENT_CLOSED_REQUEST = 499  # nginx's status; no client reads it
Result = TypeVar("Result")


async def read_request_json(request: Request) -> Any:
    """Read the body of a request.

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
        why = f"the body is not JSON: no {error.encoding} at byte {error.start}"
    except RecursionError:
        why = "the body is nested too deeply"
    except ValueError:  # of int(), whose message speaks of Python's settings
        why = "the body has a number of too many digits"
    raise HTTPException(422, why)


async def unless_gone(request: Request, future: Future[Result]) -> Result:
    """Wait for a result; cancel it once the client has closed the connection.

    Args:
        request: whose body was read already.
        future: of another thread, such as `Service.predict_each` gives.

    Raises:
        HTTPException: 499, the client has gone.
    """
    from fastapi import HTTPException

    waiting = asyncio.wrap_future(future)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise HTTPException(CLIENT_CLOSED_REQUEST)
        return waiting.result()
    finally:
        waiting.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
