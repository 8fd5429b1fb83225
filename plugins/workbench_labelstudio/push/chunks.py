"""Requests of a bounded size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

PROXY_BYTES = 900_000  # nginx takes 1 MB by default
Entry = TypeVar("Entry")


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
