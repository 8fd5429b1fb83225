"""Redirects: followed only where neither the token nor a write can get lost."""

from __future__ import annotations

import httpx

from workbench.api import WorkbenchError


def refuse_redirect(response: httpx.Response, base: str) -> None:
    """Raise if an answer sends the request elsewhere; a read within the same origin may be sent on.

    To another origin the HTTP library would not send the header that holds the token, but it would send the body, in
    which a personal access token stands when it is exchanged; and it would make a read of most writes.

    Raises:
        WorkbenchError: it does; with the URL to connect to.
    """
    if not response.has_redirect_location:
        return
    asked = response.request
    target = target_of(response)
    if asked.method in ("GET", "HEAD") and origin(asked.url) == origin(target):
        return
    raise WorkbenchError(
        f"the server redirects to {bare(target)}; the token and what is written are not sent there",
        where=bare(asked.url),
        remedy=f"If that address is right, run: workbench labelstudio connect {moved(base, asked.url, target)}",
    )


def target_of(response: httpx.Response) -> httpx.URL:
    """Where a redirect leads.

    Raises:
        WorkbenchError: to no address.
    """
    try:
        return response.request.url.join(response.headers["location"])
    except httpx.InvalidURL:
        raise WorkbenchError("the server redirects to no address", where=bare(response.request.url)) from None


def moved(base: str, asked: httpx.URL, target: httpx.URL) -> str:
    """The base URL after a redirect: the target without the path below the old base."""
    below = asked.path.removeprefix(httpx.URL(base).path.rstrip("/")).strip("/")
    path = target.path.rstrip("/")
    kept = path.removesuffix(below) if path.endswith(f"/{below}") else "/"
    return str(target.copy_with(path=kept or "/", query=None, fragment=None, userinfo=b"")).rstrip("/")


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def bare(url: httpx.URL) -> str:
    """The URL without a query, which may hold anything."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))
