"""What a request may ask for, and which texts can be answered at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.sources import is_blank
from workbench.text import normalize

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


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
    bytes: int = 16_000_000

    def check(self, texts: Sequence[str], model: Model) -> None:
        """Raise unless every text can be answered.

        Raises:
            Unanswerable: naming the first that cannot, counted from 0.
        """
        if len(texts) > self.texts:
            raise Unanswerable(f"{len(texts)} texts were sent, at most {self.texts} are answered", remedy="Send them in parts")
        for number, text in enumerate(texts):
            if len(text) > self.characters:
                why: str | None = f"has {len(text)} characters, at most {self.characters} are read"
            else:
                why = answerable(text, model)
            if why:
                raise Unanswerable(why, where=f"text {number}")


def answerable(text: str, model: Model) -> str | None:
    """Why the model has no answer to a text: nothing is left of it once it is normalised. None if it has."""
    return "is blank" if is_blank(normalize(model.normalization, text)) else None


class BodyLimit:
    """ASGI middleware that gives up a request as soon as its body is larger than `most` bytes, declared or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from starlette.exceptions import HTTPException

        declared = int(dict(scope["headers"]).get(b"content-length", 0))
        too_large = HTTPException(413, f"the request is too large: at most {self.most} bytes are read")
        received = 0

        async def counted() -> Message:
            nonlocal received
            if declared > self.most:
                raise too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.most:
                raise too_large
            return message

        await self.app(scope, counted, send)
