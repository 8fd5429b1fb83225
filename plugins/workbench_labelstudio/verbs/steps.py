"""How the steps of a verb get on: a bar each on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.context import Log


@contextmanager
def shown_steps() -> Iterator[Callable[[str], Log]]:
    """`with shown_steps() as log:` gives `log(name)`, the `Log` of a step."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:

        def log(name: str) -> Log:
            task = bars.add_task(name, total=1.0)
            return lambda metrics, _: bars.update(task, completed=metrics.get("progress", 0.0))

        yield log
