"""`workbench serve`: run the application on a listening socket, with an orderly shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
import uvicorn

from workbench.api import Host
from workbench.api.machine import cores
from workbench.api.serving import exit_on_signals, listen, url_of
from workbench_serve.api import create_app
from workbench_serve.limits import Limits
from workbench_serve.observers import Observers
from workbench_serve.request_queue import RequestQueue
from workbench_serve.service import BundleService

SHUTDOWN_SECONDS = 5  # after the grace period, for running slices and for the 503 responses


class DrainingServer(uvicorn.Server):
    """A server with an orderly shutdown.

    After the signal, the server refuses new requests. Running requests have `grace` seconds, then they get a 503.
    """

    def __init__(self, config: uvicorn.Config, queue: RequestQueue, grace: float) -> None:
        super().__init__(config)
        self.queue, self.grace = queue, grace

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Refuse new requests after the signal."""
        self.queue.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for running requests; the event loop calls this method soon after the signal."""
        self.queue.close()
        late = asyncio.get_running_loop().call_later(self.grace, self.queue.stop)
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()
            self.queue.stop()
            if self.force_exit:  # after a second Ctrl-C, uvicorn skips this step and ends with a traceback
                await self.lifespan.shutdown()


@dataclass(frozen=True)
class ServeOptions:
    """The options of `workbench serve`.

    Args:
        address: address to listen at.
        port: TCP port; 0 = a free port.
        threads: number of prediction threads; None = one per core.
        ungated: whether to serve a bundle that the gate refused or did not check.
        limits: limits of requests and of the queue.
        grace: seconds for running requests after SIGTERM.
        mounts: names of optional routes.
    """

    address: str
    port: int
    threads: int | None
    ungated: bool
    limits: Limits
    grace: float
    mounts: tuple[str, ...]


def serve_bundle(path: Path, host: Host, options: ServeOptions) -> None:
    """Open the bundle, warm up with one text, print the URL, and serve until a signal.

    Raises:
        WorkbenchError: the bundle does not open, the gate refused the bundle, or the address is not available.
        SystemExit: with 0 on SIGTERM, 130 on Ctrl-C.
    """
    # uvicorn raises its signal again after the last response
    with exit_on_signals(signal.SIGTERM, signal.SIGINT), contextlib.closing(Observers(host)) as observers:
        service = BundleService(
            host,
            path,
            threads=options.threads or cores(),
            ungated=options.ungated,
            limits=options.limits,
            observe=observers.put,
        )
        app = create_app(host, service, options.mounts)
        with listen(options.address, options.port) as listener:
            url = url_of(listener)
            click.echo(
                f"Serving bundle {service.bundle_id} ({len(service.bundle.model.intents)} intents) at {url}"
                f" - try requests at {url}/docs",
                err=True,
            )
            config = uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(options.grace) + SHUTDOWN_SECONDS,
            )
            DrainingServer(config, service.queue, options.grace).run(sockets=[listener])
