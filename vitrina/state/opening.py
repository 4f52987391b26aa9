"""Opening the state store: SQLite or PostgreSQL, with every migration applied, however many processes open it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from vitrina.errors import VitrinaError
from vitrina.settings import Settings

REVISION = "0002"
"""The latest migration; a test holds that it is."""

BUSY_TIMEOUT_S = 30.0
READS_ONLY = "vitrina_reads_only"
"""Execution option of a connection that writes nothing, and need not wait for those that do."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x7669_7472
"""Any number, the same for every process: the key of PostgreSQL's advisory lock."""


class StateError(VitrinaError):
    """The state store cannot be opened, read or written."""


@contextmanager
def transaction(settings: Settings) -> Iterator[Connection]:
    """One short transaction in the state store; everything in it happens, or nothing.

    Raises
    ------
    StateError
        The store cannot be reached, or was written by a newer Vitrina.
    """
    url = _url(settings)
    engine = _engine(url)
    try:
        with _alone(url, settings), engine.begin() as connection:
            _migrate(connection)
            yield connection
    except SQLAlchemyError as error:
        raise _unusable(url, error) from error


def _unusable(url: URL, error: SQLAlchemyError) -> StateError:
    return StateError(
        f"The state store {url.render_as_string(hide_password=True)} cannot be used: {error}",
        "Check VITRINA_STATE, that the server answers or the folder can be written, and that the disk has room.",
    )


class StateDatabase:
    """The state store, held open by a server: connections are kept, and a reader waits for nobody.

    Parameters
    ----------
    settings
        Which store.

    Raises
    ------
    StateError
        The store cannot be reached, or was written by a newer Vitrina.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._url = _url(settings)
        self._engine = _engine(self._url, pool=QueuePool)
        self._reading = self._engine.execution_options(**{READS_ONLY: True})
        with self._told(), _alone(self._url, settings), self._engine.begin() as connection:
            _migrate(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view of the store at one moment."""
        with self._told(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One short transaction; everything in it happens, or nothing."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        with _alone(self._url, self.settings):
            self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise _unusable(self._url, error) from error


@contextmanager
def _alone(url: URL, settings: Settings) -> Iterator[None]:
    """One process at a time has an SQLite database open: while one switches it to WAL or closes it as the last, others fail at once.

    SQLite's own waiting does not cover these two moments: of four processes that opened a new database together, one failed
    every few times.
    """
    if url.get_backend_name() != "sqlite":
        yield
        return
    try:
        with FileLock(f"{url.database}.lock", timeout=settings.lock_timeout_s):
            yield
    except Timeout:
        raise StateError(
            f"Another process has had {url.database} open for more than {settings.lock_timeout_s:g} s.",
            "Wait for it to end, or raise VITRINA_LOCK_TIMEOUT_S.",
        ) from None


def _url(settings: Settings) -> URL:
    if not settings.state:
        return URL.create("sqlite", database=str(settings.state_file))
    try:
        url = make_url(settings.state)
    except ArgumentError as error:
        # without the text itself: there may be a password in it
        raise StateError(
            "VITRINA_STATE is not an SQLAlchemy URL.",
            "Write e.g. postgresql+psycopg://user:password@host/vitrina, or leave it empty.",
        ) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StateError(
            f"VITRINA_STATE names {url.get_backend_name()}.",
            "Use SQLite or PostgreSQL: no other is tested. Leave it empty for SQLite.",
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StateError(
            "VITRINA_STATE names an SQLite database in memory.", "Name a file: what people decide must outlive a process."
        )
    return url


def _engine(url: URL, pool: type[Pool] = NullPool) -> Engine:
    """Without a pool, but for a server: calls are rare, and a file that nobody holds open can be moved."""
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, poolclass=pool, hide_parameters=True, **({} if pool is NullPool else {"pool_pre_ping": True}))
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            poolclass=pool,
            # there are hashes and names in them, and errors are told and logged
            hide_parameters=True,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": pool is NullPool},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StateError(
            f"The driver of {url.drivername} is not installed: {error}",
            "Install it, e.g. `pip install psycopg[binary]` for postgresql+psycopg, or leave VITRINA_STATE empty for SQLite.",
        ) from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's own handling would begin a transaction before the first change only, and after the look that led to it
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    # at once the only writer: two that had both read could not both go on to write
    reads_only = connection.get_execution_options().get(READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    """Bring the tables up to date, one process at a time; part of the transaction, so that a crash leaves nothing half made."""
    if _revision(connection) == REVISION:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    found = _revision(connection)
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        raise StateError("The state store was written by a newer Vitrina.", "Install that version, or choose another VITRINA_DATA.")
    from alembic import command  # noqa: PLC0415  # only a store that is behind needs it
    from alembic.config import Config  # noqa: PLC0415  # as above

    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(configuration, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])
