"""`workbench serve`: a listening socket, the application behind it, and an orderly end."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import click
import uvicorn

from workbench.api import Host, WorkbenchError
from workbench.api.machine import cores
from workbench_serve.api import create_app
from workbench_serve.limits import Limits
from workbench_serve.observers import Observers
from workbench_serve.service import BundleService
from workbench_serve.turns import Turns

LAST = 5  # seconds after the grace period: a slice comes to its end, and the refusals are sent
BACKLOG = 2048


class Server(uvicorn.Server):
    """A server that ends in order.

    From the signal on, new requests are refused; those in flight are answered for `grace` seconds, then refused.
    """

    def __init__(self, config: uvicorn.Config, turns: Turns, grace: float) -> None:
        super().__init__(config)
        self.turns, self.grace = turns, grace

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On the signal."""
        self.turns.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Soon after it, in the loop."""
        self.turns.close()
        late = asyncio.get_running_loop().call_later(self.grace, self.turns.stop)
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()
            self.turns.stop()
            if self.force_exit:  # at a second Ctrl-C, uvicorn would leave this out, to end with a traceback
                await self.lifespan.shutdown()


def serve_bundle(
    path: Path,
    host: Host,
    *,
    address: str,
    port: int,
    threads: int | None,
    ungated: bool,
    limits: Limits,
    grace: float,
    mounts: Sequence[str] = (),
) -> None:
    """Open the bundle, answer one text to warm up, announce the address and serve until a signal comes.

    Raises:
        WorkbenchError: the bundle does not open, is not to be served, or the address cannot be listened at.
        SystemExit: with 0 on SIGTERM, 130 on Ctrl-C.
    """
    before = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    observers = Observers(host)
    try:
        service = BundleService(
            host, path, threads=threads or cores(), ungated=ungated, limits=limits, answered=observers.tell
        )
        app = create_app(host, service, mounts)
        with listen(address, port) as listener:
            url = url_of(listener)
            click.echo(
                f"Serving bundle {service.bundle_id} ({len(service.bundle.model.intents)} intents) at {url}"
                f" - try it at {url}/docs",
                err=True,
            )
            config = uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(grace) + LAST,
            )
            Server(config, service.turns, grace).run(sockets=[listener])
    finally:
        observers.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: Any) -> None:
    # uvicorn raises the signal that ended it once more when all is answered, and this is where it arrives
    raise SystemExit(0 if number == signal.SIGTERM else 130)


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens at an IPv4 or IPv6 address, or at a host's name.

    Raises:
        WorkbenchError: the port is in use, or the address is not ours.
    """
    place = f"{address}:{port}"
    try:
        family, *_ = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise WorkbenchError(
                "another program listens there already",
                where=place,
                remedy="Stop it, or choose another port; --port 0 takes a free one",
            ) from error
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise WorkbenchError(
            f"cannot listen there: {why}", where=place, remedy="Choose another --host or --port"
        ) from error
    # a response is two writes; without the flag the second one waits for the client's delayed ACK (40 ms).
    # Accepted connections inherit the flag.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address as a browser takes it."""
    address, port, *_ = listener.getsockname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
