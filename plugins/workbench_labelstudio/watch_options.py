"""Options of the verb `watch`."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import option
from workbench_labelstudio.project_options import MirrorOptions


@dataclass(frozen=True)
class WatchOptions(MirrorOptions):
    """How often `watch` looks, and when it runs the recipe."""

    debounce: float = option(30.0, "quiet seconds before a run", ge=0)
    poll: float = option(300.0, "seconds between two pulls without a hint", ge=1)
    once: bool = option(False, "pull once, train if labels changed, and end with the run's exit code")
