"""A bundle as the model of a Label Studio project: what Label Studio 1.23 asks of an ML backend, over HTTP.

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
from workbench_labelstudio.live.answers import Form, form_of, listed
from workbench_labelstudio.live.auth import Guard
from workbench_labelstudio.live.backend_paths import PREFIX, RETRAINS, WEBHOOK
from workbench_labelstudio.live.events import START_TRAINING
from workbench_labelstudio.live.retraining import Retraining
from workbench_labelstudio.live.settings import read_settings
from workbench_labelstudio.live.wire import hear, read_json, unless_gone
from workbench_labelstudio.versions import model_version

if TYPE_CHECKING:
    from workbench.api.serving import Answers, Served, Service

JOB = "label-studio-retraining"
MOST_BYTES = 64_000_000  # the Data Manager sends all the tasks that somebody chose in one request
JOB_STATES = {  # in Label Studio's words, where it has another
    "waiting": "queued",
    "running": "started",
    "succeeded": "finished",
    "refused": "failed",
    "unavailable": "failed",
}
WHY = 500  # characters
GET, POST = ["GET"], ["POST"]
logger = logging.getLogger(__name__)


def add_routes(app: FastAPI, service: Service) -> None:
    """Add the routes below `/label-studio`.

    Raises:
        WorkbenchError: a setting is odd, see `read_settings`, or its recipe cannot be used.
    """
    settings = read_settings(os.environ)
    retraining, guard = Retraining(settings, service), Guard(settings)
    backend = Backend(service, retraining)
    shown = APIRouter(tags=["Label Studio"], dependencies=[Depends(guard)])
    hooks = APIRouter(tags=["Label Studio"], dependencies=[Depends(guard.webhook)])
    hidden = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
    shown.add_api_route("/health", backend.health, methods=GET)
    shown.add_api_route("/setup", backend.setup, methods=POST)
    shown.add_api_route("/predict", backend.predict, methods=POST)
    hooks.add_api_route(WEBHOOK, backend.webhook, methods=POST)
    shown.add_api_route("/versions", backend.versions, methods=GET)
    hidden.add_api_route("/job_status", backend.job_status, methods=[*GET, *POST])
    hidden.add_api_route("/refused", backend.refused, methods=GET)
    hidden.add_api_route("/train", backend.train, methods=POST)
    for path in ("", "/"):
        hidden.add_api_route(path, backend.health, methods=GET)
    for path in ("/validate", "/delete", "/duplicate_model"):
        hidden.add_api_route(path, backend.nothing, methods=POST)
    for router in (shown, hooks, hidden):
        app.include_router(router, prefix=PREFIX)
    for path in ("/predict", WEBHOOK):
        service.allow_bytes(PREFIX + path, MOST_BYTES)
    service.add_job(JOB, retraining.shown)
    service.at_end(retraining.close)


class Backend:
    """The handlers.

    Args:
        service: what answers.
        retraining: what START_TRAINING starts.
    """

    def __init__(self, service: Service, retraining: Retraining) -> None:
        self.service, self.retraining = service, retraining
        self._said: set[tuple[Any, ...]] = set()

    async def health(self) -> dict[str, Any]:
        """The server is up; never waits for predictions."""
        return {
            "status": "UP",
            "model_class": "intent-workbench",
            "model_version": version_of(self.service.served),
        }

    async def setup(self, request: Request) -> dict[str, Any]:
        """Whether the project's label config (`schema`) fits the bundle, and its version.

        Of what else is sent, such as an access token, nothing is read.
        """
        served = self.service.served
        self._form(await read_json(request), "schema", served)
        return {"model_version": version_of(served)}

    async def predict(self, request: Request) -> Response:
        """A result, a score and a version for each task, in their order; a task without an answer has an empty one."""
        body = await read_json(request)
        while True:
            served = self.service.served
            form, tasks = self._form(body, "label_config", served), body.get("tasks")
            if not isinstance(tasks, list):
                raise HTTPException(422, "tasks: a list is expected")
            texts = await asyncio.to_thread(_texts, form, tasks)
            answers = await unless_gone(request, self.service.ask_each(texts))
            if answers.served is served:  # else there was a swap, and the new bundle may ask for another form
                results = await asyncio.to_thread(_results, form, answers)
                return Response(results, media_type="application/json")

    async def webhook(self, request: Request) -> dict[str, Any]:
        """An event: START_TRAINING asks for a retraining, new labels for one a while later; others are passed over."""
        event = await hear(request)
        if event is None:
            return {"status": "ignored"}
        if not event.concerns(self.retraining.projects):
            if event.action == START_TRAINING:
                raise _refusal(f"the recipe of the retraining does not read project {event.project}")
            return {"status": "ignored"}
        if event.action == START_TRAINING:
            return await self.train()
        if event.action in RETRAINS and not self.retraining.why_not:
            return {"status": "heard", "job": JOB, **self.retraining.ask(event.action)}
        return {"status": "heard"}

    async def train(self) -> dict[str, Any]:
        """Start a retraining, or say why there is none."""
        if self.retraining.why_not:
            raise _refusal(self.retraining.why_not)
        return {"status": "heard", "job": JOB, **self.retraining.ask(START_TRAINING, at_once=True)}

    async def versions(self) -> dict[str, Any]:
        """The version that answers."""
        return {"versions": [version_of(self.service.served)]}

    async def job_status(self) -> dict[str, Any]:
        """How the retraining stands: in Label Studio's word, and in ours."""
        status = self.retraining.status()
        return {"job_status": JOB_STATES.get(status["state"], status["state"]), **status}

    async def refused(self, request: Request) -> None:
        """Where a refusal leads to."""
        raise HTTPException(409, unquote_plus(request.url.query)[:WHY])

    async def nothing(self) -> dict[str, Any]:
        """What older servers ask, and nothing has to be done for."""
        return {"status": "ok"}

    def _form(self, body: Any, key: str, served: Served) -> Form:
        config = body.get(key) if isinstance(body, dict) else None
        if not isinstance(config, str):
            raise HTTPException(422, f"{key}: the project's label config is expected")
        try:
            form = form_of(config, served.bundle.model.intents)
        except WorkbenchError as error:
            raise _refusal(str(error)) from error
        if form.lacking and form.lacking not in self._said:
            self._said.add(form.lacking)
            logger.warning(
                "%d intents of bundle %s have no label in the control %s, so tasks of these get no prediction: %s",
                len(form.lacking),
                served.id,
                form.control.name,
                listed(form.lacking),
            )
        return form


def version_of(served: Served) -> str:
    """What its predictions are called."""
    return _version(served.bundle.path, served.id)


# which run a bundle is of is looked up in the file system, and asked for at every request
_version = functools.lru_cache(maxsize=64)(model_version)


def _texts(form: Form, tasks: list[Any]) -> list[str]:
    return [form.text(task) for task in tasks]


def _results(form: Form, answers: Answers) -> bytes:
    version = version_of(answers.served)
    results = [form.answer(prediction, version) for prediction in answers.predictions]
    return json.dumps({"results": results}).encode()


def _refusal(why: str) -> HTTPException:
    short = why if len(why) <= WHY else f"{why[: WHY - 1]}…"
    place = quote_plus(short.replace('"', "'"), safe="'()[],:;=/")
    return HTTPException(303, why, headers={"Location": f"refused?{place}"})
