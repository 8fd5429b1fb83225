"""Authentication of requests: a legacy token as it is, a personal access token through short-lived access tokens."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import UTC, datetime

import httpx
import jwt
from label_studio_sdk.core.api_error import ApiError

from workbench_labelstudio.http.error_text import body_of

REFRESH = "api/token/refresh/"
LEGACY, PERSONAL = "legacy", "personal"
VERSION = "api/version"  # public: a server that is no Label Studio is not told the token


class TokenRefreshError(ApiError):
    """A token refresh failed, so that the request itself was not sent."""


class TokenAuth(httpx.Auth):
    """Set the Authorization header of each request, and replace an access token that the server no longer accepts.

    Only the server's 401 says that an access token has expired: its clock and ours may differ.

    Args:
        url: of the server.
        token: a personal access token or a legacy token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._token, self._refresh_url, self._public = token, f"{url}/{REFRESH}", f"{url}/{VERSION}"
        self._kind, self.expires = token_facts(token)
        self._access: str | None = None
        self._lock = threading.Lock()

    @property
    def secrets(self) -> list[str]:
        """The tokens that no message may repeat."""
        return [self._token, *([self._access] if self._access else [])]

    def is_refresh(self, request: httpx.Request) -> bool:
        """Whether a request refreshes the access token."""
        return request.url == self._refresh_url

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Authorize a request; after a 401 once more, with a new access token.

        Raises:
            TokenRefreshError: the server gives no access token.
        """
        if request.url == self._public:
            yield request
            return
        if self._kind == LEGACY:
            request.headers["Authorization"] = f"Token {self._token}"
            yield request
            return
        refused: str | None = None
        for _ in range(2):
            with self._lock:
                if self._access == refused:
                    answer = yield httpx.Request("POST", self._refresh_url, json={"refresh": self._token})
                    self._access = _access_token(answer)
                access = self._access
            request.headers["Authorization"] = f"Bearer {access}"
            if (yield request).status_code != 401:
                return
            refused = access


def token_facts(token: str) -> tuple[str, datetime | None]:
    """The kind of a token (`LEGACY` where it is no JWT), and when it expires; None = the token does not say."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        return PERSONAL, datetime.fromtimestamp(claims["exp"], UTC)
    except jwt.InvalidTokenError:
        return LEGACY, None
    except (KeyError, TypeError, ValueError, OverflowError):
        return PERSONAL, None


def _access_token(answer: httpx.Response) -> str:
    answer.read()
    body = body_of(answer)
    if not answer.is_success:
        raise TokenRefreshError(status_code=answer.status_code, headers=dict(answer.headers), body=body)
    access = body.get("access") if isinstance(body, dict) else None
    if not isinstance(access, str) or not access.isascii():
        raise TokenRefreshError(body="the token refresh gave no access token")
    return access
