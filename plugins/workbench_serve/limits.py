"""What a request may ask for, and which texts can be answered at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.sources import is_blank
from workbench.text import normalize


class Unanswerable(WorkbenchError):
    """The request asks for what has no answer, or for too much; its text is meant for the one who asked."""


@dataclass(frozen=True)
class Limits:
    """Bounds of a request.

    Args:
        texts: texts a request may have.
        characters: characters a text may have.
        bytes: of a request's body.
    """

    texts: int = 1000
    characters: int = 8192
    bytes: int = 4_000_000

    def check(self, texts: Sequence[str], model: Model) -> None:
        """Raise unless every text can be answered.

        Raises:
            Unanswerable: naming the first of several that cannot, counted from 0.
        """
        if len(texts) > self.texts:
            raise Unanswerable(
                f"{len(texts)} texts were sent, at most {self.texts} are answered", remedy="Send them in parts"
            )
        for number, text in enumerate(texts):
            if len(text) > self.characters:
                why: str | None = f"has {len(text)} characters, at most {self.characters} are read"
            else:
                why = answerable(text, model)
            if why:
                raise Unanswerable(why, where=f"text {number}" if len(texts) > 1 else "the text")


def answerable(text: str, model: Model) -> str | None:
    """Why the model has no answer to a text: nothing is left of it once it is normalised. None if it has."""
    return "is blank" if is_blank(normalize(model.normalization, text)) else None
