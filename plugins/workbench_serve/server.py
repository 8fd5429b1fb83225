"""`workbench serve`: a listening socket, the application behind it, and an orderly end."""

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

LAST = 5  # seconds after the grace period: a slice comes to its end, and the refusals are sent


class DrainingServer(uvicorn.Server):
    """A server that ends in order.

    From the signal on, new requests are refused. Those in flight have `grace` seconds, then they are refused, too.
    """

    def __init__(self, config: uvicorn.Config, queue: RequestQueue, grace: float) -> None:
        super().__init__(config)
        self.queue, self.grace = queue, grace

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Refuse new requests from the signal on."""
        self.queue.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for the requests in flight; called in the event loop soon after the signal."""
        self.queue.close()
        late = asyncio.get_running_loop().call_later(self.grace, self.queue.stop)
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()
            self.queue.stop()
            if self.force_exit:  # at a second Ctrl-C, uvicorn would leave this out, to end with a traceback
                await self.lifespan.shutdown()


@dataclass(frozen=True)
class ServeOptions:
    """The options of `workbench serve`.

    Args:
        address: to listen at.
        port: 0 takes a free one.
        threads: texts that are predicted at the same time; None = one per core.
        ungated: serve also a bundle that the gate refused or never judged.
        limits: of requests.
        grace: seconds after a SIGTERM for requests in flight.
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
    """Open the bundle, warm up with one text, announce the address and serve until a signal comes.

    Raises:
        WorkbenchError: the bundle does not open, the gate refused it, or the address cannot be listened at.
        SystemExit: with 0 on SIGTERM, 130 on Ctrl-C.
    """
    # uvicorn raises the signal that ended it once more when all requests have their response
    with exit_on_signals(signal.SIGTERM, signal.SIGINT), contextlib.closing(Observers(host)) as observers:
        service = BundleService(
            host,
            path,
            threads=options.threads or cores(),
            ungated=options.ungated,
            limits=options.limits,
            observe=observers.tell,
        )
        app = create_app(host, service, options.mounts)
        with listen(options.address, options.port) as listener:
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
                timeout_graceful_shutdown=math.ceil(options.grace) + LAST,
            )
            DrainingServer(config, service.queue, options.grace).run(sockets=[listener])
