"""Health, metrics, the description of the API, and static files."""

from __future__ import annotations

import os
from typing import Annotated, Any

import structlog
from fastapi import Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text
from starlette.staticfiles import StaticFiles

from serving.web.problems import as_json
from serving.web.rendering import STATIC
from serving.web.routing import router as guarded_router
from serving.web.rules import anybody, needs
from serving.web.service import service_of
from vitrina.state.opening import StateError
from vitrina.state.roles import EVERYTHING, Action

router = guarded_router()
_STATIC = StaticFiles(directory=STATIC)


@router.get("/static/{path:path}")
@anybody()
async def static(request: Request, path: str, v: Annotated[str | None, Query(max_length=64)] = None) -> Response:
    """A style, a script."""
    response = await _STATIC.get_response(path, request.scope)
    # an address with its content's hash never has other content
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if v else "public, no-cache"
    return response


@router.get("/health/live")
@anybody()
async def live() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "alive"}


@router.get("/health/ready")
@anybody()
def ready(request: Request) -> Response:
    """Whether requests can be answered: the state store answers. Published versions that are open are told of."""
    service = service_of(request)
    try:
        with service.database.reading() as connection:
            connection.execute(text("SELECT 1"))
    except StateError as error:
        structlog.get_logger().error("state_store_not_usable", route="/health/ready", error=str(error))  # the message says it all
        return as_json(error)
    view = service.versions.view()
    versions = {name: version.name for name in service.versions.products if (version := view.find(name)) is not None}
    return JSONResponse({"status": "ready", "versions": versions})


@router.get("/metrics")
@needs(Action.OBSERVE, EVERYTHING, counted=True)
def metrics() -> Response:
    """Counts and times of all workers, for Prometheus."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/openapi.json")
@anybody()
def openapi(request: Request) -> dict[str, Any]:
    """The description of the API."""
    found: dict[str, Any] = request.app.openapi()
    return found


@router.get("/api", response_class=HTMLResponse)
@anybody()
def reference(request: Request) -> HTMLResponse:
    """The description of the API, to be read."""
    return service_of(request).pages.render(request, "operations/api.html", api=request.app.openapi())


@router.get("/favicon.ico")
@anybody()
async def icon(request: Request) -> Response:
    """The sign in a browser's tab."""
    return await _STATIC.get_response("icon.svg", request.scope)
