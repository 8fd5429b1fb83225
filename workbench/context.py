"""What a stage's worker may know of the world around it."""

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

VALUE = "value.json"  # in the folder of a result that is JSON


class Log(Protocol):
    """How a worker tells how it gets on."""

    def __call__(self, metrics: Mapping[str, float], step: int) -> None:
        """Show figures at a step; one called `progress`, from 0 to 1, becomes a time left."""


def silent(metrics: Mapping[str, float], step: int) -> None:
    """A `Log` that says nothing."""


@dataclass(frozen=True)
class Context:
    """Handed to every component that is called.

    Args:
        host: the way to other plugins' offers: `context.host.registry("trainers")["probe"]`.
        seed: of the run; every random stream is derived from it.
        work: a scratch folder of this stage that survives a kill; it is removed when the stage is done, but for one
            that was asked to be kept for commands with other budgets (`--work`).
        dataset: the rows at hand, for passes that measure or train.
        baseline: the uncompressed model, for passes.
        log: `log({"loss": 0.3}, step)` shows progress.
        measurements: a folder that is kept beside the stage's output without being part of its digest, for what differs
            from run to run, such as measured times; made by who writes into it. None where nobody keeps it.
    """

    host: Host
    seed: int
    work: Path
    dataset: Dataset | None = None
    baseline: Model | None = None
    log: Log = silent
    measurements: Path | None = None

    def cache(self, name: str, key: Mapping[str, Any], make: Callable[[Path], object]) -> Path:
        """Give the folder of an intermediate result, which is made once for each name and key.

        A folder appears whole or not at all, so a stage that was killed finds what it had finished. Two workers must
        not make the same result at the same time.

        Args:
            name: of the result; the folder's name begins with it.
            key: JSON of everything that determines the content and may differ within this stage.
            make: fills the empty folder that it is given; when it fails, no folder stays.
        """
        folder = self.cached(name, key)
        if not folder.is_dir():
            with Staging(folder) as staged:
                make(staged)
        return folder

    def cached(self, name: str, key: Mapping[str, Any]) -> Path:
        """Give the place of an intermediate result; it is a folder once `cache` has made it."""
        return self.work / f"{name}-{digest_json(dict(key))[:16]}"
