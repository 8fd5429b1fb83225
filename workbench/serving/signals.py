"""Orderly shutdown: the first signal ends a block, and later signals do not interrupt the shutdown."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

EXIT_CODES = {signal.SIGTERM: 0, signal.SIGINT: 130, signal.SIGHUP: 0}


@contextlib.contextmanager
def exit_on_signals(*numbers: signal.Signals) -> Iterator[None]:
    """End the block with `SystemExit` on the first signal. Later signals, and SIGHUP under `nohup`, have no effect.

    Args:
        numbers: signals to handle, out of SIGTERM, SIGINT and SIGHUP.

    Raises:
        SystemExit: 0 on SIGTERM or SIGHUP, 130 on Ctrl-C.
    """
    ending = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise SystemExit(EXIT_CODES[signal.Signals(number)])

    handled = [number for number in numbers if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN)]
    before = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
