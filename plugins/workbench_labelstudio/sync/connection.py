"""A connection to a Label Studio server, through its SDK: what is repeated, what is not, and errors in one line.

The SDK repeats every request that fails with a 5xx, writes too, although the server may have done what it was asked;
so its own repetition is switched off. Here a read is repeated; a write whose outcome is not known raises
`Unconfirmed`, and whoever asked for it looks at the server before asking again.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from workbench.errors import WorkbenchError
from workbench_labelstudio.sync.credentials import CONNECT, GET_A_TOKEN, Credentials

ATTEMPTS = 6
LONGEST_WAIT = 20.0  # seconds, also when the server asks for more
TIMEOUT = 60.0
NOT_DONE = (401, 429)  # the server refused before it did anything
PASSING = (408, 425, 429, 500, 502, 503, 504)
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class Unconfirmed(WorkbenchError):
    """A write may have been done or not: its answer was lost, or was a 5xx."""


class NotFound(WorkbenchError):
    """The server knows no such thing, or this user may not see it."""


@dataclass(frozen=True)
class Answer:
    """A JSON answer with its headers, whose `date` is the server's clock."""

    json: Any
    headers: Mapping[str, str]


class Connection:
    """A server, seen by one user.

    Args:
        credentials: the server and the token.
        timeout: seconds to wait for an answer; `call` and `get` may wait longer.
        attempts: how often a read is tried before it fails.

    Raises:
        WorkbenchError: the token has expired.
    """

    def __init__(self, credentials: Credentials, *, timeout: float = TIMEOUT, attempts: int = ATTEMPTS) -> None:
        self.url, self.timeout, self.attempts = credentials.url, timeout, attempts
        self.http = httpx.Client(timeout=timeout, follow_redirects=True)
        try:
            # without the slash, the refresh of a token would lose the sub-path of the URL
            self.client = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=f"{self.url}/", api_key=credentials.token, httpx_client=self.http
            )
        except ApiError as error:
            self._fail(error, self.url)

    def close(self) -> None:
        """Let go of the sockets."""
        self.http.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> Answer:
        """Read JSON as the server sends it.

        The SDK's own methods make a model of every task, which costs more than the request, and its pager takes a 404
        for the end of a list.

        Args:
            path: below the URL, such as `api/tasks`.
            params: of the query.
            timeout: seconds; None = the connection's.

        Raises:
            WorkbenchError: see `call`.
        """
        http = self.client._client_wrapper.httpx_client

        def read(request_options: Any) -> Answer:
            response = http.request(path, method="GET", params=dict(params or {}), request_options=request_options)
            if not response.is_success:
                raise ApiError(status_code=response.status_code, headers=dict(response.headers), body=_body(response))
            return Answer(response.json(), response.headers)

        return self.call(read, where=f"{self.url}/{path}", timeout=timeout)

    def call(
        self,
        function: Callable[..., Result],
        *args: Any,
        where: object = None,
        repeat: bool = True,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> Result:
        """Call a method of the SDK.

        Args:
            function: such as `connection.client.projects.get`.
            args: for it.
            where: what the call concerns, for messages.
            repeat: whether it may be done twice; a write that may not is only repeated where it was surely not done.
            timeout: seconds to wait for the answer.
            kwargs: for it.

        Raises:
            Unconfirmed: it is not to be repeated, and nobody knows whether it was done.
            NotFound: 404.
            WorkbenchError: the server cannot be reached, or refuses; in one line.
        """
        where = where or self.url
        options = {"max_retries": 0, "timeout_in_seconds": timeout or self.timeout}
        for attempt in range(1, self.attempts + 1):
            try:
                return function(*args, request_options=options, **kwargs)
            except (ApiError, httpx.TransportError, ValueError) as error:
                done = _may_be_done(error)
                if not repeat and done:
                    raise Unconfirmed(f"nobody knows whether this was done ({_say(error)})", where=where) from error
                if attempt == self.attempts or not self._passes(error, attempt):
                    self._fail(error, where)
                pause = _pause(error, attempt)
                logger.info("%s: %s; again in %.1f s", where, _say(error), pause)
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _passes(self, error: Exception, attempt: int) -> bool:
        """Whether the next attempt may end otherwise."""
        status = getattr(error, "status_code", None)
        tokens = self.client._client_wrapper._tokens_client
        if status == 401 and attempt == 1 and not tokens._use_legacy_token:
            tokens._access_token = None  # it has expired by the server's clock, if not by ours: ask for a new one
            return True
        return status is None or status in PASSING

    def _fail(self, error: Exception, where: object) -> NoReturn:
        status = getattr(error, "status_code", None)
        if status == 401:
            raise WorkbenchError(
                f"the server does not accept the token ({_say(error)})",
                where=self.url,
                remedy=f"{GET_A_TOKEN}; then: {CONNECT}",
            ) from error
        if status == 403:
            raise WorkbenchError(
                f"the token's user may not do this ({_say(error)})", where=where, remedy="Ask for access to the project"
            ) from error
        if status == 404:
            raise NotFound("there is no such thing on the server, or it was deleted", where=where) from error
        if status is not None and status < 500 and status != 429:
            raise WorkbenchError(f"the server refuses this ({_say(error)})", where=where) from error
        raise WorkbenchError(
            f"the server gives no answer: {_say(error)}",
            where=where,
            remedy="Is it up, and is the URL right? Then run the same command again",
        ) from error


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _may_be_done(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.status_code not in NOT_DONE and (error.status_code or 500) >= 408
    return not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))


def _say(error: Exception) -> str:
    if not isinstance(error, ApiError):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    body = error.body
    said = body.get("validation_errors") or body.get("detail") if isinstance(body, Mapping) else None
    return f"{error.status_code}: {said or body!s:.200}" if said or body else str(error.status_code)


def _pause(error: Exception, attempt: int) -> float:
    asked = (getattr(error, "headers", None) or {}).get("retry-after", "")
    wait = float(asked) if asked.isdigit() else 0.5 * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
    return min(wait, LONGEST_WAIT)
