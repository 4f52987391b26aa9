"""The state store on each database that is supported, and people in it."""

import datetime as dt
import multiprocessing
import os
import uuid

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from vitrina.settings import Settings
from vitrina.state import people as people_module
from vitrina.state.credentials import Credentials
from vitrina.state.opening import StateDatabase
from vitrina.state.people import People

POSTGRES = "VITRINA_TEST_POSTGRES"
NOW = dt.datetime(2026, 10, 1, 12, 0, 0, 5, tzinfo=dt.UTC)


def postgres():
    """A server to try on: that of `VITRINA_TEST_POSTGRES`, or one on this machine that lets its superuser in."""
    url = os.environ.get(POSTGRES) or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    try:
        server = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
        server.connect().close()
    except (ImportError, OperationalError) as error:
        pytest.skip(f"no PostgreSQL to try on, see {POSTGRES}: {error}")
    return server


def in_processes(*doing):
    """What each gives, or the error that it raises, in a process of its own, all at the same moment.

    Forked: a process that first imports everything takes seconds.
    """
    forking = multiprocessing.get_context("fork")
    start, ends = forking.Barrier(len(doing)), [forking.Pipe(duplex=False) for _ in doing]

    def one(what, end):
        start.wait(30)
        try:
            end.send(what())
        except Exception as error:  # noqa: BLE001  # the test looks at it
            end.send(error)

    processes = [forking.Process(target=one, args=(what, end)) for what, (_, end) in zip(doing, ends, strict=True)]
    for process in processes:
        process.start()
    results = [end.recv() if end.poll(60) else None for end, _ in ends]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * len(doing)
    return results


@pytest.fixture(scope="session")
def postgres_database():
    """A database of its own for all tests: each has a schema, which is made in a hundredth of the time."""
    server, name = postgres(), f"vitrina_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made = create_engine(server.url.set(database=name), isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(data=tmp_path / "a?b#50%", _env_file=None)
        return
    server, name = request.getfixturevalue("postgres_database"), f"test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = server.url.update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield Settings(data=tmp_path, state=url.render_as_string(hide_password=False), _env_file=None)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


@pytest.fixture
def database(settings):
    made = StateDatabase(settings)
    yield made
    made.close()


@pytest.fixture
def people(database):
    return People(database)


@pytest.fixture
def credentials(database):
    return Credentials(database)


@pytest.fixture
def quick_hashing(monkeypatch):
    """Hashes as people's, but made in no time: what they cost is not what these tests are about."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people_module, "_HASHER", quick)
    monkeypatch.setattr(people_module, "_NOBODYS", quick.hash("nobody's"))
