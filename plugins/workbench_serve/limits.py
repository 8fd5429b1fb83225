"""What a request may have, and which texts have a prediction at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.api import Predictor, WorkbenchError
from workbench.api.io import is_blank

SLICE = 32  # texts
SLICE_CHARACTERS = 16_384  # of the worst text, about a tenth of a second of normalisation


class InvalidRequest(WorkbenchError):
    """A text of the request has no prediction, or the request is too large; the message is meant for the client."""


@dataclass(frozen=True)
class Limits:
    """Bounds of a request, and of how many requests may wait.

    Args:
        texts: per request.
        characters: per text.
        bytes: of a request's body.
        waiting: requests that may wait for a thread.
    """

    texts: int = 1000
    characters: int = 8192
    bytes: int = 4_000_000
    waiting: int = 64

    def check(self, texts: Sequence[str]) -> None:
        """Raise if the request is too large; this costs next to nothing.

        Raises:
            InvalidRequest: there are too many texts, or one is too long.
        """
        if len(texts) > self.texts:
            raise InvalidRequest(
                f"{len(texts)} texts were sent, at most {self.texts} are allowed", remedy="Send them in parts"
            )
        for number, text in enumerate(texts):
            if len(text) > self.characters:
                why = f"has {len(text)} characters, at most {self.characters} are read"
                raise InvalidRequest(why, where=place(number, len(texts)))


def slices(texts: Sequence[str]) -> Iterator[range]:
    """Yield the numbers of the texts of each slice: few texts, fewer if they are long; one empty slice for no text."""
    start = characters = 0
    for number, text in enumerate(texts):
        characters += len(text)
        if number > start and (number - start == SLICE or characters > SLICE_CHARACTERS):
            yield range(start, number)
            start, characters = number, len(text)
    yield range(start, len(texts))


def place(number: int, count: int) -> str:
    """Name text `number` of `count` in an error, counted from 0."""
    return f"text {number}" if count > 1 else "the text"


def text_problem(text: str, predictor: Predictor) -> str | None:
    """Say why a text has no prediction: nothing is left of it once it is normalized. None if it has one."""
    return "is blank" if is_blank(predictor.normalize(text)) else None
