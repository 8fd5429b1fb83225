"""A new bundle while the current one serves: a recipe runs in the background, and an accepted bundle takes over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from workbench.api import GateRefused, MissingExtra, WorkbenchError
from workbench.api.engine import Recipe, load_recipe, version
from workbench.api.serving import BackgroundRun, run_command
from workbench_labelstudio.live.recipe_projects import projects_of
from workbench_labelstudio.live.settings import RECIPE, RUN, Settings

if TYPE_CHECKING:
    from workbench.api.serving import Service

RETRY = 300.0  # seconds after which a failed run is repeated, each time twice as long
PUBLIC = ("state", "since", "bundle")  # a message may hold paths, or texts of customers
OPENING = {"state": "running", "message": "the new bundle is being opened"}
logger = logging.getLogger(__name__)


class Retraining:
    """Runs the recipe of the settings on request, and swaps in the bundle that comes of it.

    Its `problem` says why it cannot run, with what to do; "" if it can. Its `projects` are the ids of the projects that
    the recipe reads; None = the recipe does not say.

    Args:
        settings: recipe, run folder and quiet seconds.
        service: serves the new bundle.

    Raises:
        WorkbenchError: the recipe cannot be read, or asks for something that does not exist.
    """

    def __init__(self, settings: Settings, service: Service) -> None:
        self.service, self.folder = service, settings.run
        self.projects: frozenset[int] | None = None
        self.problem = f"no retraining is configured: set {RECIPE} and {RUN} for the server"
        self._swapped: dict[str, Any] = {}
        self._run: BackgroundRun | None = None
        if settings.recipe and settings.run:
            recipe, run = load_recipe(settings.recipe, service.host), settings.run.resolve()
            self.projects, self.problem = projects_of(recipe), missing_extras(recipe)
            if not self.problem:
                self._run = BackgroundRun(
                    run_command(settings.recipe.absolute(), run),
                    debounce=settings.quiet,
                    ended=self._swap,
                    log=run.with_name(f"{run.name}.log"),
                    retry=RETRY,
                )

    def request(self, why: str, *, debounce: float | None = None) -> dict[str, Any]:
        """Request a run, see `BackgroundRun.request`; give the status."""
        if self._run is not None:
            self._run.request(why, debounce=debounce)
        return self.status()

    def status(self) -> dict[str, Any]:
        """Give the status of the run; it is `succeeded` once the new bundle serves. `bundle` is the current one."""
        if self._run is None:
            return {"state": "unavailable", "message": self.problem, "bundle": self.service.bundle_id}
        status = self._run.status()
        if status["state"] == "succeeded":
            status |= self._swapped if self._swapped.get("since") == status["since"] else OPENING
        return status | {"bundle": self.service.bundle_id}

    def public_status(self) -> dict[str, Any]:
        """Give the part of the status that everybody may know."""
        return {name: value for name, value in self.status().items() if name in PUBLIC}

    def close(self) -> None:
        """End the current run."""
        if self._run is not None:
            self._run.close()

    def _swap(self, code: int) -> None:
        """Swap in the bundle of a run if the gate accepted it; otherwise the current bundle stays."""
        if code != 0:
            logger.warning("retraining ended with exit code %d; bundle %s goes on", code, self.service.bundle_id)
            return
        assert self.folder is not None
        assert self._run is not None
        since = self._run.status()["since"]  # tells this run from the next one
        try:
            self.service.swap(self.folder)
            self._swapped = {"since": since, "message": ""}
        except Exception as error:
            what = str(error) if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
            logger.warning("the retrained bundle is not served, %s goes on: %s", self.service.bundle_id, what)
            state = "refused" if isinstance(error, GateRefused) else "failed"
            self._swapped = {"since": since, "state": state, "message": what}


def missing_extras(recipe: Recipe) -> str:
    """Give the line that installs the missing libraries of a recipe; "" when all are there."""
    configs = [*recipe.imports, *recipe.clean, *recipe.augment, *recipe.compress]
    configs += [recipe.train] if recipe.train else []
    missing = [
        (config.component.extra, name)
        for config in configs
        for name in config.component.libraries
        if version(name) is None
    ]
    if not missing:
        return ""
    extras = ",".join(sorted({extra for extra, _ in missing if extra}))
    return str(MissingExtra(f"{missing[0][1]} is not installed", extras))
