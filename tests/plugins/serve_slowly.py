"""`workbench serve` with a third-party plugin that takes a second to answer, and can stall before it serves."""

from __future__ import annotations

import sys
import threading
import time

from workbench import build_host, hookimpl
from workbench.cli.root import build_cli


class Slow:
    """Routes /slow and /started."""

    def __init__(self):
        self.lock, self.started = threading.Lock(), 0

    @hookimpl
    def register_routes(self, app):
        if "--stall" in sys.argv:
            sys.stderr.write("stalling\n")
            sys.stderr.flush()
            time.sleep(30)

        @app.get("/slow")
        def slow():
            with self.lock:
                self.started += 1
            time.sleep(1)
            return "done"

        @app.get("/started")
        async def started():
            return self.started


if __name__ == "__main__":
    host = build_host()
    host.register(Slow(), "slow")
    build_cli(host).main(["serve", *[argument for argument in sys.argv[1:] if argument != "--stall"]])
