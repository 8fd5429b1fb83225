"""Who a token belongs to, on which server, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from workbench.api import WorkbenchError
from workbench_labelstudio.http.auth import token_claims
from workbench_labelstudio.http.connection import CONNECT_TIMEOUT, RETRY_AGAIN, TIMEOUT, TLS, Connection, NotFound
from workbench_labelstudio.http.error_text import is_tls, say
from workbench_labelstudio.http.redirects import bare, moved, origin, target_of

if TYPE_CHECKING:
    from workbench_labelstudio.http.credentials import Credentials

VERSION = "api/version"  # public: it is asked for without a token
HERE = "Give the address of its start page, such as https://host[:port][/path], without /projects and the like"
ATTEMPTS = 2


@dataclass(frozen=True)
class Identity:
    """A user of a server.

    Args:
        url: of the server.
        user: id, name and e-mail address of the token's user.
        version: of the server.
        kind: `personal` or `legacy`.
        ends: when the token expires, ISO 8601; None = never, as far as it says.
        projects: how many the user can see.
    """

    url: str
    user: dict[str, Any]
    version: str
    kind: str
    ends: str | None
    projects: int


def find_server(url: str) -> tuple[str, str]:
    """The URL of a server, of its https address where it redirects there, and its version. No token is sent.

    Args:
        url: cleaned.

    Raises:
        WorkbenchError: nothing answers there, or no Label Studio does, or it redirects to another host.
    """
    asked = f"{url}/{VERSION}"
    try:
        response = httpx.get(asked, timeout=httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT), follow_redirects=False)
    except httpx.RequestError as error:
        raise WorkbenchError(
            f"the server cannot be reached: {say(error)}",
            where=url,
            remedy=TLS if is_tls(error) else RETRY_AGAIN,
        ) from error
    if response.has_redirect_location:
        return _redirected(url, response)
    try:
        return url, str(response.raise_for_status().json()["release"])
    except httpx.HTTPStatusError as error:
        if error.response.is_server_error:
            raise WorkbenchError(f"the server is not well: {response.status_code}", where=url) from None
        raise WorkbenchError(
            f"no Label Studio answers at this address ({response.status_code})", where=url, remedy=HERE
        ) from None
    except (ValueError, KeyError, TypeError):
        raise WorkbenchError("no Label Studio answers at this address", where=url, remedy=HERE) from None


def _redirected(url: str, response: httpx.Response) -> tuple[str, str]:
    target = target_of(response)
    new = moved(url, response.request.url, target)
    is_upgrade = target.host == response.request.url.host and (response.request.url.scheme, target.scheme) == (
        "http",
        "https",
    )
    if is_upgrade:
        return find_server(new)
    if origin(target) == origin(response.request.url):
        raise WorkbenchError(
            f"no Label Studio answers at this address: it redirects to {bare(target)}", where=url, remedy=HERE
        )
    raise WorkbenchError(
        f"redirects to {bare(target)}", where=url, remedy=f"If that is the server: workbench labelstudio connect {new}"
    )


def identify(credentials: Credentials) -> Identity:
    """Ask a server whether it accepts a token, and whose it is.

    Raises:
        WorkbenchError: it does not, see `Connection.call`.
    """
    try:
        with Connection(credentials, attempts=ATTEMPTS) as connection:
            user = connection.get("api/current-user/whoami").json
            version = connection.get(VERSION).json
            projects = connection.get("api/projects", {"page_size": 1, "include": "id"}).json
        name = " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))
        who = {"id": user["id"], "name": name or user.get("username") or "", "email": user.get("email") or ""}
        return Identity(
            credentials.url, who, version["release"], *token_facts(credentials.token), int(projects["count"])
        )
    except (NotFound, AttributeError, KeyError, TypeError, ValueError):
        raise WorkbenchError("no Label Studio answers at this address", where=credentials.url, remedy=HERE) from None


def token_facts(token: str) -> tuple[str, str | None]:
    """`personal` or `legacy`, and when the token expires; None = it does not say."""
    claims = token_claims(token)
    if claims is None:
        return "legacy", None
    try:
        return "personal", datetime.fromtimestamp(claims["exp"], UTC).isoformat(timespec="seconds")
    except (KeyError, TypeError, ValueError, OverflowError):
        return "personal", None
