"""The workshop: every step of the search in a folder or a file of its own, whole or not there, and never made twice."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.api import Context, Model, WorkbenchError, option_fields, parse_options
from workbench.api.io import Staging, read_json, replace_json, write_json

MODEL, ABOUT = "model", "step.json"
SPENT = "spent.json"  # seconds of processes that were killed in a step


class Workshop:
    """Where models are made and figures are noted; a search that was killed finds all of it again.

    What this search uses of what stands there counts as if it had made it now, and so does what was spent in any step
    that was killed and not finished since; a finished one that it does not ask for, such as a step of a search within
    other budgets, costs it nothing.

    Args:
        context: of the search, with the dataset and the uncompressed model; its `work` holds the steps.
        minutes: how long all steps may take together.
    """

    def __init__(self, context: Context, minutes: float) -> None:
        self.context, self.minutes, self.root = context, minutes, context.work
        self.seconds = sum(_spent(path) for path in self.root.glob("*.work"))
        self._worked = 0.0  # seconds of this process
        self._counted: set[str] = set()
        self._asked: list[str] = []  # what was used for the step or note that is being made

    @property
    def left(self) -> float:
        """Seconds until the minutes are spent."""
        return 60 * self.minutes - self.seconds

    def offers(self, name: str) -> bool:
        """Whether some plugin offers the pass."""
        return name in self.context.host.registry("passes")

    def takes(self, name: str) -> set[str]:
        """Names of a pass's options."""
        return {field.name for field in option_fields(self.context.host.registry("passes")[name].options)}

    def passed(
        self, name: str, model: Callable[[], Model], using: str, shared: str | None = None, **options: Any
    ) -> Model:
        """What a pass makes of a model, which is asked for only if that was not made before.

        Args:
            name: of the step.
            model: gives the input.
            using: the pass.
            shared: a scratch folder for all steps that name it: what one puts aside serves the next.
            options: of the pass.

        Raises:
            WorkbenchError: as the pass does.
        """
        component = self.context.host.registry("passes")[using]
        parsed = parse_options(component.options, options, using)
        source, by = (None, []) if self.has(name) else self._asking(model)  # its steps count for themselves
        return self.made(name, lambda out, context: component(source, out, parsed, context), by, shared)

    def made(
        self,
        name: str,
        make: Callable[[Path, Context], object],
        by: Sequence[str] = (),
        shared: str | None = None,
    ) -> Model:
        """The model that `make` writes, by steps that were used before; see `passed`."""
        final = self.root / name
        if not final.is_dir():
            scratch = self.root / f"{name}.work"
            scratch.mkdir(exist_ok=True)
            before, begun = _spent(scratch), time.monotonic()

            def log(metrics: Mapping[str, float], step: int) -> None:
                running = time.monotonic() - begun
                replace_json(scratch / SPENT, {"seconds": before + running})
                self._log(metrics, step, running)

            aside = self.root / f"{shared}.shared" if shared else scratch
            aside.mkdir(exist_ok=True)
            context = dataclasses.replace(self.context, work=aside, log=log, measurements=None)
            try:
                with Staging(final) as folder:
                    make(folder / MODEL, context)
                    seconds = time.monotonic() - begun
                    write_json(folder / ABOUT, {"seconds": before + seconds, "by": list(by)})
            except WorkbenchError:
                self.seconds += time.monotonic() - begun
                (scratch / SPENT).unlink(missing_ok=True)  # a search that tries again pays again
                raise
            shutil.rmtree(scratch)
            self._worked += seconds
            self.seconds -= before  # counted already
        self._use(f"{name}/{ABOUT}")
        return Model.load(final / MODEL)

    def path(self, name: str) -> Path:
        """The folder of a finished step's model."""
        return self.root / name / MODEL

    def took(self, name: str) -> float:
        """Seconds that a finished step took."""
        return float(read_json(self.root / name / ABOUT)["seconds"])

    def noting(self, name: str) -> float:
        """Seconds that it took to find a noted value."""
        return float(read_json(self.root / f"{name}.json")["seconds"])

    def has(self, name: str) -> bool:
        """Whether a step was finished."""
        return (self.root / name).is_dir()

    def knows(self, name: str) -> bool:
        """Whether a value was noted."""
        return (self.root / f"{name}.json").is_file()

    def noted(self, name: str, find: Callable[[], Any]) -> Any:
        """The JSON value that `find` gives, from the note of that name or found now and noted."""
        path = self.root / f"{name}.json"
        if not path.is_file():
            begun, before = time.monotonic(), self._worked
            value, by = self._asking(find)
            own = time.monotonic() - begun - (self._worked - before)  # the steps inside have counted theirs
            replace_json(path, {"seconds": own, "value": value, "by": by})
            self._worked += own
        self._use(path.name)
        return read_json(path)["value"]

    def _asking(self, ask: Callable[[], Any]) -> tuple[Any, list[str]]:
        """What `ask` gives, and the steps and notes that it used."""
        outer, self._asked = self._asked, []
        try:
            return ask(), sorted(set(self._asked))
        finally:
            self._asked = outer

    def _use(self, label: str) -> None:
        self._asked.append(label)
        self._count(label)
        self._log({}, len(self._counted))

    def _count(self, label: str) -> None:
        """Count the seconds of a step or note, and of all by which it came about, once."""
        if label in self._counted or not (self.root / label).is_file():
            return
        about = read_json(self.root / label)
        self._counted.add(label)
        self.seconds += about["seconds"]
        for each in about.get("by", ()):
            self._count(each)

    def _log(self, metrics: Mapping[str, float], step: int, running: float = 0.0) -> None:
        """Pass figures on, and the share of the minutes that is spent, with the seconds of the step that is running."""
        share = min(1.0, (self.seconds + running) / (60 * self.minutes)) if self.minutes else 1.0
        self.context.log({**metrics, "progress": share}, step)


def _spent(scratch: Path) -> float:
    path = scratch / SPENT
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0
