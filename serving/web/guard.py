"""The one place where it is decided who may call which route: before anything of the request's body is read.

Every route of the application is a `GuardedRoute`. It finds out who asks, holds that against the route's rule, refuses
what other sites have sent in somebody's name, counts, and writes the audit.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from serving.web.addresses import page_of
from serving.web.forgery import SAFE, csrf_of, refuse_forged
from serving.web.languages import locale_of
from serving.web.problems import Problem, as_json, details_of, not_found, responses, shown, wants_json
from serving.web.rules import Rule, Who, rule_of
from serving.web.sameness import etag_of, same_version
from serving.web.service import Service, service_of
from serving.web.visitors import VISITOR, Visitor
from vitrina.errors import VitrinaError
from vitrina.state.audit import Seen
from vitrina.state.credentials import TOKEN_PREFIX, Known
from vitrina.state.opening import StateError
from vitrina.state.roles import EVERYTHING, SCOPED

log = structlog.get_logger()

SESSION_COOKIE = "vitrina"
LONGEST_SECRET = 200
NOTED = "vitrina.noted"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route with a rule, see `rules`; making one without is an error."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.rule = rule_of(endpoint)
        if path.startswith("/api/") and self.rule.who is not Who.ANYBODY:
            options["responses"] = {**responses(400, 401, 403, 404, 410, 413, 422, 429, 503), **(options.get("responses") or {})}
            options["openapi_extra"] = {"security": [{"token": []}], **(options.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; HEAD like GET, where no other route is for HEAD: `Observed` leaves out what it has no body for."""
        methods = self.methods or set()
        if scope["method"] == "HEAD" and "GET" in methods and "HEAD" not in methods:
            scope = {**scope, "method": "GET"}
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Handler:
        """The endpoint, behind its rule."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            service = service_of(request)
            visitor = request.scope[VISITOR] = _visitor(request, None, service)
            try:
                known = await _known(request, self.rule, service, visitor)
                visitor = request.scope[VISITOR] = _visitor(request, known, service)
                _not_too_much(visitor, service)
                if (elsewhere := _elsewhere(request, self.rule, visitor)) is not None:
                    _note(request, self, service, elsewhere.status_code)
                    return elsewhere
                _admit(request, self.rule, visitor)
                if self.rule.versioned:
                    visitor = request.scope[VISITOR] = await same_version(request, self.rule, visitor, service)
                await refuse_forged(request, visitor, service)
                etag = etag_of(request, self.rule, visitor, service)
                if etag and etag in request.headers.get("if-none-match", ""):
                    response = Response(status_code=304)
                else:
                    response = await answer(request)
            except (VitrinaError, HTTPException, RequestValidationError) as error:
                if isinstance(error, StateError):
                    # whoever asks is told less
                    log.error("state_store_not_usable", route=self.path, error=str(error))  # noqa: TRY400  # the message says it all
                _note(request, self, service, details_of(error)[0].status)
                raise
            except Exception as error:  # our mistake: told here, where the answer still gets its headers
                log.exception("failed", route=self.path)
                _note(request, self, service, 500)
                return as_json(error) if wants_json(request) else service.pages.problem(request, *details_of(error))
            if etag and response.status_code in (200, 304):
                response.headers["ETag"] = etag
                response.headers["Vary"] = "Accept-Language, Authorization, Cookie"
            _note(request, self, service, response.status_code)
            return response

        return guarded


def cookie_name(service: Service) -> str:
    """Name of the session's cookie; the prefix has browsers insist on HTTPS and on this very host."""
    return f"__Host-{SESSION_COOKIE}" if is_secure(service) else SESSION_COOKIE


def is_secure(service: Service) -> bool:
    """Whether people reach the pages through HTTPS."""
    return service.settings.pages_address.startswith("https://")


def noted(request: Request, **about: str) -> None:
    """Have the audit say more of a request than its address does: whom it was about, what was given."""
    request.scope.setdefault(NOTED, {}).update(about)


def _shown(request: Request, service: Service) -> tuple[str, bool] | None:
    """What is shown to be known, and whether it is a token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not token.startswith(TOKEN_PREFIX) or len(token) > LONGEST_SECRET:
            raise Problem(
                401,
                "The header Authorization holds no token of ours.",
                f"Send `Authorization: Bearer {TOKEN_PREFIX}…`, with a token that you made on the page of your account.",
                kind="unknown-token",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return token, True
    cookie = request.cookies.get(cookie_name(service), "")
    return (cookie, False) if 0 < len(cookie) <= LONGEST_SECRET else None


async def _known(request: Request, rule: Rule, service: Service, stranger: Visitor) -> Known | None:
    try:
        given = _shown(request, service)
    except Problem:
        _not_too_much(stranger, service)
        raise
    if given is None:
        return None
    secret, is_token = given
    fresh, known = service.recogniser.remembered(secret, is_token=is_token)
    if not fresh:
        try:
            known = await run_in_threadpool(service.recogniser.look_up, secret, is_token=is_token)
        except StateError as error:
            if rule.who is not Who.ANYBODY:
                raise
            # whether we are alive, and how a page looks, is shown without it
            log.error("state_store_not_usable", error=str(error))  # noqa: TRY400  # the message says it all
            return None
    if known is None and is_token:
        # or tokens could be guessed without end
        _not_too_much(stranger, service)
        raise Problem(
            401,
            "The token is not known, was revoked, or has expired.",
            "Make another on the page of your account.",
            kind="unknown-token",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return known


def _visitor(request: Request, known: Known | None, service: Service) -> Visitor:
    session = "" if known is None or known.token is not None else request.cookies.get(cookie_name(service), "")
    address = request.client.host if request.client else "unknown"
    return Visitor(known, locale_of(request), service.versions.view(), address[:64], csrf_of(session) if session else "")


def _not_too_much(visitor: Visitor, service: Service) -> None:
    known = visitor.known
    if known is None:
        buckets, key = service.stranger_buckets, visitor.address
    elif known.token is not None:
        buckets, key = service.token_buckets, f"{known.person.id} {known.token}"
    else:
        buckets, key = service.people_buckets, known.person.id
    if not buckets.take(key, time.monotonic()):
        raise Problem(
            429,
            "That is too much at once.",
            "Wait a moment; the limits are settings.",
            kind="too-much",
            headers={"Retry-After": "5"},
        )


def _elsewhere(request: Request, rule: Rule, visitor: Visitor) -> Response | None:
    """Where people are sent first: to sign in, or to change a password that was made for one use."""
    known = visitor.known
    if rule.who is Who.ANYBODY or wants_json(request):
        return None
    if known is None:
        target = page_of(request)
        wanted = f"?next={quote(target, safe='')}" if request.method == "GET" and target != "/" else ""
        return _sent(request, f"/sign-in{wanted}")
    if known.person.must_change and not rule.before_change and known.token is None:
        return _sent(request, "/password")
    return None


def _sent(request: Request, where: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=200, headers={"HX-Redirect": where})
    return RedirectResponse(where, status_code=303)


def _admit(request: Request, rule: Rule, visitor: Visitor) -> None:
    """Hold the visitor against the rule.

    Raises
    ------
    Problem
        They may not; 404 where even that it exists is nobody's business.
    """
    if rule.who is Who.ANYBODY:
        return
    known = visitor.known
    if known is None:
        raise Problem(
            401,
            "Nobody is signed in, and no token was sent.",
            f"Sign in, or send `Authorization: Bearer {TOKEN_PREFIX}…`.",
            kind="unknown-token",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if known.person.must_change and not rule.before_change:
        raise Problem(403, "The password was made for one use.", "Sign in to the pages and change it.", kind="forbidden")
    if rule.in_person and known.token is not None:
        raise Problem(403, "Tokens are no good here.", "Sign in to the pages.", kind="forbidden")
    if rule.who is Who.ALLOWED:
        _allow(request, rule, visitor)


def _allow(request: Request, rule: Rule, visitor: Visitor) -> None:
    product = rule.product_of(request.path_params)
    allowed = visitor.may_all(rule.action, product) if rule.whole else visitor.may(rule.action, product)
    if not allowed:
        about = "everything" if product == EVERYTHING else product
        whole = " as a whole" if rule.whole and visitor.may(rule.action, product) else ""
        raise Problem(403, f"You may not {rule.action} {shown(about)}{whole}.", "Ask an admin for the role.", kind="forbidden")
    if rule.part is not None:
        for part in _parts(request, rule.part):
            if not visitor.may(rule.action, product, part):
                raise not_found(SCOPED.get(product, "part"), part)


def _parts(request: Request, name: str) -> list[str]:
    if name in request.path_params:
        return [str(request.path_params[name])]
    return [part for part in request.query_params.getlist(name) if part]


def _note(request: Request, route: GuardedRoute, service: Service, status: int) -> None:
    visitor: Visitor = request.scope[VISITOR]
    rule, known = route.rule, visitor.known
    if rule.who is Who.ANYBODY and request.method in SAFE:
        return
    subject: dict[str, str] = {}
    if not rule.counted:
        subject = {name: str(value)[:200] for name, value in sorted(request.path_params.items())}
        if rule.part is not None and rule.part not in subject:
            subject |= {rule.part: ", ".join(_parts(request, rule.part))[:200]} if _parts(request, rule.part) else {}
        subject |= {name: value[:500] for name, value in request.scope.get(NOTED, {}).items()}
    service.audit.note(
        Seen(
            at=dt.datetime.now(dt.UTC),
            person=None if known is None else known.person.name,
            token=None if known is None else known.token,
            address=visitor.address,
            method=request.method,
            route=route.path[:120],
            subject=json.dumps(subject, ensure_ascii=False),
            status=status,
        )
    )
