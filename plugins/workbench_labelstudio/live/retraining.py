"""A new bundle while the old one answers: a recipe is run in the background, and what its gate accepts takes over."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.engine.recipe import load_recipe
from workbench.engine.sections import Recipe
from workbench.engine.stage import version
from workbench.errors import GateRefused, MissingExtra, WorkbenchError
from workbench.host import build_host
from workbench_labelstudio.live.settings import RECIPE, RUN, Settings
from workbench_labelstudio.live.training import Training, retrain_command

if TYPE_CHECKING:
    from workbench.service import Service

UNAVAILABLE = "unavailable"
logger = logging.getLogger(__name__)


class Retraining:
    """Runs the recipe of the settings when asked, and swaps the bundle that comes of it.

    Args:
        settings: recipe, run folder and quiet seconds.
        service: what the new bundle answers through.

    Raises:
        WorkbenchError: the recipe cannot be read, or asks for something that does not exist.
    """

    def __init__(self, settings: Settings, service: Service) -> None:
        self.service, self.run = service, settings.run
        self._opened: dict[str, Any] | None = None
        self._training: Training | None = None
        self._why_not = f"no retraining is configured: set {RECIPE} and {RUN} for the server"
        if settings.recipe and settings.run:
            self._why_not = missing_extras(load_recipe(settings.recipe, build_host()))
        if settings.recipe and settings.run and not self._why_not:
            command = retrain_command(settings.recipe.absolute(), settings.run.absolute())
            self._training = Training(command, debounce=settings.quiet, finished=self._finished)

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
            status |= self._opened or {"state": "running", "message": "the new bundle is being opened"}
        return status | {"bundle": self.service.bundle_id}

    def close(self) -> None:
        """End what runs."""
        if self._training is not None:
            self._training.close()

    def _finished(self, code: int) -> None:
        """After a run: its bundle takes over if its gate accepted it, else the old one goes on."""
        self._opened = None
        if code != 0:
            logger.warning("retraining ended with exit code %d; bundle %s goes on", code, self.service.bundle_id)
            return
        assert self.run is not None
        try:
            self.service.swap(self.run)
        except WorkbenchError as error:
            logger.warning("the retrained bundle is not served, %s goes on: %s", self.service.bundle_id, error)
            self._opened = {"state": "refused" if isinstance(error, GateRefused) else "failed", "message": str(error)}
        else:
            self._opened = {"message": ""}


def missing_extras(recipe: Recipe) -> str:
    """The line that installs what a recipe needs and is not there; "" when all is."""
    steps = [*recipe.imports, *recipe.clean, *recipe.augment, *recipe.compress]
    offers = [step.offer for step in ([*steps, recipe.train] if recipe.train else steps)]
    missing = [(offer.extra, name) for offer in offers for name in offer.libraries if version(name) is None]
    if not missing:
        return ""
    extras = ",".join(sorted({extra for extra, _ in missing}))
    return str(MissingExtra(f"{missing[0][1]} is not installed", extras))
