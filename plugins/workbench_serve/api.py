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
        service: makes the predictions.
        mounts: names of optional routes to add, see the hook `mounts`.

    Raises:
        UsageProblem: there is no mount of a given name.
        WorkbenchError: a plugin failed to add its routes, or refuses its settings.
    """
    limits = service.limits

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(service.end)

    app = FastAPIOffline(
        title="Intent workbench",
        version=__version__,
        redoc_url=None,
        description=f"At most {limits.texts} texts a request, {limits.characters} characters a text and "
        f"{limits.bytes} bytes a request.",
        responses=problems(422, 500, 503),
        lifespan=lifespan,
    )
    app.router.route_class = JsonRoute
    app.add_middleware(BodyLimit, most=service.most_bytes)
    app.add_middleware(FaultResponses)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InvalidRequest, _invalid_texts)
    app.add_exception_handler(Unavailable, _unavailable)

    @app.post(
        "/predict",
        response_model=PredictResponse | list[PredictResponse],
        responses=problems(413),
        summary="Predict the intent of a text, or of each of several",
    )
    async def predict(request: Request, body: PredictRequest) -> Response:
        """Give an object for a text, a list in the same order for a list."""
        many = isinstance(body.text, list)
        texts = body.text if isinstance(body.text, list) else [body.text]

        def finish(predictions: list[Prediction]) -> Response:
            rows = [prediction.to_json() for prediction in predictions]
            return JSONResponse(rows if many else rows[0])

        return await unless_gone(request, service.submit(texts, top=body.top, finish=finish))

    @app.get("/health", response_model=Health, summary="Whether the server is up, and which bundle it serves")
    async def health() -> dict[str, Any]:
        """Never waits for predictions."""
        bundle = service.bundle
        return {
            "status": "ok",
            "bundle": service.bundle_id,
            "intents": len(bundle.model.intents),
            "accepted": bundle.accepted,
            "version": __version__,
        }

    @app.get("/jobs", response_model=dict[str, JobState], summary="What runs in the background, such as a training")
    def jobs() -> dict[str, Any]:
        """The state of each job by its name; none where no plugin has any."""
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
            raise WorkbenchError(f"plugin {plugin} failed to add its routes: {why}") from error


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these status codes come with a `Problem`."""
    return {code: {"model": Problem} for code in codes}


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Name the first problem, without the input: it may be large, and may be no text that JSON can carry."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = _place(first["loc"])
    if not place and "json" not in request.headers.get("content-type", ""):
        detail = "the body is not read as JSON: send it with the header Content-Type: application/json"
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
