"""How a run gets on, on the terminal: a bar with the time left, or plain lines where nobody watches."""

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

EVERY = 10.0  # seconds between two plain lines
REDRAW = 0.2  # seconds between two drawings of the line on a terminal


class TerminalProgress:
    """Tells of stages on stderr."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()

    def started(self, stage: Stage) -> Log:
        """Announce a stage; the answer shows its figures now and then."""
        say(f"  {stage.name} …")
        return self.step("  ")

    def step(self, name: str) -> Log:
        """A `Log` that shows its figures now and then, after a name."""
        begun = last = time.monotonic()

        def log(metrics: Mapping[str, float], step: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < (REDRAW if self.live else EVERY):
                return
            last = now
            line = f"  {name}{figures(metrics)}{left(metrics.get('progress'), now - begun)}"
            sys.stderr.write(f"\r\x1b[2K{line}" if self.live else f"{line}\n")
            sys.stderr.flush()

        return log

    def finished(self, record: StageRecord) -> None:
        """Print one line for a stage that is done, and its summary."""
        clear = "\r\x1b[2K" if self.live else ""
        cached = f"cached from {record.origin}" if record.origin else "cached"
        words = {"cached": cached, "failed": "FAILED"}.get(record.status, f"{record.seconds:.1f} s")
        say(f"{clear}  {record.name}: {words}  {figures(record.metrics)}".rstrip())
        if record.status == "finished":
            self.summarize(record)
        if record.status == "failed" and record.measurements.is_dir():
            self.refused(record)

    def summarize(self, record: StageRecord) -> None:
        """Print the summary of a stage that wrote one."""
        if summary := read_summary(record.measurements):
            for line in summary.words:
                say(f"    {line}")

    def refused(self, record: StageRecord) -> None:
        """Say where the measurements of a stage are that a budget refused."""
        say(f"    its measurements are in {record.measurements}")


@contextmanager
def shown_steps() -> Iterator[Callable[[str], Log]]:
    """`with shown_steps() as log:` gives `log(name)`, which shows how far a step of a verb is."""
    progress = TerminalProgress()
    try:
        yield lambda name: progress.step(f"{name}:")
    finally:
        if progress.live:
            sys.stderr.write("\r\x1b[2K")


def figures(metrics: Mapping[str, float]) -> str:
    """Figures in one line; shares with four digits, counts whole."""
    shown = {name: value for name, value in metrics.items() if name != "progress"}
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value:,}" for name, value in shown.items()
    )


def left(share: float | None, seconds: float) -> str:
    """The time left when `share` of the work took `seconds`."""
    if not share or share >= 1:
        return ""
    return f"  {share:.0%}, {seconds / share - seconds:.0f} s left"
