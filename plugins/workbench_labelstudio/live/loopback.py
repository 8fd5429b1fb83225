"""Whether a host is this machine alone, and whether a request comes from it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request

FORWARDED = ("forwarded", "x-forwarded-for")  # what a proxy adds; anybody may write anything into them


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host, given by its name or its address; an IPv6 one may have brackets."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_from_here(request: Request) -> bool:
    """Whether a request was sent on this machine, and was not passed on by a proxy on it."""
    host = request.client.host if request.client else ""
    return is_loopback(host) and not any(name in request.headers for name in FORWARDED)
