"""A new bundle while the old one answers: a recipe is run in the background, and what its gate accepts takes over."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.api import GateRefused, MissingExtra, WorkbenchError
from workbench.api.engine import Recipe, load_recipe, version
from workbench_labelstudio.live.fit import projects_read
from workbench_labelstudio.live.settings import RECIPE, RUN, Settings
from workbench_labelstudio.live.training import Training, retrain_command

if TYPE_CHECKING:
    from workbench.api.serving import Service

UNAVAILABLE = "unavailable"
RETRY = 300.0  # seconds after which a failed run is tried again, each time twice as long
SHOWN = ("state", "since", "bundle")  # what everybody may know: a message may hold paths, or what customers said
OPENING = {"state": "running", "message": "the new bundle is being opened"}
logger = logging.getLogger(__name__)


class Retraining:
    """Runs the recipe of the settings when asked, and swaps the bundle that comes of it.

    Args:
        settings: recipe, run folder and quiet seconds.
        service: what the new bundle answers through.

    Its `projects` are those that the recipe reads; None = it does not say.

    Raises:
        WorkbenchError: the recipe cannot be read, or asks for something that does not exist.
    """

    def __init__(self, settings: Settings, service: Service) -> None:
        self.service, self.run = service, settings.run
        self.projects: frozenset[int] | None = None
        self._opened: dict[str, Any] = {}
        self._training: Training | None = None
        self._why_not = f"no retraining is configured: set {RECIPE} and {RUN} for the server"
        if settings.recipe and settings.run:
            recipe, run = load_recipe(settings.recipe, service.host), settings.run.resolve()
            self.projects, self._why_not = projects_read(recipe), missing_extras(recipe)
            if not self._why_not:
                self._training = Training(
                    retrain_command(settings.recipe.absolute(), run),
                    debounce=settings.quiet,
                    finished=self._finished,
                    log=run.with_name(f"{run.name}.log"),
                    retry=RETRY,
                )

    @property
    def why_not(self) -> str:
        """Why it cannot be asked, with what to do; "" when it can."""
        return self._why_not

    def ask(self, why: str, *, at_once: bool = False) -> Mapping[str, Any]:
        """Ask for a run, without waiting for it; the status.

        Args:
            why: for people.
            at_once: without waiting for other events.
        """
        if self._training is None:
            return self.status()
        self._training.ask(why, **({"debounce": 0} if at_once else {}))
        return self.status()

    def status(self) -> dict[str, Any]:
        """As `Training.status`; it is `succeeded` once the new bundle answers, which `bundle` names."""
        if self._training is None:
            return {"state": UNAVAILABLE, "message": self._why_not, "bundle": self.service.bundle_id}
        status = self._training.status()
        if status["state"] == "succeeded":
            opened = self._opened if self._opened.get("since") == status["since"] else OPENING
            status |= opened
        return status | {"bundle": self.service.bundle_id}

    def shown(self) -> dict[str, Any]:
        """What everybody may know of the status."""
        return {name: value for name, value in self.status().items() if name in SHOWN}

    def close(self) -> None:
        """End what runs."""
        if self._training is not None:
            self._training.close()

    def _finished(self, code: int) -> None:
        """After a run: its bundle takes over if its gate accepted it, else the old one goes on."""
        if code != 0:
            logger.warning("retraining ended with exit code %d; bundle %s goes on", code, self.service.bundle_id)
            return
        assert self.run is not None
        assert self._training is not None
        since = self._training.status()["since"]  # says later which run this belongs to
        try:
            self.service.swap(self.run)
            self._opened = {"since": since, "message": ""}
        except Exception as error:
            what = str(error) if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
            logger.warning("the retrained bundle is not served, %s goes on: %s", self.service.bundle_id, what)
            state = "refused" if isinstance(error, GateRefused) else "failed"
            self._opened = {"since": since, "state": state, "message": what}


def missing_extras(recipe: Recipe) -> str:
    """The line that installs what a recipe needs and is not there; "" when all is."""
    steps = [*recipe.imports, *recipe.clean, *recipe.augment, *recipe.compress]
    components = [step.component for step in ([*steps, recipe.train] if recipe.train else steps)]
    missing = [
        (component.extra, name) for component in components for name in component.libraries if version(name) is None
    ]
    if not missing:
        return ""
    extras = ",".join(sorted({extra for extra, _ in missing if extra}))
    return str(MissingExtra(f"{missing[0][1]} is not installed", extras))
