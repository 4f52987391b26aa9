"""Every route, tried as everybody: `permissions.txt` says what each may, and is reviewed like code.

After a change of routes or rules: `UPDATE_SNAPSHOT=1 python -m pytest tests/serving/test_permissions.py`, then read the difference.
"""

import os
from pathlib import Path

import pytest
from fastapi import APIRouter

from serving.app import create_app
from serving.web.guard import SESSION_COOKIE, GuardedRoute
from serving.web.routing import router
from serving.web.rules import Who
from tests.pages import ADMIN, Visitor, make_person, token_of
from vitrina.settings import PRODUCTS, Settings
from vitrina.state.roles import EVERYTHING, Grant, Role

TABLE = Path(__file__).parent / "permissions.txt"

SAMPLES = {
    "product": "stores",
    "store": "S01",
    "seller": "A",
    "channel": "telegram:1",
    "path": "pages.css",
    "quarter": "2026-01-01",
    "day": "2026-01-01",
    "month": "2026-01-01",
    "locale": "en",
    "language": "en",
}
ANY = "0" * 32

ROLES = {
    "nobody": None,
    "nothing": (),
    **{f"views {product}": (Grant(Role.VIEWER, product),) for product in PRODUCTS},
    **{f"manages {product}": (Grant(Role.MANAGER, product),) for product in PRODUCTS},
    "views S01": (Grant(Role.VIEWER, "sellers", "S01"),),
    "views S02": (Grant(Role.VIEWER, "sellers", "S02"),),
    "views channel 1": (Grant(Role.VIEWER, "posts", "telegram:1"),),
    "views channel 2": (Grant(Role.VIEWER, "posts", "telegram:2"),),
    "monitors": (Grant(Role.MONITOR, EVERYTHING),),
    "admin": (ADMIN,),
}
PROGRAMS = {"token stores:read": "stores:read", "token stores:decide": "stores:decide", "token *:administer": "*:administer"}

LETTERS = {"unknown-token": "s", "forbidden": ".", "unknown": "h"}
LEGEND = "+ lets in   . refuses   s asks to sign in   h hides: says that there is no such store or channel"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data=tmp_path_factory.mktemp("permissions"), _env_file=None, pages_requests_per_minute=1_000_000)


def every_route(app):
    for route in app.routes:
        for method in sorted(route.methods - {"HEAD"} if "GET" in route.methods else route.methods):
            yield method, route


def address(route):
    found = route.path.replace(":path}", "}")
    for name in route.param_convertors:
        found = found.replace(f"{{{name}}}", SAMPLES.get(name, ANY))
    part = route.rule.part
    return found if part is None or part in route.param_convertors else f"{found}?{part}={SAMPLES[part]}"


def letter(answer):
    if answer.status_code < 400 or not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return "+"
    if not answer.content:
        # to HEAD
        return {401: "s", 403: "."}.get(answer.status_code, "+")
    problem = answer.json()
    hides = "There is no store" in problem["detail"] or "There is no channel" in problem["detail"]
    # what is unknown in itself is unknown to those who may see everything as well: only parts are hidden
    return LETTERS.get(problem["type"], "+") if problem["type"] != "unknown" or hides else "+"


def test_every_route_lets_in_whom_the_table_says(settings):
    app = create_app(settings)
    people = {name: None if grants is None else make_person(settings, f"person {name}", *grants) for name, grants in ROLES.items()}
    tokens = {name: token_of(settings, people["admin"], scope) for name, scope in PROGRAMS.items()}
    found = {}
    with Visitor(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as visitor:
        for method, route in every_route(app):
            line = ""
            for person in people.values():
                visitor.cookies.clear()
                if person is not None:
                    visitor.sign_in(person)
                line += letter(visitor.api(address(route), method, headers={} if person else {"X-CSRF-Token": ""}))
            visitor.cookies.clear()
            for token in tokens.values():
                line += letter(visitor.api(address(route), method, headers={"Authorization": f"Bearer {token}"}))
            found[f"{method:<8}{route.path}"] = line
    assert SESSION_COOKIE not in visitor.cookies
    text = table(found, [*people, *tokens])
    if os.environ.get("UPDATE_SNAPSHOT"):
        TABLE.write_text(text, encoding="utf-8")
    assert text == TABLE.read_text(encoding="utf-8"), "see the head of this file"


def table(found, columns):
    width = max(map(len, found)) + 2
    head = [f"{'':<{width}}{'|' * place}{name}" for place, name in enumerate(columns)]
    return "\n".join([LEGEND, "", *head, *(f"{route:<{width}}{line}" for route, line in sorted(found.items(), key=by_path)), ""])


def by_path(item):
    method, path = item[0].split()
    return path, method


def test_every_route_has_a_rule(settings):
    assert all(isinstance(route, GuardedRoute) for route in create_app(settings).routes)


def test_a_route_without_a_rule_cannot_be_made():
    def thoughtless() -> None: ...

    with pytest.raises(TypeError, match="has no rule"):
        router().get("/thoughtless")(thoughtless)


def test_an_application_with_an_unguarded_route_does_not_start(settings, monkeypatch):
    careless = APIRouter()
    careless.get("/careless")(lambda: "everything")
    monkeypatch.setattr("serving.app.operations.router", careless)
    with pytest.raises(TypeError, match="without a rule"):
        create_app(settings)


def test_what_is_open_to_the_world_is_only_this(settings):
    open_to_all = {f"{method} {route.path}" for method, route in every_route(create_app(settings)) if route.rule.who is Who.ANYBODY}
    assert open_to_all == {
        "GET /api",
        "GET /api/openapi.json",
        "GET /favicon.ico",
        "GET /health/live",
        "GET /health/ready",
        "GET /sign-in",
        "GET /static/{path:path}",
        "POST /language",
        "POST /sign-in",
    }
