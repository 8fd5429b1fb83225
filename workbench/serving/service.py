"""What a running server offers to plugins that add routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workbench.host import Host
from workbench.nouns.bundle import Bundle
from workbench.nouns.predictor import Prediction

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Served:
    """A bundle that answers, or answered.

    Args:
        bundle: it.
        id: its short name, `Bundle.id`, without reading a file.
    """

    bundle: Bundle
    id: str


@dataclass(frozen=True)
class Answers:
    """What one bundle said of several texts.

    Args:
        served: the one that answered.
        predictions: one a text, in their order; None for a text that has no answer: it is blank or too long.
    """

    served: Served
    predictions: Sequence[Prediction | None]


class Service(Protocol):
    """The serving side of the host, handed to `register_routes`."""

    @property
    def host(self) -> Host:
        """The plugins that the server runs with."""

    @property
    def served(self) -> Served:
        """The bundle that answers now and its id, as one: a swap may come between two questions."""

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers now."""

    @property
    def bundle_id(self) -> str:
        """Its short name, `Bundle.id`, without reading a file."""

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Answers of the current bundle; callable from any thread."""

    def ask_each(self, texts: Sequence[str], *, top: int = 1) -> Future[Answers]:
        """Answers of the current bundle, without waiting, to as many texts as there are; none spoils the others.

        They come in turns, so that small requests get in between; the future may be cancelled.
        """

    def swap(self, path: Path) -> Bundle:
        """Open and verify another bundle and let it answer from now on; the old one stays when that fails."""

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Let everybody see a background job; `status` is called from any thread, and answers at once.

        Args:
            name: of the job; none is added twice.
            status: its state as JSON: `state`, a word such as `running`, and whatever else everybody may know.
        """

    def job_status(self) -> dict[str, Job]:
        """The state of each background job by name; GET /jobs answers with it."""

    def allow_bytes(self, path: str, most: int) -> None:
        """Let requests to a path, such as "/mine/upload", have so many bytes, where others may have fewer."""

    def at_end(self, close: Callable[[], None]) -> None:
        """Have `close` called when the server ends; it may take its time."""
