"""What a running server offers to plugins that add routes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from workbench.nouns.bundle import Bundle
from workbench.nouns.predictor import Prediction


class Service(Protocol):
    """The serving side of the host, handed to `register_routes`."""

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers now."""

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Answers of the current bundle; callable from any thread."""

    def swap(self, path: Path) -> Bundle:
        """Open and verify another bundle and let it answer from now on; the old one stays when that fails."""

    def job_status(self) -> dict[str, Any]:
        """The state of each background job by name."""
