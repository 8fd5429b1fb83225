"""Callbacks for the progress of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workbench.context import Log, silent

if TYPE_CHECKING:
    from workbench.engine.run import StageRecord
    from workbench.engine.stage import Stage


class Progress(Protocol):
    """Receiver of a run's progress, such as the terminal."""

    def started(self, stage: Stage) -> Log:
        """Handle the start of a stage that is not cached; return the log for the stage's figures."""

    def finished(self, record: StageRecord) -> None:
        """Handle the end of a stage that finished, was cached, or failed."""


class SilentProgress:
    """A `Progress` without output."""

    def started(self, stage: Stage) -> Log:  # noqa: ARG002
        """Return a log without output."""
        return silent

    def finished(self, record: StageRecord) -> None:
        """Ignore the record."""
