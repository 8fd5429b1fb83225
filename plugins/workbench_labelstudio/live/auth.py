"""Who may send requests: Basic auth, compared in constant time; without a login, this machine alone."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from base64 import b64encode

from fastapi import HTTPException, Request

from workbench_labelstudio.live.events import SECRET
from workbench_labelstudio.live.settings import PASSWORD, USER, Settings

FORWARDED = ("forwarded", "x-forwarded-for")  # what a proxy adds; anybody may write anything into them
logger = logging.getLogger(__name__)


class Guard:
    """Refuses requests without the login, and says why in the log, each reason once.

    Args:
        settings: the login and the secret.
    """

    def __init__(self, settings: Settings) -> None:
        self.login, self.secret = settings.login, settings.secret
        self._logged: set[str] = set()

    async def __call__(self, request: Request) -> None:
        """Let a request pass; its body need not have been read.

        Raises:
            HTTPException: 401, the login is missing or wrong; or there is none and the request comes from elsewhere.
        """
        if self.login is None:
            passes = is_local(request)
            problem = f"it comes from another machine, or by a proxy, and {USER} and {PASSWORD} are not set"
        else:
            scheme, _, sent = request.headers.get("authorization", "").partition(" ")
            expected = [b64encode(":".join(self.login).encode(encoding)) for encoding in ("latin-1", "utf-8")]
            passes = scheme.lower() == "basic" and any(_same(sent.strip(), one) for one in expected)
            problem = "it gives a wrong login" if sent else "it gives no login"
        if passes:
            return
        if problem not in self._logged:
            self._logged.add(problem)
            logger.warning("a request of Label Studio is refused: %s", problem)
        raise HTTPException(401, "not for you; the server's log says why", headers={"WWW-Authenticate": "Basic"})

    async def webhook(self, request: Request) -> None:
        """Let a webhook pass, which cannot log in: the secret will do.

        Raises:
            HTTPException: 401, see `__call__`.
        """
        if self.secret is None or not _same(request.headers.get(SECRET, ""), self.secret.encode()):
            await self(request)


def is_local(request: Request) -> bool:
    """Whether a request was sent on this machine, and not passed on by a proxy."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback and not any(name in request.headers for name in FORWARDED)


def _same(header: str, expected: bytes) -> bool:
    """Whether a header, which servers decode as Latin-1, has this value."""
    return hmac.compare_digest(header.encode("latin-1"), expected)
