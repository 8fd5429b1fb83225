"""`workbench serve` with a third-party plugin that takes a second to answer; with --stall it takes long to start.

With --slow-slices, the bundle itself takes 0.3 seconds for each slice of a request.
"""

from __future__ import annotations

import sys
import threading
import time
from functools import partial

from workbench.api import build_host, hookimpl
from workbench.cli.root import build_cli

OWN = ("--stall", "--slow-slices")


class Slow:
    """Routes /slow and /started."""

    def __init__(self):
        self.lock, self.started = threading.Lock(), 0

    @hookimpl
    def register_routes(self, app, service):
        if "--stall" in sys.argv:
            sys.stderr.write("stalling\n")
            sys.stderr.flush()
            time.sleep(30)

        if "--slow-slices" in sys.argv:
            predictor = service._loaded.predictor
            predictor.predict = partial(self.predict, predictor.predict)

        @app.get("/slow")
        def slow():
            with self.lock:
                self.started += 1
            time.sleep(1)
            return "done"

        @app.get("/started")
        async def started():
            return self.started

    def predict(self, inner, texts, *, top):
        with self.lock:
            self.started += 1
        time.sleep(0.3)
        return inner(texts, top=top)


if __name__ == "__main__":
    host = build_host()
    host.register(Slow(), "slow")
    build_cli(host).main(["serve", *[argument for argument in sys.argv[1:] if argument not in OWN]])
