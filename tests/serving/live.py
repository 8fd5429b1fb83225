"""The server's application in this process, and a predictor that a test holds back."""

from __future__ import annotations

import contextlib
import threading

import httpx
import uvicorn

from workbench.api import build_host
from workbench.api.serving import listen, url_of
from workbench_serve.api import create_app
from workbench_serve.observers import Observers
from workbench_serve.server import DrainingServer
from workbench_serve.service import BundleService

PATIENCE = 30


@contextlib.contextmanager
def live(host, bundle, *, mounts=(), **more):
    """The application on a real socket, and its observers told of everything once it is closed."""
    observers = Observers(host)
    service = BundleService(host, bundle.path, observe=observers.put, **more)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(host, service, mounts), log_config=None, log_level="warning")
    server = DrainingServer(config, service.queue, grace=PATIENCE)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=url_of(listener), timeout=30) as client:
            client.service, client.server = service, server
            yield client
    finally:
        server.should_exit = True
        thread.join()
        observers.close()


class Held:
    """Stands before a predictor's `predict`: it waits until `go` is set, and keeps what it was asked."""

    def __init__(self, predictor):
        self.inner, self.asked = predictor.predict, []
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self, texts, *, top):
        self.asked.append(list(texts))
        self.begun.release()
        assert self.go.wait(PATIENCE)
        return self.inner(texts, top=top)

    def wait_for(self, calls):
        """Until so many calls have begun."""
        for _ in range(calls):
            assert self.begun.acquire(timeout=PATIENCE)


@contextlib.contextmanager
def held(service):
    """The service's predictor, held back; let go at the end at the latest."""
    held = service._loaded.predictor.predict = Held(service._loaded.predictor)
    try:
        yield held
    finally:
        held.go.set()


@contextlib.contextmanager
def held_live(bundle, *, host=None, **more):
    """A live application and its held predictor."""
    with live(host or build_host(), bundle, **more) as client, held(client.service) as predictor:
        yield client, predictor
