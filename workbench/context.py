"""The context that a component gets with each call: host, seed, folders, progress log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.io.digests import digest_json
from workbench.io.files import Staging

if TYPE_CHECKING:
    from workbench.host import Host
    from workbench.nouns.dataset import Dataset
    from workbench.nouns.model import Model


class Log(Protocol):
    """A function that shows the progress of a component."""

    def __call__(self, metrics: Mapping[str, float], step: int) -> None:
        """Show figures at a step; a figure `progress`, from 0 to 1, is shown as the time left."""


def silent(metrics: Mapping[str, float], step: int) -> None:
    """Ignore progress; a `Log` for calls that nobody watches."""


@dataclass(frozen=True)
class Context:
    """The surroundings of a component's call.

    Args:
        host: gives access to components of other plugins: `context.host.registry("trainers")["probe"]`.
        seed: seed of the run; every random stream is derived from this number.
        work: scratch folder of this stage, kept after a kill. The engine removes the folder when the stage is done.
            With `--work` the folder stays for commands with other budgets.
        dataset: rows for passes that measure or train; None if the command has no dataset.
        baseline: the baseline model (before compression), for passes.
        log: `log({"loss": 0.3}, step)` shows progress.
        measurements: folder beside the stage's output for figures that differ from run to run, such as times. The
            folder is not part of the output's digest, and the component creates it. None = measurements are not kept.
    """

    host: Host
    seed: int
    work: Path
    dataset: Dataset | None = None
    baseline: Model | None = None
    log: Log = silent
    measurements: Path | None = None

    def cache(self, name: str, key: Mapping[str, Any], make: Callable[[Path], object]) -> Path:
        """Return the folder of an intermediate result; `make` runs once for each name and key.

        A folder appears complete or not at all, so a restarted stage reuses every result that was complete. Two
        processes must not make the same result at the same time.

        Args:
            name: name of the result, the beginning of the folder's name.
            key: JSON of everything that determines the content and may differ within this stage.
            make: fills the empty folder that is its argument. If `make` raises, no folder stays.
        """
        folder = self.cached(name, key)
        if not folder.is_dir():
            with Staging(folder) as staged:
                make(staged)
        return folder

    def cached(self, name: str, key: Mapping[str, Any]) -> Path:
        """Return the path of an intermediate result; the folder exists once `cache` has made the result."""
        return self.work / f"{name}-{digest_json(dict(key))[:16]}"
