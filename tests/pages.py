"""The pages as somebody sees them: a client that is signed in with some roles."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.web.guard import SESSION_COOKIE, csrf_of
from vitrina.settings import Settings
from vitrina.state import people as people_module
from vitrina.state.credentials import Credentials
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People, Person, folded_name
from vitrina.state.roles import EVERYTHING, Grant, Role

# what a password costs is no matter here, and a fifth of a second five times over is
people_module._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
people_module._NOBODYS = people_module._HASHER.hash("nobody's")

ADDRESS = "http://127.0.0.1:8000"
HTML = {"Accept": "text/html"}
ADMIN = Grant(Role.ADMIN, EVERYTHING)


class Visitor(TestClient):
    """A browser with a session. Pages are asked for as a browser does; `api` asks as a program does."""

    secret = ""

    @property
    def csrf(self) -> str:
        return csrf_of(self.secret)

    def page(self, address, **more):
        return self.get(address, headers=HTML | more.pop("headers", {}), **more)

    def submit(self, address, data=None, **more):
        """Send a form of a page."""
        return self.post(address, data={"csrf": self.csrf} | (data or {}), headers=HTML | more.pop("headers", {}), **more)

    def api(self, address, method="GET", **more):
        headers = {"Accept": "application/json", "X-CSRF-Token": self.csrf} | more.pop("headers", {})
        return self.request(method, address, headers=headers, **more)

    def sign_in(self, person: Person) -> None:
        """Take another person's session."""
        self.secret = self.app.state.service.credentials.begin_session(person, dt.datetime.now(dt.UTC))
        self.cookies.set(SESSION_COOKIE, self.secret)


def make_person(settings: Settings, name: str, *grants: Grant) -> Person:
    """Somebody without a password, which would take a tenth of a second: tests give them sessions."""
    database = StateDatabase(settings)
    try:
        people = People(database)
        people.add(name, grants, dt.datetime.now(dt.UTC), program=True)
        return next(person for person in people.everybody() if person.name == folded_name(name))
    finally:
        database.close()


@contextmanager
def visiting(settings: Settings, *grants: Grant, name: str = "somebody") -> Iterator[Visitor]:
    """The pages over a data folder, seen by somebody with these roles; an admin where none is given."""
    person = make_person(settings, name, *(grants or (ADMIN,)))
    with Visitor(create_app(settings), base_url=ADDRESS, follow_redirects=False) as visitor:
        visitor.sign_in(person)
        yield visitor


def token_of(settings: Settings, person: Person, *scopes: str) -> str:
    """A token of somebody's."""
    database = StateDatabase(settings)
    try:
        return Credentials(database).make_token(person, "test", scopes, dt.timedelta(days=1), dt.datetime.now(dt.UTC))
    finally:
        database.close()
