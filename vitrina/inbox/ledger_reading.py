"""The ledger as people look at it: read only, one short query at a time, and nothing is made where there is none.

`Ledger` takes the lock of writers for every call, because runs ask and then write; pages that many people look at must not.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vitrina.errors import SettingsError, VitrinaError
from vitrina.inbox.difference import Stamp
from vitrina.inbox.entries import COLUMNS, Entry, State, from_row
from vitrina.inbox.ledger import SCHEMA_VERSION

PATIENCE_S = 2.0
"""Readers wait for nobody while the database is in use; this is for the moment in which it is opened or recovered."""

_LISTED = ", ".join("NULL AS findings" if name == "findings" else name for name in COLUMNS)
_NEWEST = "SELECT product, max(delivery) FROM files GROUP BY product, path"


@dataclass(frozen=True)
class Standing:
    """What stands of a product's deliveries: of each path, its newest version.

    Attributes
    ----------
    files
        Paths.
    not_loaded, partly
        Paths whose newest version was quarantined, or loaded without some of its rows.
    rows_loaded, rows_refused
        Of the files that are in use.
    latest
        When the latest delivery was read; None before the first.
    """

    files: int = 0
    not_loaded: int = 0
    partly: int = 0
    rows_loaded: int = 0
    rows_refused: int = 0
    latest: dt.datetime | None = None


@dataclass(frozen=True)
class LedgerReader:
    """All known files, for looking only.

    Attributes
    ----------
    path
        The database, which need not exist.
    connection
        Where several questions share one, see `snapshot`.
    """

    path: Path
    connection: sqlite3.Connection | None = None

    @contextmanager
    def snapshot(self) -> Iterator[LedgerReader]:
        """The ledger of one moment, for several questions of one thread: no more than a page needs, or the log of writers grows."""
        with read_only(self.path) as connection:
            if connection is not None:
                connection.execute("BEGIN")
            yield replace(self, connection=connection)

    def deliveries(
        self, products: Sequence[str], *, state: State | None = None, refused: bool = False, limit: int = 100, offset: int = 0
    ) -> tuple[list[Entry], int]:
        """Deliveries, the latest first, and how many there are.

        Parameters
        ----------
        products
            Whose.
        state
            Only those of which this became.
        refused
            Only those with refused rows.
        limit, offset
            Which of them; all are counted.
        """
        condition = f"product IN ({', '.join('?' * len(products))})"
        values: list[Any] = list(products)
        if state is not None:
            condition, values = f"{condition} AND state = ?", [*values, state.value]
        if refused:
            condition += " AND rows_refused > 0"
        found = self._rows(
            f"SELECT {_LISTED} FROM files WHERE {condition} ORDER BY received_at DESC, product, delivery DESC LIMIT ? OFFSET ?",  # noqa: S608  # our own names; values are bound
            [*values, limit, offset],
        )
        total = self._rows(f"SELECT count(*) AS n FROM files WHERE {condition}", values)  # noqa: S608  # as above
        return _entries(found), total[0]["n"] if total else 0

    def find(self, product: str, delivery: int) -> Entry | None:
        """One delivery."""
        return next(iter(self._where("product = ? AND delivery = ?", product, delivery)), None)

    def versions(self, product: str, path: str) -> list[Entry]:
        """All versions of a path, the newest first."""
        return self._where("product = ? AND path = ? ORDER BY delivery DESC", product, path)

    def original(self, product: str, contract: str, fingerprint: str) -> Entry | None:
        """A loaded delivery that has this content."""
        condition = "product = ? AND contract = ? AND fingerprint = ? AND state = 'loaded' ORDER BY delivery LIMIT 1"
        return next(iter(self._where(condition, product, contract, fingerprint)), None)

    def needing_attention(self, products: Sequence[str], limit: int) -> list[Entry]:
        """Files whose newest version was not loaded, and then those of which not all was; the latest first."""
        return self._where(
            f"product IN ({', '.join('?' * len(products))}) AND (product, delivery) IN ({_NEWEST})"
            " AND (state = 'quarantined' OR (state = 'loaded' AND rows_refused > 0)) ORDER BY state = 'loaded', received_at DESC, delivery DESC LIMIT ?",
            *products,
            limit,
        )

    def standing(self) -> dict[str, Standing]:
        """What stands, by product."""
        rows = self._rows(
            "SELECT product, count(*) AS files, sum(state = 'quarantined') AS not_loaded,"  # noqa: S608  # our own names
            " sum(state = 'loaded' AND rows_refused > 0) AS partly,"
            " sum(CASE WHEN state = 'loaded' THEN rows_loaded ELSE 0 END) AS rows_loaded,"
            " sum(CASE WHEN state = 'loaded' THEN rows_refused ELSE 0 END) AS rows_refused, max(received_at) AS latest"
            f" FROM files WHERE (product, delivery) IN ({_NEWEST}) GROUP BY product",
            (),
        )
        return {
            row["product"]: Standing(**_without(row, "product") | {"latest": dt.datetime.fromisoformat(row["latest"])})
            for row in rows
        }

    def known(self, product: str) -> frozenset[Stamp]:
        """As `Ledger.known`: path, size and modification of every file that needs no reading."""
        rows = self._rows(
            f"SELECT path, size, modified FROM files WHERE product = ? AND NOT reopened AND (product, delivery) IN ({_NEWEST})",  # noqa: S608  # as above
            [product],
        )
        return frozenset((row["path"], row["size"], row["modified"]) for row in rows)

    def stale(self) -> dict[str, list[tuple[str, dt.datetime]]]:
        """Periods that are to be computed again, each with the time of the latest mark, by product."""
        found: dict[str, list[tuple[str, dt.datetime]]] = {}
        for row in self._rows("SELECT product, period, marked_at FROM stale_periods ORDER BY product, period", ()):
            found.setdefault(row["product"], []).append((row["period"], dt.datetime.fromisoformat(row["marked_at"])))
        return found

    def _where(self, condition: str, *values: object) -> list[Entry]:
        return _entries(self._rows(f"SELECT {_LISTED} FROM files WHERE {condition}", values))  # noqa: S608  # our own names; values are bound

    def _rows(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        with nullcontext(self.connection) if self.connection is not None else read_only(self.path) as connection:
            if connection is None:
                return []
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                # somebody is making it this moment
                return []
            if version > SCHEMA_VERSION:
                raise SettingsError("The ledger was written by a newer Vitrina.", "Install that version.")
            return [dict(row) for row in connection.execute(sql, values)]


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A SQLite database for looking only, or None where there is none.

    Raises
    ------
    VitrinaError
        It cannot be read.
    """
    if not path.exists():
        yield None
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.Error as error:
        raise VitrinaError(
            f"{path.name} in the data folder cannot be read: {error}",
            "Make sure that the disk has room and that the folder can be written; then load the page again.",
        ) from error


def _entries(rows: Sequence[dict[str, Any]]) -> list[Entry]:
    return [from_row(row) for row in rows]


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
