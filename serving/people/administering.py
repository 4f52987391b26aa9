"""What admins do: people, their roles, and the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.web.guard import noted
from serving.web.routing import router as guarded_router
from serving.web.rules import needs
from serving.web.service import service_of
from serving.web.visitors import Asking
from vitrina.errors import VitrinaError
from vitrina.state.roles import EVERYTHING, SCOPED, Action, Grant, GrantError, Role, grant_of

router = guarded_router()

MOST_GRANTS = 200
AUDIT_PAGE = 200
PersonId = Annotated[str, Path(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
Roles = Annotated[str, Form(max_length=20_000)]


@router.get("/people", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING)
def people(request: Request) -> HTMLResponse:
    """Everybody, with their roles."""
    return _page(request)


@router.post("/people", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING, in_person=True)
def add_person(
    request: Request,
    visitor: Asking,
    name: Annotated[str, Form(max_length=200)],
    grants: Roles = "",
    program: Annotated[bool, Form()] = False,  # noqa: FBT002  # a checkbox
) -> HTMLResponse:
    """Add somebody; their first password is shown once."""
    noted(request, name=name, grants=grants)
    try:
        password = service_of(request).people.add(name, grants_of(grants), visitor.now, program=program)
    except VitrinaError as error:
        return _page(request, problem=str(error), status=422)
    return _page(request, added=name, password=password or "")


@router.post("/people/{person_id}/grants", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING, in_person=True)
def set_grants(request: Request, person_id: PersonId, grants: Roles = "") -> Response:
    """Give somebody these roles, and no others."""
    noted(request, name=_name_of(request, person_id), grants=grants)
    return _changed(request, lambda: service_of(request).people.set_grants(person_id, grants_of(grants)))


@router.post("/people/{person_id}/active", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING, in_person=True)
def set_active(request: Request, person_id: PersonId, active: Annotated[bool, Form()]) -> Response:
    """Let somebody sign in, or not any more."""
    noted(request, name=_name_of(request, person_id), active=str(active))
    return _changed(request, lambda: service_of(request).people.set_active(person_id, active=active))


@router.post("/people/{person_id}/password", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING, in_person=True)
def new_password(request: Request, person_id: PersonId) -> HTMLResponse:
    """A password for one sign-in, for somebody who has lost theirs."""
    service, name = service_of(request), _name_of(request, person_id)
    noted(request, name=name)
    try:
        password = service.people.new_password(person_id)
    except VitrinaError as error:
        return _page(request, problem=str(error), status=422)
    service.recogniser.forget()
    return _page(request, added=name, password=password)


@router.get("/audit", response_class=HTMLResponse)
@needs(Action.ADMINISTER, EVERYTHING)
def audit(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    person: Annotated[str, Query(max_length=80)] = "",
) -> HTMLResponse:
    """Who saw and did what, the latest first."""
    service = service_of(request)
    service.audit.flush()
    entries = service.audit.audit.latest(before=before, n=AUDIT_PAGE, person=person)
    following = entries[-1][0] if len(entries) == AUDIT_PAGE else None
    return service.pages.render(
        request, "people/audit.html", entries=[seen for _, seen in entries], following=following, person=person
    )


def grants_of(text: str) -> list[Grant]:
    """Roles from lines such as ``viewer stores`` or ``manager sellers S01``.

    Raises
    ------
    GrantError
        A line is none.
    """
    found = [grant_of(line.split(maxsplit=2)) for line in filter(None, (line.strip() for line in text.splitlines()))]
    if len(found) > MOST_GRANTS:
        raise GrantError(f"These are {len(found)} roles.", f"Give at most {MOST_GRANTS}.")
    return found


def _name_of(request: Request, person_id: str) -> str:
    return next((person.name for person in service_of(request).people.everybody() if person.id == person_id), "")


def _changed(request: Request, change: Callable[[], None]) -> Response:
    try:
        change()
    except VitrinaError as error:
        return _page(request, problem=str(error), status=422)
    service_of(request).recogniser.forget()
    return RedirectResponse("/people", status_code=303)


def _page(request: Request, *, problem: str = "", added: str = "", password: str = "", status: int = 200) -> HTMLResponse:
    service = service_of(request)
    return service.pages.render(
        request,
        "people/people.html",
        status=status,
        people=service.people.everybody(),
        problem=problem,
        added=added,
        password=password,
        roles=tuple(Role),
        scoped=SCOPED,
    )
