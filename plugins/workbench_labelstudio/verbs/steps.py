"""How the steps of a verb get on: a bar each on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.api.cli import PROGRESS_SECONDS as EVERY
from workbench.api.cli import say

if TYPE_CHECKING:
    from workbench.api import Log


@contextmanager
def shown_steps() -> Iterator[Callable[[str], Log]]:
    """`with shown_steps() as log:` gives `log(name)`, the `Log` of a step."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines
        return
    with Progress(console=console, transient=True) as bars:

        def log(name: str) -> Log:
            task = bars.add_task(name, total=1.0)
            return lambda metrics, _: bars.update(task, completed=metrics.get("progress", 0.0))

        yield log


def _lines(name: str) -> Log:
    last = time.monotonic()

    def log(metrics: Mapping[str, float], step: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            say(f"  {name}: {metrics.get('progress', 0.0):.0%}")

    return log
