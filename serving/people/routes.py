"""Signing in and out, one's account and tokens, and for admins everybody's roles and the audit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.web.addresses import local
from serving.web.guard import cookie_name, is_secure, noted
from serving.web.languages import translate
from serving.web.routing import router as guarded_router
from serving.web.rules import anybody, signed_in
from serving.web.service import Service, service_of
from serving.web.visitors import VISITOR, Asking, Visitor
from vitrina.errors import VitrinaError
from vitrina.settings import PRODUCTS
from vitrina.state.credentials import FAILURES_COUNT, LONGEST_TOKEN, SESSION_LASTS, Known
from vitrina.state.people import PASSWORD_LENGTH, Person
from vitrina.state.roles import EVERYTHING, Action, Rights

router = guarded_router()

Secret = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in", response_class=HTMLResponse)
@anybody()
def sign_in_page(
    request: Request, visitor: Asking, next_page: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """The form."""
    if visitor.known is not None:
        return RedirectResponse(local(next_page), status_code=303)
    return service_of(request).pages.render(request, "people/sign_in.html", problem="", name="", next_page=local(next_page))


@router.post("/sign-in", response_class=HTMLResponse)
@anybody()
async def sign_in(
    request: Request,
    visitor: Asking,
    name: Annotated[str, Form(max_length=200)],
    password: Secret,
    next_page: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Begin a session."""
    # a password takes a fifth of a second and 64 MiB: whoever guesses gets neither all memory nor the threads of others
    trying = partial(_sign_in, request, visitor, name, password, next_page)
    return await to_thread.run_sync(trying, limiter=service_of(request).signing_in)


def _sign_in(request: Request, visitor: Visitor, name: str, password: str, next_page: str) -> Response:
    service, tried = service_of(request), service_of(request).credentials

    def refused(problem: str, status: int) -> HTMLResponse:
        text = translate(visitor.locale, problem)
        return service.pages.render(
            request, "people/sign_in.html", status=status, problem=text, name=name, next_page=local(next_page)
        )

    if not tried.may_try(name, visitor.address, visitor.now):
        answer = refused("Too many attempts have failed. Wait a quarter of an hour, or ask an admin for a new password.", 429)
        answer.headers["Retry-After"] = str(int(FAILURES_COUNT.total_seconds()))
        return answer
    person = service.people.verify(name, password)
    if person is None:
        tried.note_failure(name, visitor.address, visitor.now)
        return refused("The name or the password is wrong.", 401)
    tried.forget_failures(name)
    # for the audit: until now nobody was known
    known = Known(person, Rights(person.grants), visitor.now + SESSION_LASTS)
    request.scope[VISITOR] = replace(visitor, known=known)
    redirect = RedirectResponse("/password" if person.must_change else local(next_page), status_code=303)
    _begin_session(redirect, service, person, visitor.now)
    return redirect


def _begin_session(answer: Response, service: Service, person: Person, now: dt.datetime) -> None:
    answer.set_cookie(
        cookie_name(service),
        service.credentials.begin_session(person, now),
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(service),
        path="/",
    )


@router.post("/sign-out")
@signed_in(in_person=True, before_change=True)
def sign_out(request: Request) -> Response:
    """End the session."""
    service = service_of(request)
    service.credentials.end_session(request.cookies.get(cookie_name(service), ""))
    service.recogniser.forget()
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(cookie_name(service), httponly=True, samesite="lax", secure=is_secure(service), path="/")
    return answer


@router.get("/password", response_class=HTMLResponse)
@signed_in(in_person=True, before_change=True)
def password_page(request: Request, visitor: Asking) -> HTMLResponse:
    """The form that changes one's password."""
    return _password_page(request, visitor)


@router.post("/password", response_class=HTMLResponse)
@signed_in(in_person=True, before_change=True)
def change_password(request: Request, visitor: Asking, old: Secret, new: Secret, again: Secret) -> Response:
    """Change one's password; every session ends, and this one begins anew."""
    service = service_of(request)
    if new != again:
        return _password_page(request, visitor, "The two new passwords differ.")
    person = person_of(visitor)
    try:
        service.people.change_password(person.id, old, new)
    except VitrinaError as error:
        return _password_page(request, visitor, str(error))
    service.recogniser.forget()
    answer = RedirectResponse("/", status_code=303)
    _begin_session(answer, service, person, visitor.now)
    return answer


def _password_page(request: Request, visitor: Visitor, problem: str = "") -> HTMLResponse:
    return service_of(request).pages.render(
        request,
        "people/password.html",
        status=422 if problem else 200,
        problem=translate(visitor.locale, problem) if problem else "",
        shortest=PASSWORD_LENGTH,
        must_change=person_of(visitor).must_change,
    )


@router.get("/account", response_class=HTMLResponse)
@signed_in(in_person=True)
def account(request: Request, visitor: Asking) -> HTMLResponse:
    """One's roles and tokens."""
    return _account(request, visitor)


@router.post("/account/tokens", response_class=HTMLResponse)
@signed_in(in_person=True)
def make_token(
    request: Request,
    visitor: Asking,
    name: Annotated[str, Form(max_length=200)],
    scopes: Annotated[list[str], Form(max_length=100)],
    days: Annotated[int, Form(ge=1, le=LONGEST_TOKEN.days)] = 90,
) -> HTMLResponse:
    """Make a token; it is shown once."""
    noted(request, token=name, scopes=", ".join(scopes))
    try:
        made = service_of(request).credentials.make_token(person_of(visitor), name, scopes, dt.timedelta(days=days), visitor.now)
    except VitrinaError as error:
        return _account(request, visitor, problem=str(error))
    return _account(request, visitor, made=made)


@router.post("/account/tokens/{token_id}/revoke")
@signed_in(in_person=True)
def revoke_token(
    request: Request, visitor: Asking, token_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$", max_length=32)]
) -> Response:
    """Revoke one of one's tokens."""
    service = service_of(request)
    service.credentials.revoke(person_of(visitor), token_id, visitor.now)
    service.recogniser.forget()
    return RedirectResponse("/account", status_code=303)


def _account(request: Request, visitor: Visitor, *, made: str = "", problem: str = "") -> HTMLResponse:
    service, person = service_of(request), person_of(visitor)
    offered = [f"{product}:{action}" for product in PRODUCTS for action in Action if visitor.may(action, product)]
    if visitor.may(Action.OBSERVE, EVERYTHING):
        offered = [scope for scope in offered if not scope.endswith((":observe", ":administer"))] + [f"{EVERYTHING}:observe"]
    return service.pages.render(
        request,
        "people/account.html",
        status=422 if problem else 200,
        person=person,
        tokens=service.credentials.tokens_of(person),
        made=made,
        problem=problem,
        offered=offered,
        now=visitor.now,
        longest=LONGEST_TOKEN.days,
    )


def person_of(visitor: Visitor) -> Person:
    """Who is signed in; the rule has seen to it that somebody is."""
    if visitor.known is None:
        raise TypeError("the route is open to strangers")
    return visitor.known.person
