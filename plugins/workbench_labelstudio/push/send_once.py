"""Send many entries in requests of a bounded size, each entry once, although a response may get lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import Unconfirmed
from workbench_labelstudio.http.write_outcome import looks

if TYPE_CHECKING:
    from workbench.api import Log

PROXY_BYTES = 900_000  # nginx takes 1 MB by default
TRIES = 5
RUN_AGAIN = "Run the same command again; it writes only what is missing"
Entry = TypeVar("Entry")
logger = logging.getLogger(__name__)


def chunks(
    entries: Iterable[Entry], most: int, most_bytes: int, body: Callable[[Entry], Any] = lambda entry: entry
) -> Iterator[list[Entry]]:
    """Split entries, in their order, so that each request stays small enough; a large entry is a chunk of its own.

    Args:
        entries: the entries of all requests, in their order.
        most: entries per chunk.
        most_bytes: bytes of JSON per chunk.
        body: the JSON of an entry.
    """
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(json.dumps(body(entry), ensure_ascii=False).encode()) + 1
        if chunk and (len(chunk) == most or size + length > most_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += length
    if chunk:
        yield chunk


def send_once(
    parts: Iterable[list[Entry]],
    total: int,
    send: Callable[[list[Entry]], object],
    lacking: Callable[[list[Entry]], list[Entry]],
    log: Log,
) -> bool:
    """Send chunks; after a lost response, look which entries of the chunk have arrived, and send the others again.

    Args:
        parts: the chunks.
        total: entries in all of them.
        send: sends a chunk in one request, which is not repeated.
        lacking: asks the server; gives the entries of a chunk that have not arrived.
        log: shows progress.

    Returns:
        Whether entries were sent again whose first request the server may still carry out.

    Raises:
        WorkbenchError: a chunk did not arrive in `TRIES` attempts, or the server refuses the chunk.
    """
    again, done = False, 0
    for chunk in parts:
        left = chunk
        for _ in range(TRIES):
            try:
                send(left)
                break
            except Unconfirmed as error:
                logger.warning("%s: looking which of %d entries have arrived", error, len(left))
                lost = error
            for _ in looks():
                if not (left := lacking(left)):
                    break
            if not left:
                break
            again = True
        else:
            raise WorkbenchError(
                f"{len(left):,} entries did not arrive in {TRIES} attempts: {lost.what}",
                where=lost.where,
                remedy=RUN_AGAIN,
            ) from lost
        done += len(chunk)
        log({"progress": done / total}, done)
    return again
