"""The workshop: every step of a search in a cached folder of its own, whole or not there, and never made twice.

It notes how long each step took, so that the minutes of a search that was killed count.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbench.api import Context, Model, WorkbenchError, as_json, option_fields, parse_options
from workbench.api.io import read_json, replace_json, write_json

MODEL, VALUE, ABOUT = "model", "value.json", "step.json"
SPENT = "spent.json"  # seconds of processes that were killed in a step


class Workshop:
    """Where models are made and figures are noted; a search that was killed finds all of it again.

    What this search uses of earlier steps counts as if it had made them now, and so does what was spent in any step
    that was killed and not finished since. A finished step that it does not ask for, such as one of a search within
    other budgets, costs it nothing.

    Args:
        context: of the search, with the dataset and the baseline model; its cache holds the steps.
        minutes: how long all steps may take together.
    """

    def __init__(self, context: Context, minutes: float) -> None:
        self.context, self.minutes, self.root = context, minutes, context.work
        self.seconds = sum(_spent(path) for path in self.root.glob("*.work"))
        self._counted: set[Path] = set()

    @property
    def left(self) -> float:
        """Seconds until the minutes are spent."""
        return 60 * self.minutes - self.seconds

    def known_options(self, using: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the options that a pass has."""
        known = {field.name for field in option_fields(self.context.host.registry("passes")[using].options)}
        return {name: value for name, value in options.items() if name in known}

    def has_passed(self, name: str, using: str, options: Mapping[str, Any]) -> bool:
        """Whether a pass has made the step with these options; with others it would be made again."""
        return self.context.cached(name, self._parsed(using, options)[1]).is_dir()

    def passed(
        self, name: str, source: Model, using: str, options: Mapping[str, Any], shared: str | None = None
    ) -> Model:
        """Give what a pass makes of a model.

        Args:
            name: of the step.
            source: the pass's input.
            using: the pass.
            options: of the pass.
            shared: a scratch folder for all steps that name it: what one of them keeps there serves the next.

        Raises:
            WorkbenchError: as the pass does.
        """
        component = self.context.host.registry("passes")[using]
        parsed, key = self._parsed(using, options)
        return self.made(name, lambda out, context: component(source, out, parsed, context), key, shared)

    def made(
        self,
        name: str,
        make: Callable[[Path, Context], object],
        key: Mapping[str, Any] | None = None,
        shared: str | None = None,
    ) -> Model:
        """Give the model that `make` writes; see `passed`."""
        key = key or {}
        if not self.context.cached(name, key).is_dir():
            scratch = self.root / f"{name}.work"
            scratch.mkdir(exist_ok=True)
            before, begun = _spent(scratch), time.monotonic()

            def log(metrics: Mapping[str, float], step: int) -> None:
                running = time.monotonic() - begun
                replace_json(scratch / SPENT, {"seconds": before + running})
                self._log(metrics, step, running)

            kept = self.root / f"{shared}.shared" if shared else scratch
            kept.mkdir(exist_ok=True)
            context = dataclasses.replace(self.context, work=kept, log=log, measurements=None)

            def fill(staged: Path) -> None:
                make(staged / MODEL, context)
                write_json(staged / ABOUT, {"seconds": before + time.monotonic() - begun})

            try:
                self.context.cache(name, key, fill)
            except WorkbenchError:
                self.seconds += time.monotonic() - begun
                (scratch / SPENT).unlink(missing_ok=True)  # a search that tries again pays again
                raise
            shutil.rmtree(scratch)
            self.seconds -= before  # counted already
        return Model.load(self._use(name, key) / MODEL)

    def noted(self, name: str, find: Callable[[], Any]) -> Any:
        """Give the JSON value that `find` gives, noted earlier or found now; it makes no models."""

        def fill(staged: Path) -> None:
            begun = time.monotonic()
            write_json(staged / VALUE, find())
            write_json(staged / ABOUT, {"seconds": time.monotonic() - begun})

        self.context.cache(name, {}, fill)
        return read_json(self._use(name, {}) / VALUE)

    def _parsed(self, using: str, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Options as a pass takes them, and the key of what it makes with them."""
        parsed = parse_options(self.context.host.registry("passes")[using].options, options, using)
        return parsed, {"pass": using, "options": as_json(parsed, key_only=True)}

    def _use(self, name: str, key: Mapping[str, Any]) -> Path:
        """Give the folder of a step, and count its seconds once."""
        folder = self.context.cached(name, key)
        if folder not in self._counted:
            self._counted.add(folder)
            self.seconds += read_json(folder / ABOUT)["seconds"]
        self._log({}, len(self._counted))
        return folder

    def _log(self, metrics: Mapping[str, float], step: int, running: float = 0.0) -> None:
        """Pass figures on, and the share of the minutes that is spent, with the seconds of the step that is running."""
        share = min(1.0, (self.seconds + running) / (60 * self.minutes)) if self.minutes else 1.0
        self.context.log({**metrics, "progress": share}, step)


def _spent(scratch: Path) -> float:
    path = scratch / SPENT
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0
