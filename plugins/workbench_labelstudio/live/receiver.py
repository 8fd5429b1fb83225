"""A small web server that hears webhooks: it notes that something happened, and answers at once.

Label Studio waits a second, in the middle of the annotator's request, so nothing is done here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request

from workbench.api import WorkbenchError
from workbench_labelstudio.live.events import Event, right_secret
from workbench_labelstudio.live.loopback import is_from_here
from workbench_labelstudio.live.wire import hear

PATH = "/webhook"
MOST_BYTES = 1_000_000
PATIENCE = 10  # seconds for the server to start


def create_app(
    project: int, secret: str, hint: Callable[[Event], None], status: Callable[[], Any], *, public: bool
) -> FastAPI:
    """The application.

    Args:
        project: events of others are not passed on.
        secret: what the header `SECRET` of a webhook must hold.
        hint: told of every event; it must return at once.
        status: what GET /status answers.
        public: others than this machine have a way in, so that the status, too, is told to those who know the secret.
    """
    app = FastAPI(title="Intent workbench: watch", docs_url=None, redoc_url=None, openapi_url=None)

    async def knows_secret(request: Request) -> None:
        if not right_secret(request.headers, secret):
            raise HTTPException(401, "the secret is missing or wrong")

    async def may_look(request: Request) -> None:
        if public or not is_from_here(request):
            await knows_secret(request)

    @app.post(PATH, dependencies=[Depends(knows_secret)])
    async def webhook(request: Request) -> dict[str, bool]:
        """Note the event."""
        event = await hear(request, MOST_BYTES)
        if event is None or not event.concerns({project}):
            return {"noted": False}
        hint(event)
        return {"noted": True}

    @app.get("/status", dependencies=[Depends(may_look)])
    async def show_status() -> dict[str, Any]:
        """How it stands."""
        return dict(status())

    return app


@contextlib.contextmanager
def receiving(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Serve the application on a listening socket, in a thread, while the block lasts.

    Raises:
        WorkbenchError: it does not start.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="receiver", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise WorkbenchError("the receiver does not start", where=url_of(listener))
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


def listen(address: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        WorkbenchError: the port is in use, or the address is not ours.
    """
    try:
        family, *_ = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((address, port), family=family)
    except OSError as error:
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise WorkbenchError(
            f"cannot listen there: {why}",
            where=f"{address}:{port}",
            remedy="Choose another --host or --port; --port 0 takes a free one",
        ) from error


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket."""
    address, port, *_ = listener.getsockname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
