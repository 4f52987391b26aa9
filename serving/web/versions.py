"""Published versions as requests see them: opened once per worker, warmed before anybody asks, the same for a whole request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import duckdb
import polars as pl
import structlog

from vitrina.errors import PublicationError, VitrinaError
from vitrina.publication.versions import Pointer, current, version_file
from vitrina.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")
LOOK_S = 1.0
"""Time between two looks at what is in force."""
HELD_S = 15.0
"""How long a version that was replaced can still be asked for by name: by parts of a page that began with it, perhaps on a
worker that is behind."""

MOST_REMEMBERED = 256

Companion = Callable[[Settings, "Version"], Any]
"""Opens what a version names beside its tables, factors or an index, or raises `VitrinaError`."""
Warm = Callable[["Version"], None]
"""Asks what people will ask first."""


class Version:
    """One published version of a product, opened read-only; it never changes, and outlives its file.

    Parameters
    ----------
    settings
        The configuration.
    pointer
        Which version.

    Raises
    ------
    duckdb.Error, PublicationError
        The file cannot be opened, or holds another version.
    """

    def __init__(self, settings: Settings, pointer: Pointer) -> None:
        self.pointer, self.product, self.name = pointer, pointer.product, pointer.version
        path = version_file(settings, pointer.product, pointer.version)
        # as `open_published` does: within a process a file is open with one configuration
        self._connection = duckdb.connect(str(path), read_only=True)
        self._connection.execute("SET threads = 1")
        # for all cursors: they do not inherit what is set for a connection
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._remembered: dict[Hashable, Any] = {}
        self._lock = threading.Lock()
        self._companion: Any = None
        self._lacking: VitrinaError | None = None
        self.tables = frozenset(
            str(name) for (name,) in self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        )
        if self.rows("SELECT version FROM published_version") != [{"version": pointer.version}]:
            raise PublicationError(f"{path} is not the version {pointer.version}.", f"Publish {pointer.product} again.")

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one thread."""
        return self._connection.cursor()

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[dict[str, Any]]:
        """Rows of a query as dictionaries."""
        cursor = self.cursor()
        try:
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def frame(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> pl.DataFrame:
        """Rows of a query as a frame."""
        cursor = self.cursor()
        try:
            return cursor.execute(sql, parameters).pl()
        finally:
            cursor.close()

    def has(self, *tables: str) -> bool:
        """Whether this version holds tables: one whose check never passed is in none."""
        return self.tables.issuperset(tables)

    def require(self, *tables: str) -> None:
        """Insist on tables.

        Raises
        ------
        PublicationError
            One is not there.
        """
        if missing := sorted(set(tables) - self.tables):
            raise PublicationError(
                f"The published version of {self.product} has no {', '.join(missing)} yet.",
                "A check holds it back, or nothing to compute it from was delivered: see the asset in the Dagster UI.",
            )

    def remembered(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, computed once per version: nothing in it changes. Errors are not remembered."""
        found = self._remembered.get(key, _NOTHING)
        if found is not _NOTHING:
            return found  # type: ignore[no-any-return]  # what was stored under this key
        made = compute()
        with self._lock:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[key] = made
        return made

    def companion(self) -> Any:
        """What was opened beside the tables.

        Raises
        ------
        VitrinaError
            It could not be opened; the message says why.
        """
        if self._lacking is not None:
            raise self._lacking
        return self._companion

    def open_companion(self, settings: Settings, opens: Companion) -> None:
        """Open what belongs to the tables; where that fails, `companion` tells whoever asks."""
        try:
            self._companion = opens(settings, self)
        except VitrinaError as error:
            self._lacking = error
        except Exception as error:
            # whatever is wrong with it: tables are shown all the same, and the next versions are looked at
            log.exception("companion_not_opened", product=self.product, version=self.name)
            self._lacking = PublicationError(f"What {self.product} is answered from cannot be opened: {error}", "Publish it again.")


_NOTHING = object()


class Versions:
    """The versions in force, looked at every so often: a new one is opened and warmed beside the old, then takes its place.

    Parameters
    ----------
    settings
        The configuration.
    products
        Products to look at.
    companions
        By product, what is opened beside the tables.
    warms
        By product, what is asked of a new version before anybody sees it.
    """

    def __init__(
        self,
        settings: Settings,
        products: Sequence[str],
        companions: Mapping[str, Companion] | None = None,
        warms: Mapping[str, Sequence[Warm]] | None = None,
    ) -> None:
        self.settings, self.products = settings, tuple(products)
        self._companions, self._warms = dict(companions or {}), dict(warms or {})
        self._in_force: Mapping[str, Version] = {}
        self._replaced: Mapping[tuple[str, str], tuple[float, Version]] = {}
        self._told: dict[str, str] = {}
        self._stopping, self._hurried = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._looking = threading.Lock()

    def view(self, named: Mapping[str, str] | None = None) -> View:
        """What is in force now, the same for as long as it is held; in place of it the versions that are named, where still held."""
        found = dict(self._in_force)
        for product, name in (named or {}).items():
            until, version = self._replaced.get((product, name), (0.0, None))
            if version is not None and until > time.monotonic() and self._in_force[product].name != name:
                found[product] = version
        return View(found)

    def is_coming(self, product: str, name: str) -> bool:
        """Whether a version is in force and not open yet; then it is opened without waiting for the next look."""
        try:
            pointer = current(self.settings, product) if product in self.products else None
        except (VitrinaError, OSError):
            return False
        if pointer is None or pointer.version != name:
            return False
        self._hurried.set()
        return True

    def look(self) -> None:
        """Open what has newly come into force; where that fails the old one stays, and the next look tries again."""
        with self._looking:
            now = time.monotonic()
            self._replaced = {which: held for which, held in self._replaced.items() if held[0] > now}
            for product in self.products:
                self._look_at(product)

    def start(self) -> None:
        """Look at once, then every second in a thread of its own."""
        self.look()
        self._thread = threading.Thread(target=self._run, name="versions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._hurried.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._hurried.wait(LOOK_S)
            self._hurried.clear()
            if not self._stopping.is_set():
                self.look()

    def _look_at(self, product: str) -> None:
        wanted = "a pointer that cannot be read"
        try:
            pointer = current(self.settings, product)
            held = self._in_force.get(product)
            if pointer is None or (held is not None and held.pointer == pointer):
                return
            wanted = pointer.version
            version = Version(self.settings, pointer)
            if product in self._companions:
                version.open_companion(self.settings, self._companions[product])
            for warm in self._warms.get(product, ()):
                self._warm(version, warm)
        except Exception as error:  # noqa: BLE001  # one version that cannot be opened must not end the looking for all others
            # once for each version, not every second
            if self._told.get(product) != wanted:
                log.error("version_not_opened", product=product, version=wanted, error=str(error))  # noqa: TRY400  # the message says it all
            self._told[product] = wanted
            return
        self._told.pop(product, None)
        if held is not None:
            self._replaced = {**self._replaced, (product, held.name): (time.monotonic() + HELD_S, held)}
        self._in_force = {**self._in_force, product: version}
        log.info("version_in_use", product=product, version=version.name)

    @staticmethod
    def _warm(version: Version, warm: Warm) -> None:
        try:
            warm(version)
        except Exception as error:  # noqa: BLE001  # whoever asks is told; a page that fails must not keep a version from all others
            log.warning("version_not_warm", product=version.product, version=version.name, error=str(error))


class View:
    """The versions that one request sees.

    Parameters
    ----------
    versions
        By product.
    """

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._versions = versions

    def find(self, product: str) -> Version | None:
        """The version of a product, or None where nothing is published."""
        return self._versions.get(product)

    def name(self, product: str) -> str | None:
        """Name of the version of a product, or None where nothing is published."""
        return None if (found := self.find(product)) is None else found.name

    def __getitem__(self, product: str) -> Version:
        found = self._versions.get(product)
        if found is None:
            raise PublicationError(
                f"Nothing has been published for {product}.",
                f"`make demo` makes a retailer to look at; `make run PRODUCT={product}` takes your files.",
            )
        return found
