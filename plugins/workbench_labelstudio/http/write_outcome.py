"""Pauses before a look at the server after a write whose outcome is unknown; the server may still be busy with it."""

from __future__ import annotations

import time
from collections.abc import Iterator

LOOKS = (0.0, 1.0, 3.0)  # seconds before each look


def looks() -> Iterator[None]:
    """Pause before each look whether the server has carried out the write."""
    for pause in LOOKS:
        time.sleep(pause)
        yield


def settle() -> None:
    """Wait for a first request that the server may still carry out after the second one."""
    time.sleep(LOOKS[-1])
