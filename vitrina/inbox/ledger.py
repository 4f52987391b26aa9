"""The ledger of files: what was delivered, what became of it, and what is stale because of it.

A small SQLite database beside the warehouse, so that a sensor never waits for a warehouse. Every call opens its own
connection and holds it for one short transaction; several processes may call at once.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vitrina.errors import SettingsError, VitrinaError
from vitrina.inbox.difference import FoundFile, Stamp
from vitrina.inbox.entries import COLUMNS, Entry, State, from_row, moment, to_row
from vitrina.inbox.tables import Deliveries

BUSY_TIMEOUT_S = 30.0
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE files (
    product TEXT NOT NULL, delivery INTEGER NOT NULL, path TEXT NOT NULL, contract TEXT NOT NULL, version INTEGER NOT NULL,
    state TEXT NOT NULL, size INTEGER NOT NULL, modified TEXT NOT NULL, fingerprint TEXT NOT NULL,
    rows_read INTEGER NOT NULL, rows_loaded INTEGER NOT NULL, rows_refused INTEGER NOT NULL, unresolved INTEGER NOT NULL,
    message TEXT, received_at TEXT NOT NULL, first_date TEXT, last_date TEXT, changed_from TEXT, changed_to TEXT,
    findings TEXT, reopened INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (product, delivery)
);
CREATE INDEX files_by_path ON files (product, path);
CREATE INDEX files_by_content ON files (product, fingerprint);
CREATE TABLE stale_periods (product TEXT NOT NULL, period TEXT NOT NULL, marked_at TEXT NOT NULL, PRIMARY KEY (product, period));
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


_DELIVERIES = "delivery, path AS source_file, contract, version, state, rows_read, rows_loaded, rows_refused, fingerprint, message"


@dataclass(frozen=True)
class Ledger:
    """All known files of all products.

    Attributes
    ----------
    path
        The database; created when it is first needed.
    """

    path: Path

    def inbox(self) -> str | None:
        """The inbox that this data folder reads, or None where nothing was read yet."""
        if not self.path.exists():
            return None
        with self._transaction() as connection:
            return _remembered(connection, "inbox")

    def claim_inbox(self, address: str, *, moved: bool = False) -> None:
        """Remember which inbox this data folder reads, or refuse another one.

        Parameters
        ----------
        address
            Folder or fsspec address of the inbox.
        moved
            The same files now lie at another address.

        Raises
        ------
        SettingsError
            The data folder belongs to another inbox: its files would all look deleted, and others new.
        """
        with self._transaction() as connection:
            before = _remembered(connection, "inbox")
            if before not in (None, address) and not moved:
                raise SettingsError(
                    f"{self.path.parent} holds what was read from the inbox {before}, not from {address}.",
                    "Choose another VITRINA_DATA for another inbox; if the same files have moved, say so with --moved-inbox.",
                )
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('inbox', ?)", [address])

    def claim_key(self, mark: str) -> None:
        """Remember which key the identifiers of people were hashed with, or refuse another one.

        Parameters
        ----------
        mark
            What tells the key from others and gives nothing of it away; see `key_mark`.

        Raises
        ------
        SettingsError
            People who are known were hashed with another key: they would all be strangers.
        """
        with self._transaction() as connection:
            before = _remembered(connection, "user_key")
            if before not in (None, mark):
                raise SettingsError(
                    f"The users in {self.path.parent} were hashed with another key: with this one, all of them would be strangers.",
                    "Restore `user.key` or VITRINA_USER_KEY from a backup; where the key is lost, load all files anew into "
                    "another data folder (VITRINA_DATA).",
                )
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('user_key', ?)", [mark])

    def known(self, product: str) -> frozenset[Stamp]:
        """Path, size and modification of every file that needs no reading.

        Only the newest version of a path counts: a file put back as it was before, date and all, is a new version.
        """
        newest = "SELECT max(delivery) FROM files WHERE product = ? GROUP BY path"
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT path, size, modified FROM files WHERE product = ? AND NOT reopened AND delivery IN ({newest})",  # noqa: S608  # our own names; values are bound
                [product, product],
            )
            return frozenset((path, size, modified) for path, size, modified in rows)

    def latest(self, product: str, path: str) -> Entry | None:
        """The newest version of a path, whatever became of it."""
        return self._one("product = ? AND path = ? ORDER BY delivery DESC", product, path)

    def loaded(self, product: str, path: str) -> Entry | None:
        """The version of a path whose rows are in the raw table."""
        return self._one("product = ? AND path = ? AND state = 'loaded' ORDER BY delivery DESC", product, path)

    def original(self, product: str, contract: str, fingerprint: str, path: str) -> Entry | None:
        """A loaded version with the same content under another path."""
        condition = "product = ? AND contract = ? AND fingerprint = ? AND state = 'loaded' AND path <> ? ORDER BY delivery"
        return self._one(condition, product, contract, fingerprint, path)

    def next_delivery(self, product: str) -> int:
        """The sequence number that the next delivery of a product gets."""
        with self._transaction() as connection:
            row = connection.execute("SELECT coalesce(max(delivery), 0) + 1 FROM files WHERE product = ?", [product]).fetchone()
            return int(row[0])

    def record(self, entry: Entry, *, reopens: Collection[str] = ()) -> None:
        """Write down what became of a file, all of it in one transaction.

        A loaded version supersedes the one before it under the same path. Files that were not loaded because they were
        copies of what is superseded are reopened in the same transaction, for nothing else holds their rows now.

        Parameters
        ----------
        entry
            The delivery; the same number again replaces what stood there.
        reopens
            Contracts whose files with unknown references are to be read again, because this was a file they refer to.
        """
        stored = to_row(entry)
        with self._transaction() as connection:
            # what a path held before is never read again
            older = [entry.product, entry.path, entry.delivery]
            connection.execute("UPDATE files SET reopened = 0 WHERE product = ? AND path = ? AND delivery <> ?", older)
            replaced: list[tuple[str, str]] = []
            if entry.state is State.LOADED:
                replaced = connection.execute(
                    "UPDATE files SET state = 'superseded' WHERE product = ? AND path = ? AND state = 'loaded' AND delivery <> ?"
                    " RETURNING contract, fingerprint",
                    older,
                ).fetchall()
            connection.execute(
                f"INSERT OR REPLACE INTO files ({', '.join(stored)}) VALUES ({', '.join('?' * len(stored))})",  # noqa: S608  # our own names; values are bound
                list(stored.values()),
            )
            for contract, fingerprint in replaced:
                _reopen_copies(connection, entry.product, contract, fingerprint)
            for contract in reopens:
                connection.execute(
                    "UPDATE files SET reopened = 1 WHERE product = ? AND contract = ? AND state = 'loaded' AND unresolved > 0",
                    [entry.product, contract],
                )
                _count_reopening(connection, entry.product)

    def restamp(self, entry: Entry, found: FoundFile) -> None:
        """The same content with a new date: known from now on, and nothing else changes."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE files SET size = ?, modified = ? WHERE product = ? AND delivery = ?",
                [found.size, found.modified, entry.product, entry.delivery],
            )

    def reopened(self, product: str) -> tuple[Entry, ...]:
        """Files that are to be read again, in the order of their deliveries."""
        return self._all("product = ? AND reopened ORDER BY delivery", product)

    def reopenings(self, product: str) -> int:
        """How often files were reopened: part of a run's key, for the files themselves have not changed."""
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", [f"reopenings:{product}"]).fetchone()
            return int(row[0]) if row else 0

    def without_receipt(self, product: str) -> tuple[Entry, ...]:
        """Deliveries whose receipt is still to be written."""
        return self._all("product = ? AND findings IS NOT NULL ORDER BY delivery", product)

    def receipt_written(self, entry: Entry) -> None:
        """Forget the findings, which the receipt now holds."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE files SET findings = NULL WHERE product = ? AND delivery = ?", [entry.product, entry.delivery]
            )

    def deliveries(self, product: str) -> pl.DataFrame:
        """All known versions as rows of `Deliveries`."""
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT {_DELIVERIES}, received_at, first_date, last_date FROM files WHERE product = ? ORDER BY delivery",  # noqa: S608  # our own names; values are bound
                [product],
            ).fetchall()
        schema = Deliveries.polars_schema()
        texts = {name: pl.String if schema[name].is_temporal() else schema[name] for name in schema}
        frame = pl.DataFrame(rows, schema=texts, orient="row").with_columns(
            pl.col("received_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC"),
            pl.col("first_date", "last_date").str.to_date("%Y-%m-%d"),
        )
        return Deliveries.check(frame)

    def last_date(self, product: str, contract: str | None = None) -> dt.date | None:
        """The latest date of all rows that are loaded, or of those of one contract."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT max(last_date) FROM files WHERE product = ?1 AND state = 'loaded' AND contract = coalesce(?2, contract)",
                [product, contract],
            ).fetchone()
            return dt.date.fromisoformat(row[0]) if row[0] else None

    def unsettled(self, product: str) -> tuple[Entry, ...]:
        """Loaded deliveries whose stale periods nobody has marked yet, for example because a run was killed."""
        return self._all("product = ? AND NOT settled AND state IN ('loaded', 'superseded') ORDER BY delivery", product)

    def mark_stale(self, product: str, periods: Collection[str], now: dt.datetime, *, settles: Sequence[Entry] = ()) -> None:
        """Note that periods must be computed again.

        Parameters
        ----------
        periods
            Partition keys.
        settles
            Deliveries whose consequences these are; they leave `unsettled` in the same transaction.
        """
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO stale_periods VALUES (?, ?, ?)", [(product, period, moment(now)) for period in periods]
            )
            connection.executemany(
                # a file that was read again since then has new consequences
                "UPDATE files SET settled = 1 WHERE product = ? AND delivery = ? AND rows_loaded = ?",
                [(entry.product, entry.delivery, entry.rows_loaded) for entry in settles],
            )

    def stale(self, product: str) -> list[tuple[str, dt.datetime]]:
        """Periods to compute again, each with the time of the latest mark."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT period, marked_at FROM stale_periods WHERE product = ? ORDER BY period", [product])
            return [(period, dt.datetime.fromisoformat(marked_at)) for period, marked_at in rows]

    def clear_stale(self, product: str, periods: Collection[str], marked_before: dt.datetime) -> None:
        """Periods were computed again; marks made at `marked_before` or later stay, for they came during the computation."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM stale_periods WHERE product = ? AND period = ? AND marked_at < ?",
                [(product, period, moment(marked_before)) for period in periods],
            )

    def _one(self, condition: str, *parameters: str) -> Entry | None:
        found = self._all(f"{condition} LIMIT 1", *parameters)
        return found[0] if found else None

    def _all(self, condition: str, *parameters: str) -> tuple[Entry, ...]:
        with self._transaction() as connection:
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM files WHERE {condition}", parameters).fetchall()  # noqa: S608  # our own names; values are bound
        return tuple(from_row(dict(zip(COLUMNS, row, strict=True))) for row in rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    _prepare(connection)
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sqlite3.Error as error:
            raise VitrinaError(
                f"The ledger {self.path} cannot be used: {error}",
                "Make sure that the disk has room, that the folder can be written, and that no program holds the file open.",
            ) from error


def _reopen_copies(connection: sqlite3.Connection, product: str, contract: str, fingerprint: str) -> None:
    """Reopen the files that hold what no loaded version holds any more, unless they hold something else by now."""
    copies = connection.execute(
        """
        UPDATE files SET reopened = 1
        WHERE product = :product AND contract = :contract AND fingerprint = :fingerprint AND state = 'duplicate'
            AND delivery IN (SELECT max(delivery) FROM files WHERE product = :product GROUP BY path)
            AND NOT EXISTS (
                SELECT 1 FROM files AS other
                WHERE other.product = :product AND other.contract = :contract AND other.fingerprint = :fingerprint
                    AND other.state = 'loaded'
            )
        """,
        {"product": product, "contract": contract, "fingerprint": fingerprint},
    )
    if copies.rowcount:
        _count_reopening(connection, product)


def _count_reopening(connection: sqlite3.Connection, product: str) -> None:
    connection.execute("INSERT INTO meta VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1", [f"reopenings:{product}"])


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise SettingsError("The ledger was written by a newer Vitrina.", "Install that version, or choose another VITRINA_DATA.")
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _remembered(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])
