"""A published version of two small tables, made in a moment, and routes that products would not have."""

import datetime as dt
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import polars as pl

from serving.app import create_app
from serving.web.guard import GuardedRoute
from tests.pages import ADDRESS, ADMIN, Visitor
from vitrina.dictionary import DataDictionary
from vitrina.inbox.tables import MOMENT
from vitrina.publication import Candidate, current, publish
from vitrina.settings import Settings
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People, Person
from vitrina.state.roles import Grant
from vitrina.tables import Table, column
from vitrina.warehouse import Warehouse, locate, replace

PASSWORD = "correct horse battery staple"  # noqa: S105  # of nobody real
NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
HOSTILE = "<script>alert('1')</script>\"&"


class MadeUpShelf(Table, product="stores", published=True):
    """One row per shelf; <b>not</b> of any product."""

    shelf: str = column("Name of the shelf.", key=True)
    seen_at: MOMENT = column("When it was seen.")


def publish_shelves(settings: Settings, minute: int = 0, *, shelf: str = "one") -> str:
    """Publish, and give the version's name. What was published before in another folder is copied: it would be the same."""
    made = _published(minute, shelf)
    for path in sorted(made.published.rglob("*"), key=lambda path: path.suffix == ".json"):
        if path.suffix in (".duckdb", ".json"):
            there = settings.published / path.relative_to(made.published)
            there.parent.mkdir(parents=True, exist_ok=True)
            # in one step, as a publication does it
            shutil.copy(path, there.with_suffix(".coming"))
            there.with_suffix(".coming").replace(there)
    return current(settings, "stores").version


@cache
def _published(minute: int, shelf: str) -> Settings:
    settings = Settings(data=Path(_FOLDER.name) / str(uuid.uuid4()), _env_file=None)
    publish_now(settings, minute, shelf=shelf)
    return settings


_FOLDER = tempfile.TemporaryDirectory()


def publish_now(settings: Settings, minute: int = 0, *, shelf: str = "one", failed: str | None = None) -> str:
    """Publish from a warehouse. With `failed`, a check holds the table at the version before."""
    warehouse = Warehouse(locate(settings, "stores"), 10)
    with warehouse.write() as connection:
        replace(connection, MadeUpShelf, pl.DataFrame({"shelf": [shelf], "seen_at": [NOON]}, schema=MadeUpShelf.polars_schema()))
    return publish(
        "stores",
        [Candidate(MadeUpShelf.table_name(), failed)],
        DataDictionary.of([MadeUpShelf]),
        warehouse=warehouse,
        settings=settings,
        now=NOON + dt.timedelta(minutes=minute),
        run_id=f"run-{minute}",
    ).pointer.version


def with_password(settings: Settings, name: str, *grants: Grant) -> Person:
    """Somebody who can sign in with `PASSWORD`, and has chosen it."""
    database = StateDatabase(settings)
    try:
        people = People(database)
        first = people.add(name, grants, dt.datetime.now(dt.UTC))
        people.change_password(people.verify(name, first).id, first, PASSWORD)
        return people.verify(name, PASSWORD)
    finally:
        database.close()


@contextmanager
def visited(settings: Settings, *grants: Grant, name: str = "boss") -> Iterator[Visitor]:
    """The pages, seen by somebody who has signed in with a password; an admin where no role is given."""
    person = with_password(settings, name, *(grants or (ADMIN,)))
    with Visitor(create_app(settings), base_url=ADDRESS, follow_redirects=False) as visitor:
        visitor.sign_in(person)
        yield visitor


def with_route(app, path: str, endpoint, methods=("GET",), **options) -> None:
    """Add a route to an application, before all others."""
    app.router.routes.insert(0, GuardedRoute(path, endpoint, methods=list(methods), **options))


def audited(visitor, **wanted) -> list:
    """Entries of the audit that say this, the oldest first."""
    audit = visitor.app.state.service.audit
    audit.flush()
    entries = [seen for _, seen in reversed(audit.audit.latest(n=10_000))]
    return [seen for seen in entries if all(getattr(seen, name) == value for name, value in wanted.items())]


def subject(seen) -> dict:
    return json.loads(seen.subject)


def decisions(settings: Settings) -> list[dict]:
    """Everything that was decided, as it enters the graph."""
    files = sorted(Path(settings.decisions_folder).rglob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
