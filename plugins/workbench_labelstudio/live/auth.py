"""Who may ask: Basic auth, compared in constant time; without a login, this machine alone."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging

from fastapi import HTTPException, Request

from workbench_labelstudio.live.events import right_secret
from workbench_labelstudio.live.loopback import is_from_here
from workbench_labelstudio.live.settings import PASSWORD, USER, Settings

logger = logging.getLogger(__name__)


class Guard:
    """Decides who is answered, and says once in the log why somebody is not.

    Args:
        settings: the login and the secret.
    """

    def __init__(self, settings: Settings) -> None:
        self.login, self.secret = settings.login, settings.secret
        self._said: set[str] = set()

    async def __call__(self, request: Request) -> None:
        """Let a request pass; its body need not have been read.

        Raises:
            HTTPException: 401, it gives no login or a wrong one, or comes from elsewhere where there is no login.
        """
        if self.login is not None:
            self._check(self._wrong_login(request.headers.get("authorization", "")))
        elif not is_from_here(request):
            self._check(f"it comes from another machine, or by a proxy, and {USER} and {PASSWORD} are not set")

    async def webhook(self, request: Request) -> None:
        """As `__call__`, for webhooks, which cannot log in: the secret is as good.

        Raises:
            HTTPException: 401, it gives neither.
        """
        if self.secret is None or not right_secret(request.headers, self.secret):
            await self(request)

    def _check(self, why: str) -> None:
        if not why:
            return
        if why not in self._said:
            self._said.add(why)
            logger.warning("a request of Label Studio is refused: %s", why)
        raise HTTPException(401, "not for you; the server's log says why", headers={"WWW-Authenticate": "Basic"})

    def _wrong_login(self, header: str) -> str:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        assert self.login is not None
        expected = f"{self.login.user}:{self.login.password}"
        right = [hmac.compare_digest(given, expected.encode(encoding)) for encoding in ("latin-1", "utf-8")]
        if any(right):
            return ""
        return "it gives a wrong login" if given else "it gives no login"
