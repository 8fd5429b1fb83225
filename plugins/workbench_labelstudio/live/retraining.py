"""A new bundle while the current one serves: a recipe runs in the background, and an accepted bundle takes over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.api.serving import BackgroundRun, run_command

if TYPE_CHECKING:
    from workbench.api.engine import Recipe
    from workbench.api.serving import Service
    from workbench_labelstudio.live.settings import Settings

READER = "labelstudio"
NUMBERED = re.compile(r"^(?:https?://.+/projects/)?(\d+)(?:[/?#].*)?$", re.ASCII)  # an id, or a page's address
RETRY = 300.0  # seconds after which a failed run is repeated, each time twice as long


def retraining(settings: Settings, service: Service) -> BackgroundRun | None:
    """The background run of the recipe in the settings, which ends with the swap to its bundle; None without a recipe.

    The gate may refuse the bundle, and the swap may fail; then the current bundle goes on.
    """
    if settings.recipe is None or settings.run is None:
        return None
    run = settings.run.resolve()
    return BackgroundRun(
        run_command(settings.recipe.absolute(), run),
        debounce=settings.quiet,
        then=lambda: service.swap(run),
        log=run.with_name(f"{run.name}.log"),
        retry=RETRY,
    )


def projects_of(recipe: Recipe) -> frozenset[int] | None:
    """Give the ids of the projects that a recipe reads; None if a source is a title, or the reader another one."""
    found = [NUMBERED.match(config.settings.source.strip()) for config in recipe.imports if config.name == READER]
    return frozenset(int(one[1]) for one in found if one) if found and all(found) else None
