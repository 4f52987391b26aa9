"""What runs the service watches: a request id in every answer and line of the log, and counts and times for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.processes import is_alive

log = structlog.get_logger()

REQUESTS = Counter("vitrina_requests_total", "Answers by route, method and status.", ["route", "method", "status"])
SECONDS = Histogram(
    "vitrina_request_seconds",
    "Time to answer by route.",
    ["route", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_FLIGHT = Gauge("vitrina_requests_in_flight", "Requests that are being answered.", multiprocess_mode="livesum")
FALLBACKS = Counter("vitrina_recommendation_fallbacks_total", "Answers from the popular items, by cause.", ["cause"])

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Observed:
    """Gives each request an id, and counts and times it.

    Parameters
    ----------
    app
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status, begun = 500, time.perf_counter()
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            # to HEAD, routes answer as to GET
            await send({**message, "body": b""} if method == "HEAD" and message["type"] == "http.response.body" else message)

        IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, answered)
        finally:
            IN_FLIGHT.dec()
            seconds = time.perf_counter() - begun
            # the template, never the address: that has identifiers in it, and there is no end to them
            route = getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(route, method, status).inc()
            SECONDS.labels(route, method).observe(seconds)
            if status >= 500 or seconds > 1 or log.is_enabled_for(logging.DEBUG):
                level = logging.ERROR if status >= 500 else logging.INFO
                log.log(level, "request", route=route, method=method, status=status, ms=round(seconds * 1000, 1))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def forget_dead_workers(folder: Path) -> None:
    """Count no more what workers that were killed had under way: their files stay behind."""
    for path in folder.glob("gauge_live*_*.db"):
        if not is_alive(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)


def log_as_json(level: int = logging.INFO) -> None:
    """One JSON object per line on standard error, for our own lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
