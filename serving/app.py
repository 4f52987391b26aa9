"""The application: everything that people and programs can ask, put together on one page."""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

import serving
import vitrina
from serving.deliveries import routes as deliveries
from serving.feedback import routes as feedback
from serving.home import routes as home
from serving.operations import routes as operations
from serving.people import administering
from serving.people import routes as people
from serving.products import Product, all_products
from serving.token_buckets import TokenBuckets
from serving.web.audit_writer import AuditWriter
from serving.web.guard import GuardedRoute
from serving.web.observing import Observed, forget_dead_workers, log_as_json
from serving.web.problems import ProblemDetails, as_json, details_of, wants_json
from serving.web.recognising import Recogniser
from serving.web.rendering import Pages
from serving.web.service import Service, service_of
from serving.web.shielding import CompressedPages, Shielded
from serving.web.versions import Versions
from vitrina.errors import VitrinaError
from vitrina.feedback.tables import FEEDBACK
from vitrina.settings import Settings
from vitrina.state.audit import AuditLog
from vitrina.state.credentials import Credentials
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People

ALWAYS_ALLOWED_HOSTS = ("127.0.0.1", "localhost", "[::1]")
AT_ONCE = 4
"""Share of a minute's requests that may come at once: a page asks for a dozen things."""

DESCRIPTION = """\
Everything is read from the published version, and every list says which. Send `Authorization: Bearer vitrina_…` with a
token from the page of your account. Problems are `application/problem+json` and say what to do. Answers that depend on
nothing but the published version carry an `ETag`: send it back as `If-None-Match`, and nothing is sent twice.
"""


def create_app(settings: Settings) -> FastAPI:
    """The application over one data folder.

    Parameters
    ----------
    settings
        The configuration.

    Raises
    ------
    TypeError
        A route has no rule.
    """
    products = all_products()
    app = FastAPI(
        title="Vitrina",
        version=installed_version("vitrina"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan(settings, products),
    )
    routers = (operations.router, home.router, people.router, administering.router, feedback.router, deliveries.router)
    # as they are, and not through `include_router`, which hides them from whoever wants to see every route
    found = [route for router in (*routers, *(product.router for product in products)) for route in router.routes]
    # addresses are compared one after the other, and programs ask most
    app.router.routes.extend(sorted(found, key=_how_often_asked))
    if unguarded := [route for route in app.routes if not isinstance(route, GuardedRoute)]:
        raise TypeError(f"routes without a rule: {unguarded}")
    for kind in (VitrinaError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _told)
    app.add_middleware(CompressedPages)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(settings), www_redirect=False)
    app.add_middleware(Shielded, secure=settings.pages_address.startswith("https://"))
    app.add_middleware(Observed)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # as FastAPI's documentation does it
    return app


def from_environment() -> FastAPI:
    """The application as a worker starts it."""
    log_as_json()
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        forget_dead_workers(Path(folder))
    return create_app(Settings())


def _lifespan(settings: Settings, products: tuple[Product, ...]) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as ends:
            # each thing ends, whatever becomes of the others
            app.state.service = _begun(settings, products, ends)
            # what is held for good is looked through no more: a full collection stops everybody for half a second
            gc.collect()
            gc.freeze()
            structlog.get_logger().info("ready", address=settings.pages_address)
            yield

    return lifespan


def _begun(settings: Settings, products: tuple[Product, ...], ends: ExitStack) -> Service:
    """Everything that a worker holds while it runs; `ends` has how each of it ends."""
    database = StateDatabase(settings)
    ends.callback(database.close)
    credentials = Credentials(database)
    service = Service(
        settings=settings,
        versions=Versions(
            settings,
            [*(product.name for product in products), FEEDBACK],
            {product.name: product.companion for product in products if product.companion is not None},
            {product.name: product.warms for product in products},
        ),
        database=database,
        people=People(database),
        credentials=credentials,
        recogniser=Recogniser(credentials),
        audit=AuditWriter(AuditLog(database), settings.pages_audit_days),
        pages=Pages(settings),
        people_buckets=_buckets(settings.pages_requests_per_minute),
        token_buckets=_buckets(settings.pages_token_requests_per_minute),
        stranger_buckets=_buckets(settings.pages_requests_per_minute),
        edition=_edition(settings),
    )
    service.audit.start()
    ends.callback(service.audit.stop)
    service.versions.start()
    ends.callback(service.versions.stop)
    for product in products:
        if product.start is not None:
            service.held[product.name] = product.start(service)
        if product.stop is not None:
            ends.callback(product.stop, service)
    return service


def _how_often_asked(route: Any) -> tuple[bool, bool]:
    """What comes first is asked most: what the audit can only count, then the rest of the API."""
    rule = getattr(route, "rule", None)
    return (rule is None or not rule.counted, not getattr(route, "path", "").startswith("/api/v1/"))


def _edition(settings: Settings) -> str:
    """Another one after any change of our code, pages, translations or settings."""
    digest = hashlib.sha256(settings.model_dump_json().encode())
    for package in (Path(serving.__file__).parent, Path(vitrina.__file__).parent):
        for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".html", ".po")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _buckets(per_minute: int) -> TokenBuckets:
    return TokenBuckets(max(1, per_minute // AT_ONCE), per_minute)


def _hosts(settings: Settings) -> list[str]:
    """Names that we answer to: another one is a page elsewhere that was pointed at us."""
    own = urlsplit(settings.pages_address).hostname
    return [*ALWAYS_ALLOWED_HOSTS, settings.pages_host, *([own] if own else [])]


async def _told(request: Request, error: Exception) -> Response:
    """Tell of a problem: a page to people, problem+json to programs."""
    if wants_json(request):
        return as_json(error)
    return service_of(request).pages.problem(request, *details_of(error))


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API: of nothing but the API."""
    if app.openapi_schema is None:
        routes = [route for route in app.routes if getattr(route, "path", "").startswith("/api/v1/")]
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
        components = found.setdefault("components", {})
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token from the page of your account."}
        }
        schemas = components.setdefault("schemas", {})
        schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = found
    return app.openapi_schema
