"""A connection to a Label Studio server: the SDK on one HTTP client, its retries, and errors in one line.

The SDK retries every request that fails with a 5xx, also a write that the server may have done. So the SDK's retries
are switched off. Here a read is retried. A write whose outcome is unknown raises `Unconfirmed`, and the caller looks at
the server before it sends the write again. No redirect is followed: the token would be lost or told to another server,
and most writes would become reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from workbench.api import WorkbenchError
from workbench_labelstudio.http.auth import TokenAuth, TokenRefreshError
from workbench_labelstudio.http.credentials import CONNECT, GET_A_TOKEN, Credentials
from workbench_labelstudio.http.error_text import body_of, is_tls, redact, redirect_target, say

ATTEMPTS = 6
LONGEST_WAIT = 20.0  # seconds, also when the server asks for more
TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0
# Seconds; less than the shortest pause before a retry, so that a retry gets a new socket. A fault can close the
# database connection of the server's thread behind a socket; every later request on that socket is answered with a 500.
IDLE = 0.25
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
RETRY_AGAIN = "Is it up, and is the URL right? Then run the same command again"
TLS = (
    "If it has a certificate of your own authority, set SSL_CERT_FILE to the authority's certificate; if it speaks "
    "plain http, give the URL as http://"
)
Result = TypeVar("Result")
backoff = wait_exponential(multiplier=0.4, max=LONGEST_WAIT) + wait_random(0, 0.2)  # seconds: 0.4 to 0.6, 0.8 to 1, …
logger = logging.getLogger(__name__)


class Unconfirmed(WorkbenchError):
    """The outcome of a write is unknown: its response was lost, or was a 5xx."""


class NotFound(WorkbenchError):
    """The server has no such object, or this user may not see it."""


@dataclass(frozen=True)
class JsonResponse:
    """A JSON response with its headers, whose `date` is the server's clock."""

    json: Any
    headers: Mapping[str, str]


class Connection(AbstractContextManager["Connection"]):
    """A connection to a server as one user; a `with` block closes its sockets.

    Args:
        credentials: the server and the token.
        timeout: seconds to wait for a response; `call` and `get` may wait longer.
        attempts: how often a request is sent before it fails.
    """

    def __init__(self, credentials: Credentials, *, timeout: float = TIMEOUT, attempts: int = ATTEMPTS) -> None:
        self.url, self.timeout, self.attempts = credentials.url, timeout, attempts
        self._auth = TokenAuth(self.url, credentials.token)
        logging.getLogger("httpcore").setLevel(logging.INFO)  # DEBUG logs the headers of responses, cookies too
        limits = httpx.Limits(max_connections=100, keepalive_expiry=IDLE)
        self.http = httpx.Client(auth=self._auth, limits=limits, follow_redirects=False)
        # TokenAuth sets the header of every request; with the real token the SDK would refresh it a second time
        self.client = LabelStudio(  # type: ignore[no-untyped-call]
            base_url=self.url, api_key="replaced by TokenAuth", httpx_client=self.http
        )

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> JsonResponse:
        """Read JSON; the SDK builds a model of every task, which costs more than the request. See `request`."""
        return self.request("GET", path, params=params, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        where: object = None,
        timeout: float | None = None,
    ) -> JsonResponse:
        """Send a request that may be sent twice and for which the SDK has no method.

        `path` is below the URL, such as `api/tasks`. For `where`, `timeout` and the errors see `call`.
        """
        url = f"{self.url}/{path}"

        def send(request_options: Any) -> JsonResponse:
            response = self.http.request(method, url, params=params, json=json, timeout=request_options["timeout"])
            if not response.is_success:
                raise ApiError(status_code=response.status_code, headers=dict(response.headers), body=body_of(response))
            return JsonResponse(response.json() if response.content else None, response.headers)

        return self.call(send, where=where or url, timeout=timeout)

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
            where: subject of the error message; None = the server.
            repeat: whether the request may be sent twice. False for a write that is no update or deletion: it is
                retried only if the server has surely not done it.
            timeout: seconds to wait for the response; None = the connection's.
            kwargs: for it.

        Raises:
            Unconfirmed: `repeat` is False, and the outcome is unknown.
            NotFound: 404.
            WorkbenchError: the server cannot be reached, refuses, or redirects to another address.
        """
        where, seconds = where or self.url, timeout or self.timeout
        limits = httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))

        def note(state: RetryCallState) -> None:
            level = logging.INFO if state.attempt_number < 3 else logging.WARNING
            said = say(self._redacted(_error(state)))
            logger.log(level, "%s: %s; again in %.1f s", where, said, state.upcoming_sleep)

        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            retry=retry_if_exception(lambda error: _is_transient(error) and (repeat or not self._may_be_done(error))),
            wait=_pause,
            before_sleep=note,
            reraise=True,
        )
        try:
            return retrying(function, *args, request_options={"max_retries": 0, "timeout": limits}, **kwargs)
        except (ApiError, httpx.RequestError, ValueError) as error:
            self._redacted(error)
            # pydantic's errors repeat what they were given, which may be a token
            cause = error if isinstance(error, (ApiError, httpx.RequestError)) else None
            if not repeat and self._may_be_done(error):
                raise Unconfirmed(f"nobody knows whether this was done ({say(error)})", where=where) from cause
            raise self._failure(error, where) from cause

    def _redacted(self, error: BaseException) -> BaseException:
        """Mask the tokens in an error response, since some error pages repeat the request."""
        if isinstance(error, ApiError):
            error.body, error.headers = (redact(part, self._auth.secrets) for part in (error.body, error.headers))
        return error

    def _may_be_done(self, error: BaseException) -> bool:
        """Whether the server may have carried out a request that failed."""
        if isinstance(error, TokenRefreshError):
            return False
        if isinstance(error, ApiError):
            return error.status_code == 408 or (error.status_code or 500) >= 500
        if isinstance(error, httpx.RequestError) and self._auth.is_refresh(error.request):
            return False
        return not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))

    def _failure(self, error: Exception, where: object) -> WorkbenchError:
        status = getattr(error, "status_code", None) or 0
        if status == 404:
            return NotFound("there is no such thing on the server, or it was deleted", where=where)
        what, remedy = f"the server gives no answer: {say(error)}", TLS if is_tls(error) else RETRY_AGAIN
        if status == 401:
            expires, where = self._auth.expires, self.url
            why = "it has expired" if expires and expires < datetime.now(UTC) else say(error)
            what, remedy = f"the server does not accept the token ({why})", f"{GET_A_TOKEN}; then: {CONNECT}"
        elif status == 403:
            what, remedy = f"the token's user may not do this ({say(error)})", "Ask for access to the project"
        elif isinstance(error, ApiError) and (target := redirect_target(self.url, error)):
            what = f"the server redirects to {target}; nothing is sent there"
            remedy = f"If that address is right, run: workbench labelstudio connect {target.partition('/api/')[0]}"
        elif 0 < status < 500 and status not in TRANSIENT:
            return WorkbenchError(f"the server refuses this ({say(error)})", where=where)
        return WorkbenchError(what, where=where, remedy=remedy)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, ApiError):
        return error.status_code in TRANSIENT or error.status_code is None
    return isinstance(error, (httpx.RequestError, ValueError)) and not is_tls(error)


def _error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    assert error is not None  # only failed attempts are retried
    return error


def _pause(state: RetryCallState) -> float:
    """Seconds until the next attempt: the server's Retry-After, else an exponential backoff."""
    wanted = (getattr(_error(state), "headers", None) or {}).get("retry-after", "")
    return min(float(wanted) if wanted.isdecimal() else backoff(state), LONGEST_WAIT)
