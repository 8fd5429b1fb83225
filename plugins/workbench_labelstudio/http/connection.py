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
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from workbench.api import WorkbenchError
from workbench_labelstudio.http.credentials import CONNECT, GET_A_TOKEN, Credentials
from workbench_labelstudio.http.error_text import body_of, is_tls, redact, say
from workbench_labelstudio.http.redirects import refuse_redirect

ATTEMPTS = 6
LONGEST_WAIT = 20.0  # seconds, also when the server asks for more
TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0
# Seconds, less than the shortest pause before a repetition, which so gets a new socket: a fault can close the database
# of the thread in which Label Studio's own server answers a socket, and all that it asks from then on is a 500.
IDLE = 0.25
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
        WorkbenchError: the token has expired, or is none.
    """

    def __init__(self, credentials: Credentials, *, timeout: float = TIMEOUT, attempts: int = ATTEMPTS) -> None:
        self.url, self.timeout, self.attempts = credentials.url, timeout, attempts
        self._secret = credentials.token
        logging.getLogger("httpcore").setLevel(logging.INFO)  # below, it tells the headers of answers, cookies too
        self.http = httpx.Client(
            timeout=_timeout(timeout),
            follow_redirects=True,
            limits=httpx.Limits(max_connections=100, keepalive_expiry=IDLE),
            event_hooks={"response": [lambda response: refuse_redirect(response, self.url)]},
        )
        try:
            # without the slash, the refresh of a token would lose the sub-path of the URL
            self.client = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=f"{self.url}/", api_key=credentials.token, httpx_client=self.http
            )
        except ApiError as error:
            self._fail(error, self.url)
        except (TypeError, ValueError, OverflowError):  # a JWT whose time of expiry is none
            raise WorkbenchError("that is no token of Label Studio", where=self.url, remedy=GET_A_TOKEN) from None

    @property
    def is_legacy(self) -> bool:
        """Whether the token is a legacy one, not a personal access token."""
        return bool(self.client._client_wrapper._tokens_client._use_legacy_token)

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

        def read(request_options: Any) -> Answer:
            response = self.send(path, method="GET", params=dict(params or {}), request_options=request_options)
            return Answer(response.json(), response.headers)

        return self.call(read, where=f"{self.url}/{path}", timeout=timeout)

    def send(self, path: str, **request: Any) -> httpx.Response:
        """What `call` calls where the SDK has no method that does: one request.

        Args:
            path: below the URL.
            request: its method, params, json, and the options that `call` gives.

        Raises:
            ApiError: the server does not say that it succeeded.
        """
        response: httpx.Response = self.client._client_wrapper.httpx_client.request(path, **request)
        if not response.is_success:
            raise ApiError(status_code=response.status_code, headers=dict(response.headers), body=body_of(response))
        return response

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
            WorkbenchError: the server cannot be reached, refuses, or redirects elsewhere; in one line.
        """
        where = where or self.url
        options = {"max_retries": 0, "timeout": _timeout(timeout or self.timeout)}
        tokens = self.client._client_wrapper._tokens_client
        renewed = False
        for attempt in range(1, self.attempts + 1):
            asked = False
            try:
                _ = tokens.api_key  # renews what has expired: when that fails, nothing was asked of the server
                asked = True
                return function(*args, request_options=options, **kwargs)
            except (ApiError, httpx.RequestError, ValueError) as error:
                self._redact(error)
                if asked and not repeat and _may_be_done(error):
                    raise Unconfirmed(f"nobody knows whether this was done ({say(error)})", where=where) from _shown(
                        error
                    )
                status = getattr(error, "status_code", None)
                if status == 401 and asked and not renewed and not self.is_legacy and attempt < self.attempts:
                    tokens._access_token = None  # it has expired by the server's clock, if not by ours
                    renewed = True
                    continue
                if attempt == self.attempts or not (status in PASSING or (status is None and not is_tls(error))):
                    self._fail(error, where)
                pause = _pause(error, attempt)
                logger.log(
                    logging.INFO if attempt < 3 else logging.WARNING,
                    "%s: %s; again in %.1f s",
                    where,
                    say(error),
                    pause,
                )
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _redact(self, error: Exception) -> None:
        """Take the tokens out of what the server answered: some error pages repeat the request."""
        if isinstance(error, ApiError):
            tokens = self.client._client_wrapper._tokens_client if hasattr(self, "client") else None
            secrets = [self._secret, *([tokens._access_token] if tokens and tokens._access_token else [])]
            error.body, error.headers = redact(error.body, secrets), redact(error.headers, secrets)

    def _fail(self, error: Exception, where: object) -> NoReturn:
        status = getattr(error, "status_code", None)
        cause = _shown(error)
        if status == 401:
            raise WorkbenchError(
                f"the server does not accept the token ({say(error)})",
                where=self.url,
                remedy=f"{GET_A_TOKEN}; then: {CONNECT}",
            ) from cause
        if status == 403:
            raise WorkbenchError(
                f"the token's user may not do this ({say(error)})", where=where, remedy="Ask for access to the project"
            ) from cause
        if status == 404:
            raise NotFound("there is no such thing on the server, or it was deleted", where=where) from cause
        if status is not None and status < 500 and status != 429:
            raise WorkbenchError(f"the server refuses this ({say(error)})", where=where) from cause
        raise WorkbenchError(
            f"the server gives no answer: {say(error)}",
            where=where,
            remedy=TLS if is_tls(error) else "Is it up, and is the URL right? Then run the same command again",
        ) from cause


TLS = (
    "If it has a certificate of your own authority, set SSL_CERT_FILE to the authority's certificate; if it speaks "
    "plain http, give the URL as http://"
)


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))


def _shown(error: Exception) -> Exception | None:
    """The error as a cause, for the traceback; pydantic's repeat what they were given, which may be a token."""
    return error if isinstance(error, (ApiError, httpx.RequestError)) else None


def _may_be_done(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.status_code not in NOT_DONE and (error.status_code or 500) >= 408
    return not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))


def _pause(error: Exception, attempt: int) -> float:
    headers = getattr(error, "headers", None) or {}
    asked = _seconds(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))
    return min(asked if asked is not None else 0.5 * 2 ** (attempt - 1) * random.uniform(0.8, 1.2), LONGEST_WAIT)


def _seconds(retry_after: str) -> float | None:
    """How long a Retry-After asks to wait: seconds, or until a date; None if it says neither."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
