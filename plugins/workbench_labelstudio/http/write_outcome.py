"""Writes whose outcome is unknown: a look at the server before they are sent again; it may still be busy with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from workbench_labelstudio.http.connection import Unconfirmed

LOOKS = (0.0, 1.0, 3.0)  # seconds before each look
TRIES = 3
Made = TypeVar("Made")
logger = logging.getLogger(__name__)


def make_once(make: Callable[[], object], find: Callable[[], Made | None]) -> Made | None:
    """Make something on the server, and find it there; after a lost response, look for it before trying again.

    Args:
        make: sends the request, see `Connection.call` with `repeat=False`.
        find: looks for what it makes; None = it is not there.

    Raises:
        Unconfirmed: the outcome stays unknown.
    """
    lost: Unconfirmed | None = None
    for _ in range(TRIES):
        try:
            make()
        except Unconfirmed as error:
            logger.info("%s; looking whether it is there", error)
            lost = error
            for _ in looks():
                if made := find():
                    return made
        else:
            if lost:
                settle()
            return find()
    assert lost
    raise lost


def looks() -> Iterator[None]:
    """Pause before each look whether the server has carried out the write."""
    for pause in LOOKS:
        time.sleep(pause)
        yield


def settle() -> None:
    """Wait for a first request that the server may still carry out after the second one."""
    time.sleep(LOOKS[-1])
