"""Ending in order: the first signal unwinds the program, and none after it cuts that short."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

EXITS = {signal.SIGTERM: 0, signal.SIGHUP: 0, signal.SIGINT: 130}


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a signal end the block with `SystemExit`; further ones change nothing, nor does a SIGHUP under `nohup`.

    Raises:
        SystemExit: with 0 on SIGTERM or SIGHUP, 130 on Ctrl-C.
    """
    ending = False

    def stop(number: int, _: Any) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise SystemExit(EXITS[signal.Signals(number)])

    heeded = [number for number in EXITS if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN)]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
