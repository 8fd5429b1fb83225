"""What a server answered when something went wrong, in words of one line and without secrets."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from label_studio_sdk.core.api_error import ApiError

LONGEST = 300  # characters
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
MASK = "[token]"


def body_of(response: httpx.Response) -> Any:
    """The JSON of an answer, else its text."""
    try:
        return response.json()
    except ValueError:
        return response.text


def say(error: BaseException) -> str:
    """What went wrong, in one line."""
    if isinstance(error, ApiError):
        return ": ".join(filter(None, (str(error.status_code or ""), _said(error.body))))
    if isinstance(error, httpx.RequestError):
        words = _line(str(error))
        return f"{type(error).__name__}: {words}" if words else type(error).__name__
    return "it sent something else than the JSON of Label Studio"


def redirect_target(base: str, error: ApiError) -> str | None:
    """Where an answer of the server at `base` redirects to, without its query; None for any other answer."""
    location = (error.headers or {}).get("location")
    if not location or not 300 <= (error.status_code or 0) < 400:
        return None
    try:
        return str(httpx.URL(base).join(location).copy_with(query=None, fragment=None, userinfo=b""))
    except httpx.InvalidURL:
        return "no address"


def is_tls(error: BaseException | None) -> bool:
    """Whether a connection failed over its encryption, which the next attempt does not mend."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or (
            isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER"
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def redact(value: Any, secrets: Sequence[str]) -> Any:
    """JSON with a mask for every secret in its texts."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, Mapping):
        return {redact(key, secrets): redact(item, secrets) for key, item in value.items()}
    return [redact(item, secrets) for item in value] if isinstance(value, list) else value


def _said(body: Any) -> str:
    if isinstance(body, Mapping):
        problems = body.get("validation_errors")
        if isinstance(problems, Mapping):
            return _line("; ".join(_problem(str(name), texts) for name, texts in problems.items()))
        return _line(str(body.get("detail") or dict(body)))
    text = str(body or "")
    if text.lstrip()[:1] == "<":
        title = TITLE.search(text)
        return _line(f"a web page called {title[1].strip()!r}" if title else "a web page")
    return _line(text)


def _problem(field: str, texts: Any) -> str:
    said = " ".join(str(text) for text in texts if text) if isinstance(texts, list) else str(texts)
    return said if field == "non_field_errors" else f"{field}: {said}"


def _line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
