"""The HTTP interface: a FastAPI application over a service, with the routes that plugins add."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from workbench.api import Host, Prediction, WorkbenchError, __version__
from workbench.api.serving import unless_gone
from workbench_serve.json_route import JsonRoute
from workbench_serve.limits import InvalidRequest
from workbench_serve.middleware import BodyLimit, FaultResponses, unavailable
from workbench_serve.request_queue import Unavailable
from workbench_serve.schemas import Health, JobState, PredictRequest, PredictResponse, Problem
from workbench_serve.service import BundleService


def create_app(host: Host, service: BundleService, mounts: Sequence[str] = ()) -> FastAPI:
    """Build the application.

    Args:
        host: the plugins.
        service: the service that makes the predictions.
        mounts: names of optional routes to add, see the hook `mounts`.

    Raises:
        UsageProblem: a mount is unknown.
        WorkbenchError: a plugin failed to add its routes, or its settings are invalid.
    """
    limits = service.limits

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(service.close)

    app = FastAPIOffline(
        title="Intent workbench",
        version=__version__,
        redoc_url=None,
        description=f"At most {limits.texts} texts per request, {limits.characters} characters per text and "
        f"{limits.bytes} bytes per request.",
        responses=problems(422, 500, 503),
        lifespan=lifespan,
    )
    app.router.route_class = JsonRoute
    app.add_middleware(BodyLimit, limit_of=service.byte_limit)
    app.add_middleware(FaultResponses)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InvalidRequest, _invalid_texts)
    app.add_exception_handler(Unavailable, _unavailable)

    @app.post(
        "/predict",
        response_model=PredictResponse | list[PredictResponse],
        responses=problems(413),
        summary="Predict the intent of one text or of several texts",
    )
    async def predict(request: Request, body: PredictRequest) -> Response:
        """Return an object for a text, and a list in the same order for a list of texts."""
        many = isinstance(body.text, list)
        texts = body.text if isinstance(body.text, list) else [body.text]

        def finish(predictions: list[Prediction]) -> Response:
            rows = [prediction.to_json() for prediction in predictions]
            return JSONResponse(rows if many else rows[0])

        return await unless_gone(request, service.submit(texts, top=body.top, finish=finish))

    @app.get("/health", response_model=Health, summary="Return the state of the server and its bundle")
    async def health() -> dict[str, Any]:
        """Return the state immediately, without waiting for predictions."""
        bundle = service.bundle
        return {
            "status": "ok",
            "bundle": service.bundle_id,
            "intents": len(bundle.model.intents),
            "accepted": bundle.accepted,
            "version": __version__,
        }

    @app.get(
        "/jobs", response_model=dict[str, JobState], summary="Return the states of background jobs, such as a training"
    )
    def jobs() -> dict[str, Any]:
        """Return the state of each job by name; empty if no plugin has a job."""
        return dict(service.job_status())

    _add_routes(app, host, service, mounts)
    return app


def _add_routes(app: FastAPI, host: Host, service: BundleService, mounts: Sequence[str]) -> None:
    additions = list(host.calls("register_routes", app=app, service=service))
    known = host.registry("mounts")
    for name in dict.fromkeys(mounts):
        component = known.pick(name, where="--with")
        additions.append((known.owners[name], partial(component, app, service)))
    for plugin, add in additions:
        try:
            add()
        except WorkbenchError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise WorkbenchError(
                f"plugin {plugin} failed to add its routes: {why}",
                remedy="Fix the plugin, or list the plugins to load: WORKBENCH_PLUGINS=a,b",
            ) from error


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for status codes whose body is a `Problem`."""
    return {code: {"model": Problem} for code in codes}


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Return a 422 with the first problem, without the input, which may be large or not representable in JSON."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = _place(first["loc"])
    if not place and "json" not in request.headers.get("content-type", ""):
        detail = "the body is not read as JSON: send the header Content-Type: application/json"
    else:
        detail = f"{place or 'the body'}: {first['msg']}"
    return _problem(422, detail)


def _place(loc: Sequence[str | int]) -> str:
    names = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc[1:]]
    return "".join(names).removeprefix(".")


async def _invalid_texts(request: Request, error: Exception) -> JSONResponse:
    return _problem(422, str(error))


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    return unavailable(str(error))


def _problem(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)
