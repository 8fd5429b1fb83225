"""What can befall a request on its way to a Label Studio server and back, for the proxy."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.products import FULL

if TYPE_CHECKING:
    from tests.labelstudio.proxy import Exchange

LONG = 300  # seconds that the server has for an answer, and a test for its patience
PAGE = (
    b"<html>\r\n<head><title>%d Harm</title></head>\r\n<body>\r\n"
    b"<center><h1>%d Harm</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
Headers = list[tuple[str, str]]
Fault = Callable[["Exchange"], None]


def _registries(name: str) -> Callable[[Fault], Fault]:
    def name_it(fault: Fault) -> Fault:
        fault.__name__ = name
        return fault

    return name_it


def passed(exchange: Exchange) -> None:
    """No fault."""
    exchange.send(*exchange.forward())


def answer(status: int, *, after: int | None = None, done: bool = False) -> Fault:
    """Another answer, in HTML as nginx gives it.

    Args:
        status: 429, 500, 502, 504 …
        after: seconds of the header Retry-After.
        done: the server was asked before, and did it.
    """

    @_registries(f"{status} {'after' if done else 'before'}")
    def fault(exchange: Exchange) -> None:
        if done:
            exchange.forward()
        retry = [] if after is None else [("Retry-After", str(after))]
        exchange.send(status, [("Content-Type", "text/html"), *retry], PAGE % (status, status))

    return fault


def closed(exchange: Exchange) -> None:
    """The connection ends; the server was not asked."""
    exchange.cut()


def lost(exchange: Exchange) -> None:
    """The server does it, and the connection ends without its answer."""
    exchange.forward()
    exchange.cut()


def halved(exchange: Exchange) -> None:
    """The server does it, and the connection ends in the middle of its answer."""
    status, headers, body = exchange.forward()
    exchange.send(status, headers, body, part=0.5)


def swallowed(exchange: Exchange) -> None:
    """No answer ever; the server was not asked."""
    exchange.proxy.over.wait()
    exchange.cut()


def delayed(seconds: float, fault: Fault = passed) -> Fault:
    """Late."""

    @_registries(f"{fault.__name__} {seconds:g} s late")
    def late(exchange: Exchange) -> None:
        exchange.proxy.over.wait(seconds)
        fault(exchange)

    return late


def late(seconds: float) -> Fault:
    """504 at once, as a proxy that lost patience; the server does it some seconds later."""

    @_registries(f"504, done {seconds:g} s later")
    def fault(exchange: Exchange) -> None:
        threading.Timer(seconds, exchange.forward).start()
        exchange.send(504, [("Content-Type", "text/html")], PAGE % (504, 504))

    return fault


def late_until_asked_again() -> tuple[Fault, Fault]:
    """For a request and its repetition: 504 at once; then both are done, what was asked again half a second before."""
    again, pause = threading.Event(), 0.5

    @_registries("504, done after its repetition")
    def first(exchange: Exchange) -> None:
        def done() -> None:
            again.wait(LONG)
            exchange.proxy.over.wait(pause)
            exchange.forward()

        threading.Thread(target=done, daemon=True).start()
        exchange.send(504, [("Content-Type", "text/html")], PAGE % (504, 504))

    @_registries("repetition")
    def second(exchange: Exchange) -> None:
        done = exchange.forward()
        again.set()
        exchange.send(*done)

    return first, second


class Held:
    """A fault that holds a request until `go` is set; `begun` is set when there is one."""

    __name__ = "held"

    def __init__(self, fault: Fault = passed) -> None:
        self.fault, self.begun, self.go = fault, threading.Event(), threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self.begun.set()
        self.go.wait(LONG)
        self.fault(exchange)


MIXED = (
    *(answer(status) for status in (500, 502, 504)),
    *(answer(status, done=True) for status in (500, 502, 504)),
    *(answer(429, after=1), closed, lost, halved, delayed(0.3)),
)


BEFORE, AFTER = answer(502), answer(500, done=True)
WRITES, READS = (BEFORE, AFTER, closed, lost, halved), (BEFORE, halved)
PAIRWISE = ((BEFORE, lost, halved), (AFTER, closed, halved))  # whether it was done x what the client sees


def cases(requests: Mapping[str, tuple[str, str]]) -> list[Any]:
    """Which fault befalls which request, for a test's parameters.

    A fault of a write is a pair: whether the server did what was asked, and what the client sees (an error, no answer,
    half of one). Each request meets both of the first and all of the second, and so does each of the first all of the
    second, over the requests. A read changes nothing, so that what the client sees is all.

    Args:
        requests: name -> method and path.
    """
    some = itertools.cycle([WRITES] if FULL else PAIRWISE)
    return [
        pytest.param(kind, fault, id=f"{kind}-{fault.__name__}")
        for kind, (method, _) in requests.items()
        for fault in (next(some) if method != "GET" else READS)
    ]
