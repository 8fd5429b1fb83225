"""Limits of requests, and the check of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.api import Predictor, WorkbenchError
from workbench.api.io import is_blank

SLICE = 32  # texts per slice
SLICE_CHARACTERS = 16_384  # per slice; normalizing the worst text of this length takes about 0.1 s


class InvalidRequest(WorkbenchError):
    """A request is too large, or one of its texts has no prediction; the client receives the message."""


@dataclass(frozen=True)
class Limits:
    """Limits of a request, and of the queue.

    Args:
        texts: maximum number of texts per request.
        characters: maximum number of characters per text.
        bytes: maximum size of a request's body.
        waiting: maximum number of requests that wait for a thread.
    """

    texts: int = 1000
    characters: int = 8192
    bytes: int = 4_000_000
    waiting: int = 64

    def check(self, texts: Sequence[str]) -> None:
        """Check the number of texts and their lengths.

        Raises:
            InvalidRequest: there are too many texts, or a text is too long.
        """
        if len(texts) > self.texts:
            raise InvalidRequest(
                f"the request has {len(texts)} texts, at most {self.texts} are allowed",
                remedy="Send several smaller requests",
            )
        for number, text in enumerate(texts):
            if len(text) > self.characters:
                why = f"has {len(text)} characters, at most {self.characters} are allowed"
                raise InvalidRequest(why, where=text_label(number, len(texts)))


def slices(texts: Sequence[str]) -> Iterator[range]:
    """Yield the range of each slice: at most `SLICE` texts and `SLICE_CHARACTERS`; one empty slice without texts."""
    start = characters = 0
    for number, text in enumerate(texts):
        characters += len(text)
        if number > start and (number - start == SLICE or characters > SLICE_CHARACTERS):
            yield range(start, number)
            start, characters = number, len(text)
    yield range(start, len(texts))


def text_label(number: int, count: int) -> str:
    """Return the label of text `number` out of `count` for an error, counted from 0."""
    return f"text {number}" if count > 1 else "the text"


def text_problem(text: str, predictor: Predictor) -> str | None:
    """Return why a text has no prediction: its normalized form is blank. None if the text has a prediction."""
    return "is blank" if is_blank(predictor.normalize(text)) else None
