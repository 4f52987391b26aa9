"""What stands before every route: headers that browsers obey, and the most that a body may hold."""

from __future__ import annotations

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.problems import as_json, details_of, wants_json

log = structlog.get_logger()

MOST_BODY = 1_000_000
MOST_CHUNK = 64_000_000
"""Bytes of a body; of one piece of an upload."""
LONGEST_LENGTH = 15
"""Digits of a length that is worth reading: longer ones take Python's time."""
CHUNKED = "/api/v1/uploads/"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Shielded:
    """Adds headers, and refuses bodies that are too large, whatever their length claims to be.

    Parameters
    ----------
    app
        What answers.
    secure
        Whether people come through HTTPS.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        } | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = MOST_CHUNK if scope["path"].startswith(CHUNKED) and scope["method"] == "PATCH" else MOST_BODY
        exchange = _Exchange(scope, receive, send, most, self.headers)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:
            if exchange.answered:
                raise
            # e.g. a file that has vanished while its download began: too late for the guard
            log.exception("failed", route=getattr(scope.get("route"), "path", "none"))
            answer = as_json(error) if wants_json(Request(scope)) else PlainTextResponse(details_of(error)[0].detail, 500)
            await answer(scope, receive, exchange.send)


class _Exchange:
    """One request and its answer on their way through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int, headers: dict[str, str]) -> None:
        self._receive, self._send, self._most, self._headers = receive, send, most, headers
        # whoever answers them listens only for whether the other side has hung up
        self._bodiless = scope["method"] in ("GET", "HEAD")
        claimed = dict(scope["headers"]).get(b"content-length", b"0")
        self._too_large = not claimed.isdigit() or len(claimed) > LONGEST_LENGTH or int(claimed) > most
        self._taken = 0
        self.answered = False

    async def receive(self) -> Message:
        """A piece of the request."""
        if self.answered or self._bodiless:
            return await self._receive()
        if not self._too_large:
            message = await self._receive()
            self._taken += len(message.get("body", b""))
            self._too_large = self._taken > self._most
        if self._too_large:
            raise HTTPException(413, f"The body is larger than {self._most:,} bytes.")
        return message

    async def send(self, message: Message) -> None:
        """A piece of the answer."""
        if message["type"] == "http.response.start":
            self.answered = True
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "private, no-cache")
            if self._too_large:
                # what is still to come is not read
                headers["Connection"] = "close"
        await self._send(message)


class CompressedPages:
    """Compresses pages and what belongs to them; not the API, whose answers are small, nor files.

    Parameters
    ----------
    app
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.compressed = app, GZipMiddleware(app, minimum_size=2000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        plain = path.startswith(("/api/", "/files/", "/health/")) or path.endswith((".xlsx", ".duckdb", ".mp4", ".png", ".csv"))
        await (self.app if plain else self.compressed)(scope, receive, send)
