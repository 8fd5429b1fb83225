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
from workbench.api.serving import read_request_json, unless_gone
from workbench_labelstudio.live.auth import Guard
from workbench_labelstudio.live.events import LABEL_ACTIONS, PREFIX, START_TRAINING, WEBHOOK, parse_event
from workbench_labelstudio.live.hints import leave_hint
from workbench_labelstudio.live.prediction_form import PredictionForm, listed, prediction_form
from workbench_labelstudio.live.retraining import Retraining
from workbench_labelstudio.live.settings import read_settings
from workbench_labelstudio.versions import model_version

if TYPE_CHECKING:
    from workbench.api.serving import PredictionBatch, ServedBundle, Service

JOB = "label-studio-retraining"
MOST_BYTES = 64_000_000  # the Data Manager sends all the tasks that somebody chose in one request
JOB_STATES = {  # in Label Studio's words, where it has another
    "waiting": "queued",
    "running": "started",
    "succeeded": "finished",
    "refused": "failed",
    "unavailable": "failed",
}
REASON = 500  # characters
GET, POST = ["GET"], ["POST"]
logger = logging.getLogger(__name__)


def add_routes(app: FastAPI, service: Service) -> None:
    """Add the routes below `/label-studio`.

    Raises:
        WorkbenchError: a setting is wrong, see `read_settings`, or its recipe cannot be used.
    """
    settings = read_settings(os.environ)
    retraining, guard = Retraining(settings, service), Guard(settings)
    backend = Backend(service, retraining)
    documented = APIRouter(tags=["Label Studio"], dependencies=[Depends(guard)])
    hooks = APIRouter(tags=["Label Studio"], dependencies=[Depends(guard.webhook)])
    hidden = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
    documented.add_api_route("/health", backend.health, methods=GET)
    documented.add_api_route("/setup", backend.setup, methods=POST)
    documented.add_api_route("/predict", backend.predict, methods=POST)
    documented.add_api_route("/versions", backend.versions, methods=GET)
    hooks.add_api_route(WEBHOOK, backend.webhook, methods=POST)
    hidden.add_api_route("/job_status", backend.job_status, methods=[*GET, *POST])
    hidden.add_api_route("/refused", backend.refused, methods=GET)
    hidden.add_api_route("/train", backend.train, methods=POST)
    for path in ("", "/"):
        hidden.add_api_route(path, backend.health, methods=GET)
    for path in ("/validate", "/delete", "/duplicate_model"):  # of older servers
        hidden.add_api_route(path, backend.nothing, methods=POST)
    for router in (documented, hooks, hidden):
        app.include_router(router, prefix=PREFIX)
    for path in ("/predict", WEBHOOK):
        service.allow_bytes(PREFIX + path, MOST_BYTES)
    service.add_job(JOB, retraining.public_status)
    service.at_end(retraining.close)


class Backend:
    """The handlers.

    Args:
        service: makes the predictions.
        retraining: what START_TRAINING starts.
    """

    def __init__(self, service: Service, retraining: Retraining) -> None:
        self.service, self.retraining = service, retraining
        self._logged: set[tuple[Any, ...]] = set()

    async def health(self) -> dict[str, Any]:
        """Say that the server is up, without waiting for predictions."""
        return {
            "status": "UP",
            "model_class": "intent-workbench",
            "model_version": version_of(self.service.served),
        }

    async def setup(self, request: Request) -> dict[str, Any]:
        """Check that the project's label config (`schema`) fits the bundle; give the version.

        Nothing else of the body is read, such as an access token.
        """
        served = self.service.served
        self._form(await _body(request), "schema", served)
        return {"model_version": version_of(served)}

    async def predict(self, request: Request) -> Response:
        """Give a result, a score and a version for each task, in order; empty for a task without a prediction."""
        body = await _body(request)
        while True:
            served = self.service.served
            form, tasks = self._form(body, "label_config", served), body.get("tasks")
            if not isinstance(tasks, list):
                raise HTTPException(422, "tasks: a list is expected")
            texts = await asyncio.to_thread(_texts, form, tasks)
            batch = await unless_gone(request, self.service.predict_each(texts))
            if batch.served is served:  # else there was a swap, and the new bundle may need another form
                return Response(await asyncio.to_thread(_results, form, batch), media_type="application/json")

    async def webhook(self, request: Request) -> dict[str, Any]:
        """Take an event: START_TRAINING starts a retraining, new labels start one a while later.

        Every change is a hint for the watches of the project on this machine.
        """
        event = parse_event(await _body(request), request.headers)
        if event is None:
            return {"status": "ignored"}
        training = event.action == START_TRAINING
        if not training:
            leave_hint(event.project)
        if not event.concerns(self.retraining.projects):
            if training:
                raise _refusal(f"the recipe of the retraining does not read project {event.project}")
            return {"status": "ignored"}
        if training:
            return await self.train()
        if event.action in LABEL_ACTIONS and not self.retraining.problem:
            return {"status": "heard", "job": JOB, **self.retraining.request(event.action)}
        return {"status": "heard"}

    async def train(self) -> dict[str, Any]:
        """Start a retraining, or say why there is none."""
        if self.retraining.problem:
            raise _refusal(self.retraining.problem)
        return {"status": "heard", "job": JOB, **self.retraining.request(START_TRAINING, debounce=0)}

    async def versions(self) -> dict[str, Any]:
        """Give the version of the current bundle."""
        return {"versions": [version_of(self.service.served)]}

    async def job_status(self) -> dict[str, Any]:
        """Give the state of the retraining: in Label Studio's word, and in ours."""
        status = self.retraining.status()
        return {"job_status": JOB_STATES.get(status["state"], status["state"]), **status}

    async def refused(self, request: Request) -> None:
        """Say why a request was refused: the place to which a refusal leads."""
        raise HTTPException(409, unquote_plus(request.url.query)[:REASON])

    async def nothing(self) -> dict[str, Any]:
        """Accept a request that needs no work."""
        return {"status": "ok"}

    def _form(self, body: Any, key: str, served: ServedBundle) -> PredictionForm:
        config = body.get(key) if isinstance(body, dict) else None
        if not isinstance(config, str):
            raise HTTPException(422, f"{key}: the project's label config is expected")
        try:
            form = prediction_form(config, served.bundle.model.intents)
        except WorkbenchError as error:
            raise _refusal(str(error)) from error
        if form.missing and form.missing not in self._logged:
            self._logged.add(form.missing)
            logger.warning(
                "%d intents of bundle %s have no label in the control %s, so tasks of these get no prediction: %s",
                len(form.missing),
                served.id,
                form.control.name,
                listed(form.missing),
            )
        return form


def version_of(served: ServedBundle) -> str:
    """Give the version of a bundle's predictions in Label Studio."""
    return _version(served.bundle.path, served.id)


# model_version looks into the file system, and every request needs the version
_version = functools.lru_cache(maxsize=64)(model_version)


async def _body(request: Request) -> Any:
    if "json" not in request.headers.get("content-type", ""):  # any page of a browser can send the other types
        raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
    return await read_request_json(request)


def _texts(form: PredictionForm, tasks: list[Any]) -> list[str]:
    return [form.text(task) for task in tasks]


def _results(form: PredictionForm, batch: PredictionBatch) -> bytes:
    version = version_of(batch.served)
    return json.dumps({"results": [form.row(prediction, version) for prediction in batch.predictions]}).encode()


def _refusal(why: str) -> HTTPException:
    short = why if len(why) <= REASON else f"{why[: REASON - 1]}…"
    place = quote_plus(short.replace('"', "'"), safe="'()[],:;=/")
    return HTTPException(303, why, headers={"Location": f"refused?{place}"})
