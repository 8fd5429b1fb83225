"""Who a token belongs to, on which server, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from workbench.api import WorkbenchError
from workbench_labelstudio.http.auth import token_facts
from workbench_labelstudio.http.connection import CONNECT_TIMEOUT, RETRY_AGAIN, TIMEOUT, TLS, Connection, NotFound
from workbench_labelstudio.http.error_text import is_tls, say
from workbench_labelstudio.http.redirects import bare, moved, origin, target_of

if TYPE_CHECKING:
    from workbench_labelstudio.http.credentials import Credentials

VERSION = "api/version"  # public: it is asked for without a token
HERE = "Give the address of its start page, such as https://host[:port][/path], without /projects and the like"
NO_SERVER = "no Label Studio answers at this address"
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


def find_server(url: str) -> str:
    """The URL of a server, of its https address where it redirects there. No token is sent.

    Args:
        url: cleaned.

    Raises:
        WorkbenchError: nothing answers there, or no Label Studio does, or it redirects to another host.
    """
    timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    try:
        response = httpx.get(f"{url}/{VERSION}", timeout=timeout, follow_redirects=False)
    except httpx.RequestError as error:
        remedy = TLS if is_tls(error) else RETRY_AGAIN
        raise WorkbenchError(f"the server cannot be reached: {say(error)}", where=url, remedy=remedy) from error
    if response.has_redirect_location:
        return _redirected(url, response)
    if response.is_server_error:
        raise WorkbenchError(f"the server is not well: {response.status_code}", where=url)
    try:
        response.json()["release"]
    except (ValueError, KeyError, TypeError):
        raise WorkbenchError(f"{NO_SERVER} ({response.status_code})", where=url, remedy=HERE) from None
    return url


def _redirected(url: str, response: httpx.Response) -> str:
    """Follow a redirect to https of the same host, and name any other."""
    asked, target = response.request.url, target_of(response)
    new = moved(url, asked, target)
    if (asked.host, asked.scheme, target.scheme) == (target.host, "http", "https"):
        return find_server(new)
    if origin(target) == origin(asked):
        raise WorkbenchError(f"{NO_SERVER}: it redirects to {bare(target)}", where=url, remedy=HERE)
    remedy = f"If that is the server: workbench labelstudio connect {new}"
    raise WorkbenchError(f"redirects to {bare(target)}", where=url, remedy=remedy)


def identify(credentials: Credentials) -> Identity:
    """Ask a server whether it accepts a token, and whose it is.

    Raises:
        WorkbenchError: it does not, see `Connection.call`.
    """
    try:
        with Connection(credentials, attempts=ATTEMPTS) as connection:
            user = connection.get("api/current-user/whoami").json
            version = connection.get(VERSION).json["release"]
            projects = int(connection.get("api/projects", {"page_size": 1, "include": "id"}).json["count"])
        name = " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))
        who = {"id": user["id"], "name": name or user.get("username") or "", "email": user.get("email") or ""}
    except (NotFound, AttributeError, KeyError, TypeError, ValueError):
        raise WorkbenchError(NO_SERVER, where=credentials.url, remedy=HERE) from None
    return Identity(credentials.url, who, version, *kind_and_end(credentials.token), projects)


def kind_and_end(token: str) -> tuple[str, str | None]:
    """`personal` or `legacy`, and when the token expires, ISO 8601; None = it does not say."""
    is_legacy, expires = token_facts(token)
    return "legacy" if is_legacy else "personal", expires.isoformat(timespec="seconds") if expires else None
