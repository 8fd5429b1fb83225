"""The workshop: every step of the search in a folder or a file of its own, whole or not there, and never made twice."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbench.context import Context
from workbench.files import Staging, read_json, replace_json, write_json
from workbench.nouns.model import Model
from workbench.options import parse_options

MODEL, ABOUT = "model", "step.json"
SPENT = "spent.json"  # seconds of processes that were killed in a step


class Workshop:
    """Where models are made and figures are noted; a search that was killed finds all of it again.

    Args:
        context: of the search, with the dataset and the uncompressed model; its `work` holds the steps.
        minutes: how long all steps may take together.
    """

    def __init__(self, context: Context, minutes: float) -> None:
        self.context, self.minutes, self.root = context, minutes, context.work
        self.seconds: float = sum(read_json(path)["seconds"] for path in self._finished())
        self.seconds += sum(_spent(path) for path in self.root.glob("*.work"))

    @property
    def left(self) -> float:
        """Seconds until the minutes are spent."""
        return 60 * self.minutes - self.seconds

    def offers(self, name: str) -> bool:
        """Whether some plugin offers the pass."""
        return name in self.context.host.named("passes")

    def passed(self, name: str, model: Callable[[], Model], using: str, **options: Any) -> Model:
        """What a pass makes of a model, which is asked for only if that was not made before.

        Args:
            name: of the step.
            model: gives the input.
            using: the pass.
            options: of the pass.

        Raises:
            WorkbenchError: as the pass does.
        """
        offer = self.context.host.named("passes")[using]
        parsed = parse_options(offer.options, options, using)
        source = None if self.has(name) else model()  # its steps come before this one, and count for themselves
        return self.made(name, lambda out, context: offer(source, out, parsed, context))

    def made(self, name: str, make: Callable[[Path, Context], object]) -> Model:
        """The model that `make` writes."""
        final = self.root / name
        if not final.is_dir():
            scratch = self.root / f"{name}.work"
            scratch.mkdir(exist_ok=True)
            before, begun = _spent(scratch), time.monotonic()

            def log(metrics: Mapping[str, float], step: int) -> None:
                replace_json(scratch / SPENT, {"seconds": before + time.monotonic() - begun})
                self._log(metrics, step)

            context = dataclasses.replace(self.context, work=scratch, log=log, evidence=None)
            with Staging(final) as folder:
                make(folder / MODEL, context)
                seconds = time.monotonic() - begun
                write_json(folder / ABOUT, {"seconds": before + seconds})
            shutil.rmtree(scratch)
            self.seconds += seconds
            self._log({}, len(self._finished()))
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
            begun, before = time.monotonic(), self.seconds
            value = find()
            own = time.monotonic() - begun - (self.seconds - before)  # the steps inside have counted theirs
            replace_json(path, {"seconds": own, "value": value})
            self.seconds += own
        return read_json(path)["value"]

    def _finished(self) -> list[Path]:
        return [*self.root.glob(f"*/{ABOUT}"), *self.root.glob("*.json")]

    def _log(self, metrics: Mapping[str, float], step: int) -> None:
        share = min(1.0, self.seconds / (60 * self.minutes)) if self.minutes else 1.0
        self.context.log({**metrics, "progress": share}, step)


def _spent(scratch: Path) -> float:
    path = scratch / SPENT
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0
