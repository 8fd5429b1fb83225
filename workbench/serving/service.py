"""What a running server offers to plugins that add routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.host import Host
from workbench.nouns.bundle import Bundle
from workbench.nouns.predictor import Prediction
from workbench.serving.jobs import Job


@dataclass(frozen=True)
class ServedBundle:
    """A bundle that serves, or served.

    Args:
        bundle: manifest and place of the bundle.
        id: its short name, `Bundle.id`, without reading a file.
    """

    bundle: Bundle
    id: str


@dataclass(frozen=True)
class PredictionBatch:
    """Predictions of one bundle for several texts.

    Args:
        served: the bundle that made them.
        predictions: one per text, in order; None for a text that is blank or too long.
    """

    served: ServedBundle
    predictions: Sequence[Prediction | None]


class Service(Protocol):
    """The serving side of the host, handed to `register_routes` and to mounts."""

    @property
    def host(self) -> Host:
        """The plugins that the server runs with."""

    @property
    def served(self) -> ServedBundle:
        """The current bundle and its id in one step; a swap may come between two steps."""

    @property
    def bundle(self) -> Bundle:
        """The current bundle."""

    @property
    def bundle_id(self) -> str:
        """Its short name, `Bundle.id`, without reading a file."""

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Give the predictions of the current bundle; callable from any thread."""

    def predict_each(self, texts: Sequence[str], *, top: int = 1) -> Future[PredictionBatch]:
        """Predict any number of texts without waiting; a text without a prediction affects no other text.

        The texts are worked on in slices, so that small requests get in between. The future may be cancelled.
        """

    def swap(self, path: Path) -> Bundle:
        """Open, verify and serve another bundle; the current one stays when that fails."""

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Show a background job to everybody; `status` is called from any thread, and returns at once.

        Args:
            name: of the job; none is added twice.
            status: its state as JSON: `state`, a word such as `running`, and whatever else everybody may know.
        """

    def job_status(self) -> dict[str, Job]:
        """Give the state of each background job by name, as GET /jobs does."""

    def allow_bytes(self, path: str, most: int) -> None:
        """Let requests to a path, such as "/mine/upload", have so many bytes, where others may have fewer."""

    def at_end(self, close: Callable[[], None]) -> None:
        """Have `close` called when the server ends; it may take its time."""
