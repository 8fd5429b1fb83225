"""Who is told how a run gets on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workbench.context import Log, silent

if TYPE_CHECKING:
    from workbench.engine.run import StageRecord
    from workbench.engine.stage import Stage


class Progress(Protocol):
    """Who is told how the run gets on."""

    def started(self, stage: Stage) -> Log:
        """A stage begins to work; the log that is returned takes its figures."""

    def finished(self, record: StageRecord) -> None:
        """A stage is done, was cached, or failed."""


class SilentProgress:
    """A `Progress` that says nothing."""

    def started(self, stage: Stage) -> Log:  # noqa: ARG002
        """Give a log that says nothing."""
        return silent

    def finished(self, record: StageRecord) -> None:
        """Say nothing."""
