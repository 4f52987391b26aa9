"""What cannot be answered, told as RFC 9457's problem+json to programs, and as a page to people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from vitrina.errors import PublicationError, VitrinaError
from vitrina.state.opening import StateError

MEDIA_TYPE = "application/problem+json"


class Problem(VitrinaError):  # noqa: N818  # the standard's own name
    """Something cannot be answered as it was asked.

    Parameters
    ----------
    status
        HTTP status.
    problem, remedy
        What was found, and what to do about it.
    kind
        Short name of the kind of problem, for programs.
    headers
        Further headers of the answer.
    """

    def __init__(
        self, status: int, problem: str, remedy: str, *, kind: str = "about:blank", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(problem, remedy)
        self.status, self.kind, self.headers = status, kind, headers or {}


class ProblemDetails(BaseModel):
    """A problem as RFC 9457 writes it, with what to do about it."""

    type: str = Field("about:blank", description="Kind of the problem.", examples=["not-published"])
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="HTTP status.", examples=[404])
    detail: str = Field(description="What was found.", examples=["Nothing has been published for stores."])
    remedy: str = Field("", description="What to do about it.", examples=["Run `make run PRODUCT=stores` first."])
    errors: list[dict[str, str]] = Field(
        default_factory=list,
        description="Which parameters are wrong, and how.",
        examples=[[{"where": "query.k", "what": "is no number"}]],
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's problems."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }


def not_found(what: str, which: object) -> Problem:
    """Something that is asked for by name is not there, or not for whoever asks: nobody is told which of the two."""
    return Problem(
        404, f"There is no {what} {shown(which)}, or it is not yours to see.", "Choose one from the list.", kind="unknown"
    )


def shown(value: object, limit: int = 80) -> str:
    """What somebody sent, as it can be shown to them: short, quoted, and without invisible characters."""
    text = _printable(str(value)[: limit + 1])
    return f"“{text[:limit]}…”" if len(text) > limit else f"“{text}”"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def details_of(error: Exception) -> tuple[ProblemDetails, dict[str, str]]:
    """An error as people and programs are told of it, with headers of the answer."""
    if isinstance(error, Problem):
        return _details(error.status, error.problem, error.remedy, error.kind), error.headers
    if isinstance(error, StateError):
        # its own message tells of the server and the database
        text = "The state store cannot be used."
        return _details(503, text, "Try again in a moment; the log says why.", "state-store"), {"Retry-After": "5"}
    if isinstance(error, VitrinaError):
        status, kind = (404, "not-published") if isinstance(error, PublicationError) else (422, "refused")
        return _details(status, error.problem, error.remedy, kind), {}
    if isinstance(error, RequestValidationError):
        found = _details(422, "What was asked cannot be understood.", "Correct what is named here.", "invalid")
        found.errors = [
            {"where": _printable(".".join(map(str, one["loc"]))[:200]), "what": _printable(str(one["msg"])[:500])}
            for one in error.errors()[:20]
        ]
        return found, {}
    if isinstance(error, HTTPException):
        return _details(error.status_code, str(error.detail), "", "about:blank"), dict(error.headers or {})
    return _details(
        500, "Something went wrong on our side.", "Try again; the log has the cause under this answer's request id."
    ), {}


def as_json(error: Exception) -> Response:
    """The answer of the API to an error."""
    details, headers = details_of(error)
    return JSONResponse(details.model_dump(), status_code=details.status, headers=headers, media_type=MEDIA_TYPE)


def wants_json(request: Request) -> bool:
    """Whether a program asks: of the API, or with a header that says so."""
    if request.scope.get("path", "").startswith(("/api/", "/health/", "/metrics")):
        return True
    # HTMX asks for anything, and puts what comes into a page
    return "hx-request" not in request.headers and "text/html" not in request.headers.get("accept", "text/html")


def _details(status: int, detail: str, remedy: str, kind: str = "about:blank") -> ProblemDetails:
    return ProblemDetails(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail, remedy=remedy)
