"""A new bundle while the current one serves: a recipe runs in the background, and an accepted bundle takes over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import WorkbenchError
from workbench.api.engine import version
from workbench.api.serving import BackgroundRun, run_command

if TYPE_CHECKING:
    from workbench.api.engine import Recipe
    from workbench.api.serving import Service

RETRY = 300.0  # seconds after which a failed run is repeated, each time twice as long


def retraining(recipe: Path, run: Path, quiet: float, service: Service) -> BackgroundRun:
    """Give the background run of a recipe, which ends with the swap to its bundle.

    The gate may refuse the bundle, and the swap may fail; then the current bundle goes on.

    Args:
        recipe: its file.
        run: the run's folder.
        quiet: seconds without another request before a run begins.
        service: serves the new bundle.
    """
    run = run.resolve()
    return BackgroundRun(
        run_command(recipe.absolute(), run),
        debounce=quiet,
        then=lambda: service.swap(run),
        log=run.with_name(f"{run.name}.log"),
        retry=RETRY,
    )


def missing_libraries(recipe: Recipe) -> str:
    """Name the missing libraries of a recipe's components and the command that installs them; "" = none is missing."""
    configs = [*recipe.imports, *recipe.clean, *recipe.augment, *recipe.compress]
    configs += [recipe.train] if recipe.train else []
    missing = {
        name: config.component.install_line
        for config in configs
        for name in config.component.libraries
        if version(name) is None
    }
    if not missing:
        return ""
    what = f"not installed on the server: {', '.join(missing)}"
    return str(WorkbenchError(what, remedy=f"Run: {' && '.join(dict.fromkeys(missing.values()))}"))
