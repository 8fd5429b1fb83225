"""A reverse proxy on loopback between a client and a Label Studio server, which does harm where it is told to.

    with Proxy(label_studio.url) as proxy:  # prefix="/label-studio" puts the server below a sub-path
        proxy.harm(answer(502), method="POST", path=r"/import/predictions", times=2)
        ...
        assert proxy.seen("POST", "/import/predictions") == 3

A fault is a function of an `Exchange`, see `labelstudio_harm`. What no rule concerns is passed on.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.labelstudio.harm import LONG, MIXED, PAGE, Fault, Headers, passed

HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass
class Seen:
    """A request as it came in: no values of headers, which hold tokens."""

    method: str
    path: str  # without the prefix
    query: str
    headers: tuple[str, ...]
    fault: str = ""
    status: int = 0  # what the server said; 0 if it was not asked


class Exchange:
    """One request, and the ways to deal with it."""

    def __init__(self, handler: BaseHTTPRequestHandler, proxy: Proxy, seen: Seen, body: bytes) -> None:
        self.handler, self.proxy, self.seen, self.body = handler, proxy, seen, body
        # copied, because the handler goes on to the next request of its connection while a fault is still at this one
        self.headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP}

    def forward(self) -> tuple[int, Headers, bytes]:
        """Let the server do it, and give its answer; 502 if it is down."""
        target = f"{self.seen.path}?{self.seen.query}" if self.seen.query else self.seen.path
        server = http.client.HTTPConnection(self.proxy.server, timeout=LONG)
        try:
            server.request(self.seen.method, target, self.body or None, self.headers)
            answer = server.getresponse()
            self.seen.status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 502, [("Content-Type", "text/html")], PAGE % (502, 502)
        finally:
            server.close()
        return answer.status, [self._kept(*header) for header in answer.getheaders()], content

    def send(self, status: int, headers: Headers, body: bytes, *, part: float = 1.0) -> None:
        """Answer; with `part` below 1 the connection ends in the middle of the body."""
        handler = self.handler
        handler.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP | {"content-length"}:
                handler.send_header(name, value)
        if status not in (204, 304):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body[: int(len(body) * part)])
        handler.wfile.flush()
        if part < 1:
            self.cut()

    def cut(self) -> None:
        """End the connection."""
        self.handler.close_connection = True

    def _kept(self, name: str, value: str) -> tuple[str, str]:
        moved = name.lower() == "location" and value.startswith("/")
        return name, self.proxy.prefix + value if moved else value


@dataclass
class Rule:
    """Which requests a fault befalls: the method, a part of the path (regular expression), not the first `skip`."""

    fault: Fault
    method: str | None = None
    path: str = ""
    times: int | None = 1
    skip: int = 0

    def concerns(self, seen: Seen) -> bool:
        """Whether it befalls this request; counts."""
        if self.times == 0 or self.method not in (None, seen.method) or not re.search(self.path, seen.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Proxy:
    """The proxy; it listens inside `with`.

    Args:
        upstream: the URL of the server.
        prefix: a path below which the server is found, such as `/label-studio`; "" for none.
    """

    upstream: str
    prefix: str = ""
    requests: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = urlsplit(self.upstream).netloc
        self.over, self._lock = threading.Event(), threading.Lock()
        self._rules: list[Rule] = []
        self._rate, self._random = 0.0, random.Random()
        self._listener = _Listener(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._listener.server_port}{self.prefix}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown()
        self._listener.server_close()

    def harm(
        self, fault: Fault, method: str | None = None, path: str = "", *, times: int | None = 1, skip: int = 0
    ) -> Rule:
        """Let a fault befall the next `times` requests that fit (None = all), after the first `skip` of them."""
        with self._lock:
            self._rules.append(Rule(fault, method, path, times, skip))
            return self._rules[-1]

    def fail(self, rate: float, seed: int) -> None:
        """Let one of `MIXED` befall a part of all requests, at random; a rate of 0 ends it."""
        with self._lock:
            self._rate, self._random = rate, random.Random(seed)

    def heal(self) -> None:
        """No faults any more."""
        with self._lock:
            self._rules.clear()
            self._rate = 0.0

    def seen(self, method: str | None = None, path: str = "") -> int:
        """How many requests came in."""
        with self._lock:
            return sum(method in (None, seen.method) and bool(re.search(path, seen.path)) for seen in self.requests)

    def said(self, fault: Fault) -> list[int]:
        """What the server said to the requests that a fault befell; 0 where it was not asked, or is not done yet."""
        with self._lock:
            return [seen.status for seen in self.requests if seen.fault == fault.__name__]

    def fault_for(self, seen: Seen) -> Fault:
        """Note a request and choose what befalls it."""
        with self._lock:
            self.requests.append(seen)
            rule = next((rule for rule in self._rules if rule.concerns(seen)), None)
            fault = rule.fault if rule else passed
            if not rule and self._random.random() < self._rate:
                fault = self._random.choice(MIXED)
            seen.fault = "" if fault is passed else fault.__name__
            return fault


class _Listener(ThreadingHTTPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 64


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1
        timeout = LONG

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # the client is gone
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (ConnectionError, ValueError):
                self.close_connection = True

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                body = b"".join(iter(self._chunk, b""))
            path, _, query = self.path.partition("?")
            seen = Seen(self.command, path.removeprefix(proxy.prefix), query, tuple(self.headers.keys()))
            exchange = Exchange(self, proxy, seen, body)
            fault = proxy.fault_for(seen)
            if not path.startswith(f"{proxy.prefix}/"):
                return exchange.send(404, [("Content-Type", "text/html")], PAGE % (404, 404))
            return fault(exchange)

        def _chunk(self) -> bytes:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            return chunk

        def log_message(self, *_: Any) -> None:
            """Nothing."""

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do  # noqa: N815

    return Handler
