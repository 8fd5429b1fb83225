"""What a request may ask for, and which texts can be answered at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.api import Predictor, WorkbenchError
from workbench.api.io import is_blank

SLICE = 32  # texts
SLICE_CHARACTERS = 16_384  # of the worst text, about a tenth of a second of normalisation


class Unanswerable(WorkbenchError):
    """The request asks for what has no answer, or for too much; its text is meant for the one who asked."""


@dataclass(frozen=True)
class Limits:
    """Bounds of a request, and of how many there may be.

    Args:
        texts: texts a request may have.
        characters: characters a text may have.
        bytes: of a request's body.
        waiting: requests that may wait for a turn.
    """

    texts: int = 1000
    characters: int = 8192
    bytes: int = 4_000_000
    waiting: int = 64

    def check(self, texts: Sequence[str]) -> None:
        """Raise if the request is too large; this costs next to nothing.

        Raises:
            Unanswerable: there are too many texts, or one is too long.
        """
        if len(texts) > self.texts:
            raise Unanswerable(
                f"{len(texts)} texts were sent, at most {self.texts} are answered", remedy="Send them in parts"
            )
        for number, text in enumerate(texts):
            if len(text) > self.characters:
                why = f"has {len(text)} characters, at most {self.characters} are read"
                raise Unanswerable(why, where=place(number, len(texts)))


def slices(texts: Sequence[str]) -> Iterator[range]:
    """The numbers of the texts of each turn, in order: a few texts, fewer if they are long; one empty turn for none."""
    start = characters = 0
    for number, text in enumerate(texts):
        characters += len(text)
        if number > start and (number - start == SLICE or characters > SLICE_CHARACTERS):
            yield range(start, number)
            start, characters = number, len(text)
    yield range(start, len(texts))


def place(number: int, count: int) -> str:
    """What an error calls a text of `count`, counted from 0."""
    return f"text {number}" if count > 1 else "the text"


def answerable(text: str, predictor: Predictor) -> str | None:
    """Why the predictor has no answer to a text: nothing is left of it once it is normalized. None if it has."""
    return "is blank" if is_blank(predictor.normalize(text)) else None
