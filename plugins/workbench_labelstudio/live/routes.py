"""The routes for Label Studio: what Label Studio 1.23 asks of an ML backend, and the webhook.

Label Studio shows no more of a refusal than its status and its URL, so a refusal leads to a URL that says why.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response

from workbench.api import WorkbenchError
from workbench.api.engine import load_recipe
from workbench.api.serving import read_request_json, unless_gone
from workbench_labelstudio.live.auth import Guard
from workbench_labelstudio.live.events import LABEL_ACTIONS, PREFIX, START_TRAINING, WEBHOOK, parse_event
from workbench_labelstudio.live.hints import leave_hint
from workbench_labelstudio.live.recipe_projects import projects_of
from workbench_labelstudio.live.retraining import missing_libraries, retraining
from workbench_labelstudio.live.settings import RECIPE, RUN, read_settings
from workbench_labelstudio.push.control_labels import ControlLabels, control_labels
from workbench_labelstudio.tasks.words import listed_labels
from workbench_labelstudio.versions import model_version

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.api import Intent, Prediction
    from workbench.api.serving import BackgroundRun, PredictionBatch, ServedBundle, Service

JOB = "label-studio-retraining"
MOST_BYTES = 64_000_000  # the Data Manager sends all the tasks that somebody chose in one request
JOB_STATES = {  # in Label Studio's words, where it has another
    "waiting": "queued",
    "running": "started",
    "succeeded": "finished",
    "refused": "failed",
    "unavailable": "failed",
}
PUBLIC = ("state", "since", "bundle")  # a message may hold paths, or texts of customers
REASON = 500  # characters
NO_RECIPE = f"no retraining is configured: set {RECIPE} and {RUN} for the server"
logger = logging.getLogger(__name__)


def add_routes(app: FastAPI, service: Service) -> None:
    """Add the routes below `/label-studio`.

    Raises:
        WorkbenchError: a setting is wrong, see `read_settings`, or its recipe cannot be used.
    """
    settings = read_settings(os.environ)
    guard, backend = Guard(settings), Backend(service)
    if settings.recipe and settings.run:
        recipe = load_recipe(settings.recipe, service.host)
        backend.projects, backend.problem = projects_of(recipe), missing_libraries(recipe)
        if not backend.problem:
            backend.run = retraining(settings.recipe, settings.run, settings.quiet, service)
            service.at_end(backend.run.close)
    router = APIRouter(tags=["Label Studio"], dependencies=[Depends(guard)])
    for path in ("", "/", "/health"):
        router.add_api_route(path, backend.health, methods=["GET"], include_in_schema=bool(path.strip("/")))
    router.add_api_route("/setup", backend.setup, methods=["POST"])
    router.add_api_route("/predict", backend.predict, methods=["POST"])
    router.add_api_route("/versions", backend.versions, methods=["GET"])
    router.add_api_route("/train", backend.train, methods=["POST"])
    router.add_api_route("/job_status", backend.job_status, methods=["GET", "POST"])
    router.add_api_route("/refused", backend.refused, methods=["GET"], include_in_schema=False)
    for path in ("/validate", "/delete", "/duplicate_model"):  # of older servers
        router.add_api_route(path, backend.nothing, methods=["POST"], include_in_schema=False)
    app.include_router(router, prefix=PREFIX)
    hooked = [Depends(guard.webhook)]
    app.add_api_route(PREFIX + WEBHOOK, backend.webhook, methods=["POST"], tags=["Label Studio"], dependencies=hooked)
    for path in ("/predict", WEBHOOK):
        service.allow_bytes(PREFIX + path, MOST_BYTES)
    service.add_job(JOB, backend.public_status)


class Backend:
    """The handlers.

    START_TRAINING and new labels start the background run `run`; where it is None, `problem` says why, with what to do.
    `projects` are the ids of the projects that its recipe reads; None = the recipe does not say.

    Args:
        service: makes the predictions.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.run: BackgroundRun | None = None
        self.problem = NO_RECIPE
        self.projects: Collection[int] | None = None

    async def health(self) -> dict[str, Any]:
        """Say that the server is up, without waiting for predictions."""
        return {"status": "UP", "model_class": "intent-workbench", "model_version": version_of(self.service.served)}

    async def setup(self, request: Request) -> dict[str, Any]:
        """Check that the project's label config (`schema`) fits the bundle; give the version.

        Nothing else of the body is read, such as an access token.
        """
        served = self.service.served
        self._labels(await _body(request), "schema", served)
        return {"model_version": version_of(served)}

    async def predict(self, request: Request) -> Response:
        """Give a result, a score and a version for each task, in order; empty for a task without a prediction."""
        body = await _body(request)
        while True:
            served = self.service.served
            labels, tasks = self._labels(body, "label_config", served), body.get("tasks")
            if not isinstance(tasks, list):
                raise HTTPException(422, "tasks: a list is expected")
            texts = [_text(task, labels.control.data_key) for task in tasks]
            batch = await unless_gone(request, self.service.predict_each(texts))
            if batch.served is served:  # else there was a swap, and the new bundle may need another form
                return Response(await asyncio.to_thread(_results, labels, batch), media_type="application/json")

    async def webhook(self, request: Request) -> dict[str, Any]:
        """Take an event: START_TRAINING starts a retraining, new labels start one a while later.

        Every change is a hint for the watches of the project on this machine.
        """
        event = parse_event(await _body(request), request.headers)
        if event is None:
            return {"status": "ignored"}
        is_read = event.project is None or self.projects is None or event.project in self.projects
        if event.action == START_TRAINING:
            if not is_read:
                raise _refusal(f"the recipe of the retraining does not read project {event.project}")
            return await self.train()
        leave_hint(event.project)
        if is_read and self.run and event.action in LABEL_ACTIONS:
            self.run.request(event.action)
        return {"status": "heard" if is_read else "ignored", "job": JOB, **self.status()}

    async def train(self) -> dict[str, Any]:
        """Start a retraining, or say why there is none."""
        if self.run is None:
            raise _refusal(self.problem)
        self.run.request(START_TRAINING, debounce=0)
        return {"status": "heard", "job": JOB, **self.status()}

    def status(self) -> dict[str, Any]:
        """Give the status of the retraining, `succeeded` once the new bundle serves; `bundle` is the current bundle."""
        status = self.run.status() if self.run else {"state": "unavailable", "message": self.problem}
        return status | {"bundle": self.service.bundle_id}

    def public_status(self) -> dict[str, Any]:
        """Give the part of the status that everybody may know."""
        return {name: value for name, value in self.status().items() if name in PUBLIC}

    async def versions(self) -> dict[str, Any]:
        """Give the version of the current bundle."""
        return {"versions": [version_of(self.service.served)]}

    async def job_status(self) -> dict[str, Any]:
        """Give the state of the retraining: in Label Studio's word, and in ours."""
        status = self.status()
        return {"job_status": JOB_STATES.get(status["state"], status["state"]), **status}

    async def refused(self, request: Request) -> None:
        """Say why a request was refused: the place to which a refusal leads."""
        raise HTTPException(409, unquote_plus(request.url.query)[:REASON])

    async def nothing(self) -> dict[str, Any]:
        """Accept a request that needs no work."""
        return {"status": "ok"}

    def _labels(self, body: Any, key: str, served: ServedBundle) -> ControlLabels:
        """Find the control and the labels in the config of a request, so that the server keeps nothing of a project."""
        config = body.get(key) if isinstance(body, dict) else None
        if not isinstance(config, str):
            raise HTTPException(422, f"{key}: the project's label config is expected")
        try:
            labels = _control_labels(config, served.bundle.model.intents)
        except WorkbenchError as error:
            raise _refusal(str(error)) from error
        if labels.control.data_key is None:
            raise _refusal(f"the control {labels.control.name} does not ask of one key of the tasks' data")
        if labels.missing:
            _warn_once(labels.control.name, labels.missing)
        return labels


def version_of(served: ServedBundle) -> str:
    """Give the version of a bundle's predictions in Label Studio."""
    return _version(served.bundle.path, served.id)


# model_version looks into the file system, and every request needs the version and the parsed label config
_version = functools.lru_cache(maxsize=64)(model_version)
_control_labels = functools.lru_cache(maxsize=64)(control_labels)


@functools.lru_cache(maxsize=64)
def _warn_once(control: str, missing: tuple[Intent, ...]) -> None:
    logger.warning(
        "the control %s lacks intents, tasks of these get no prediction: %s", control, listed_labels(missing)
    )


async def _body(request: Request) -> Any:
    if "json" not in request.headers.get("content-type", ""):  # any page of a browser can send the other types
        raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
    return await read_request_json(request)


def _text(task: Any, key: str | None) -> str:
    """Give the text of a task; "" where there is none."""
    data = task.get("data") if isinstance(task, dict) else None
    value = data.get(key) if isinstance(data, dict) else None
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _results(labels: ControlLabels, batch: PredictionBatch) -> bytes:
    version = version_of(batch.served)

    def row(prediction: Prediction | None) -> dict[str, Any]:
        made = {"result": labels.result(prediction.intents), "score": prediction.score} if prediction else {}
        return {"result": [], "score": None, "model_version": version, **made}

    return json.dumps({"results": [row(prediction) for prediction in batch.predictions]}).encode()


def _refusal(why: str) -> HTTPException:
    short = why if len(why) <= REASON else f"{why[: REASON - 1]}…"
    place = quote_plus(short.replace('"', "'"), safe="'()[],:;=/")
    return HTTPException(303, why, headers={"Location": f"refused?{place}"})
