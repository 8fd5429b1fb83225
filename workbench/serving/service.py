"""The interface of a running server for plugins that add routes."""

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
    """A bundle that the server uses or used.

    Args:
        bundle: manifest and folder of the bundle.
        id: short name of the bundle, equal to `Bundle.id`, but without reading a file.
    """

    bundle: Bundle
    id: str


@dataclass(frozen=True)
class PredictionBatch:
    """Predictions of one bundle for several texts.

    Args:
        served: the bundle that made the predictions.
        predictions: one per text, in order; None for a text that is blank or too long.
    """

    served: ServedBundle
    predictions: Sequence[Prediction | None]


class Service(Protocol):
    """The server's side of predictions, bundles and jobs; an argument of `register_routes` and of mounts."""

    @property
    def host(self) -> Host:
        """The plugins that the server runs with."""

    @property
    def served(self) -> ServedBundle:
        """The current bundle with its id; a swap may happen between separate reads of `bundle` and `bundle_id`."""

    @property
    def bundle(self) -> Bundle:
        """The current bundle."""

    @property
    def bundle_id(self) -> str:
        """The short name of the current bundle, equal to `Bundle.id`, but without reading a file."""

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Return the predictions of the current bundle; callable from any thread."""

    def predict_each(self, texts: Sequence[str], *, top: int = 1) -> Future[PredictionBatch]:
        """Predict any number of texts without waiting; a text without a prediction affects no other text.

        The server predicts the texts in slices, so that small requests need not wait. The future may be cancelled.
        """

    def swap(self, path: Path) -> Bundle:
        """Open, verify and serve another bundle; after a failure the server keeps the current bundle."""

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Add a background job to the public response of GET /jobs.

        Args:
            name: name of the job, unique in the server.
            status: function that returns the state as JSON: `state`, a word such as `running`, and further public
                keys. The server calls `status` from any thread; `status` must not block.
        """

    def job_status(self) -> dict[str, Job]:
        """Return the state of each background job by name, as GET /jobs does."""

    def allow_bytes(self, path: str, limit: int) -> None:
        """Set the largest allowed body, in bytes, for requests to a path such as "/mine/upload"."""

    def at_end(self, close: Callable[[], None]) -> None:
        """Register a function that the server calls at its end; `close` may block."""
