"""The workshop: every step of a search in a cached folder of its own, whole or not there, and never made twice.

It notes how long each step took, so that the minutes of a search that was killed count.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.api import Context, Model, WorkbenchError, as_json, option_fields, parse_options
from workbench.api.io import read_json, replace_json, write_json

MODEL, VALUE, ABOUT = "model", "value.json", "step.json"
SPENT = "spent.json"  # seconds of processes that were killed in a step
KEY_LENGTH = 17  # of the end of a cached folder's name


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
        self._worked = 0.0  # seconds of this process
        self._counted: set[str] = set()
        self._asked: list[str] = []  # folders that were used for the step that is being made
        self._used: dict[str, str] = {}  # step -> the folder in which this search found or made it

    @property
    def left(self) -> float:
        """Seconds until the minutes are spent."""
        return 60 * self.minutes - self.seconds

    def finished(self) -> frozenset[str]:
        """Names of all finished steps, whatever options they were made with."""
        return frozenset(path.parent.name[:-KEY_LENGTH] for path in self.root.glob(f"[!.]*/{ABOUT}"))

    def has_note(self, name: str) -> bool:
        """Whether a value is noted."""
        return self.context.cached(name, {}).is_dir()

    def has_passed(self, name: str, using: str, options: Mapping[str, Any]) -> bool:
        """Whether a pass has made the step with these options; with others it would be made again."""
        return self.context.cached(name, self._key(using, options)).is_dir()

    def _key(self, using: str, options: Mapping[str, Any]) -> dict[str, Any]:
        parsed = parse_options(self.context.host.registry("passes")[using].options, options, using)
        return {"pass": using, "options": as_json(parsed, key_only=True)}

    def known_options(self, using: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the options that a pass has."""
        known = {field.name for field in option_fields(self.context.host.registry("passes")[using].options)}
        return {name: value for name, value in options.items() if name in known}

    def passed(
        self, name: str, source: Callable[[], Model], using: str, shared: str | None = None, **options: Any
    ) -> Model:
        """Give what a pass makes of a model; the model is asked for only if the step is not finished.

        Args:
            name: of the step.
            source: gives the pass's input.
            using: the pass.
            shared: a scratch folder for all steps that name it: what one of them keeps there serves the next.
            options: of the pass.

        Raises:
            WorkbenchError: as the pass does.
        """
        component = self.context.host.registry("passes")[using]
        parsed = parse_options(component.options, options, using)
        key = self._key(using, options)
        done = self.context.cached(name, key).is_dir()
        given, by = (None, []) if done else self._asking(source)  # the steps of the source count for themselves
        return self.made(name, lambda out, context: component(given, out, parsed, context), key, by, shared)

    def made(
        self,
        name: str,
        make: Callable[[Path, Context], object],
        key: Mapping[str, Any] | None = None,
        by: Sequence[str] = (),
        shared: str | None = None,
    ) -> Model:
        """Give the model that `make` writes, with the help of steps that were used before; see `passed`."""
        key = key or {}
        folder = self.context.cached(name, key)
        if not folder.is_dir():
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
                self._worked += (seconds := time.monotonic() - begun)
                write_json(staged / ABOUT, {"seconds": before + seconds, "by": list(by)})

            try:
                self.context.cache(name, key, fill)
            except WorkbenchError:
                self.seconds += time.monotonic() - begun
                (scratch / SPENT).unlink(missing_ok=True)  # a search that tries again pays again
                raise
            shutil.rmtree(scratch)
            self.seconds -= before  # counted already
        self._use(name, folder.name)
        return Model.load(folder / MODEL)

    def noted(self, name: str, find: Callable[[], Any]) -> Any:
        """Give the JSON value that `find` gives, noted earlier or found now."""

        def fill(staged: Path) -> None:
            begun, before = time.monotonic(), self._worked
            value, by = self._asking(find)
            own = time.monotonic() - begun - (self._worked - before)  # the steps inside have counted theirs
            self._worked += own
            write_json(staged / VALUE, value)
            write_json(staged / ABOUT, {"seconds": own, "by": by})

        folder = self.context.cache(name, {}, fill)
        self._use(name, folder.name)
        return read_json(folder / VALUE)

    def took(self, name: str) -> float:
        """Seconds that a step took that this search has used, with the options that it used."""
        return float(read_json(self.root / self._used[name] / ABOUT)["seconds"])

    def _asking(self, ask: Callable[[], Any]) -> tuple[Any, list[str]]:
        """What `ask` gives, and the steps that it used."""
        outer, self._asked = self._asked, []
        try:
            return ask(), sorted(set(self._asked))
        finally:
            self._asked = outer

    def _use(self, name: str, folder: str) -> None:
        self._used[name] = folder
        self._asked.append(folder)
        self._count(folder)
        self._log({}, len(self._counted))

    def _count(self, folder: str) -> None:
        """Count the seconds of a step, and of all by which it came about, once."""
        about = self.root / folder / ABOUT
        if folder in self._counted or not about.is_file():
            return
        noted = read_json(about)
        self._counted.add(folder)
        self.seconds += noted["seconds"]
        for each in noted.get("by", ()):
            self._count(each)

    def _log(self, metrics: Mapping[str, float], step: int, running: float = 0.0) -> None:
        """Pass figures on, and the share of the minutes that is spent, with the seconds of the step that is running."""
        share = min(1.0, (self.seconds + running) / (60 * self.minutes)) if self.minutes else 1.0
        self.context.log({**metrics, "progress": share}, step)


def _spent(scratch: Path) -> float:
    path = scratch / SPENT
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0
