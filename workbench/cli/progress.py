"""Progress of a run on stderr: one updated line on a terminal, otherwise plain lines at intervals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.cli.output import say
from workbench.context import Log
from workbench.engine.summary import read_summary

if TYPE_CHECKING:
    from workbench.engine.run import StageRecord
    from workbench.engine.stage import Stage

PROGRESS_SECONDS = 10.0  # seconds between two plain lines
REDRAW_SECONDS = 0.2  # seconds between two updates of the line on a terminal


class TerminalProgress:
    """A `Progress` that prints the stages of a run on stderr."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()

    def started(self, stage: Stage) -> Log:
        """Print the name of a stage; the returned `Log` prints the stage's figures at intervals."""
        say(f"  {stage.name} …")
        return self.step("  ")

    def step(self, name: str) -> Log:
        """A `Log` that shows its figures now and then, after a name."""
        begun = last = time.monotonic()

        def log(metrics: Mapping[str, float], step: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < (REDRAW_SECONDS if self.live else PROGRESS_SECONDS):
                return
            last = now
            line = f"  {name}{format_metrics(metrics)}{format_time_left(metrics.get('progress'), now - begun)}"
            sys.stderr.write(f"\r\x1b[2K{line}" if self.live else f"{line}\n")
            sys.stderr.flush()

        return log

    def finished(self, record: StageRecord) -> None:
        """Print one line for a stage that ended, and its summary."""
        clear = "\r\x1b[2K" if self.live else ""
        cached = f"cached from {record.origin}" if record.origin else "cached"
        status = {"cached": cached, "failed": "FAILED"}.get(record.status, f"{record.seconds:.1f} s")
        say(f"{clear}  {record.name}: {status}  {format_metrics(record.metrics)}".rstrip())
        if record.status == "finished":
            self.summarize(record)
        if record.status == "failed" and record.measurements.is_dir():
            self.refused(record)

    def summarize(self, record: StageRecord) -> None:
        """Print the summary of a stage, if the stage wrote one."""
        if summary := read_summary(record.measurements):
            for line in summary.words:
                say(f"    {line}")

    def refused(self, record: StageRecord) -> None:
        """Print the path of the measurements of a failed stage."""
        say(f"    measurements of this stage: {record.measurements}")


@contextmanager
def shown_steps() -> Iterator[Callable[[str], Log]]:
    """Show the steps of a verb: `with shown_steps() as log:` gives `log(name)`, which prints figures at intervals."""
    progress = TerminalProgress()
    try:
        yield lambda name: progress.step(f"{name}:")
    finally:
        if progress.live:
            sys.stderr.write("\r\x1b[2K")


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Format metrics in one line; floats get four significant digits."""
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value:,}"
        for name, value in metrics.items()
        if name != "progress"
    )


def format_time_left(share: float | None, seconds: float) -> str:
    """Format the time left after `share` of the work took `seconds`; empty without a share."""
    if not share or share >= 1:
        return ""
    return f"  {share:.0%}, {seconds / share - seconds:.0f} s left"
