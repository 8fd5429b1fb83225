"""Looking at the server again after a write whose outcome is not known: it may still be at it."""

from __future__ import annotations

import time
from collections.abc import Iterator

LOOKS = (0.0, 1.0, 3.0)  # seconds before each look


def looks() -> Iterator[None]:
    """Each moment at which it is worth to look whether the server has done it by now."""
    for pause in LOOKS:
        time.sleep(pause)
        yield


def settle() -> None:
    """Wait for what the server does after all, although it was asked again meanwhile."""
    time.sleep(LOOKS[-1])
