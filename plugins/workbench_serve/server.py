"""`workbench serve`: a listening socket, the application behind it, and an orderly end."""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path
from typing import Any

import click
import uvicorn

from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.machine import cores
from workbench_serve.api import create_app
from workbench_serve.limits import Limits
from workbench_serve.observers import Observers
from workbench_serve.service import BundleService

GRACE = 30  # seconds that requests in flight have at the end
BACKLOG = 2048


def serve_bundle(
    path: Path, host: Host, *, address: str, port: int, threads: int | None, ungated: bool, limits: Limits
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
        app = create_app(host, service)
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
                timeout_graceful_shutdown=GRACE,
            )
            uvicorn.Server(config).run(sockets=[listener])
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
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
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


def url_of(listener: socket.socket) -> str:
    """The address as a browser takes it."""
    address, port, *_ = listener.getsockname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
