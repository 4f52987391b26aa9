"""Short turns at a product's tables: one process writes, or reads, at a time, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
from filelock import FileLock, Timeout

from vitrina.errors import WarehouseBusyError, WarehouseError
from vitrina.warehouse.location import Location

POLL_S = 0.005
"""Pause between two attempts at the lock, in seconds. filelock's own 0.05 s starves a waiter for up to 8.7 s, measured."""

_released_at: dict[str, float] = {}
_released_guard = threading.Lock()


@dataclass(frozen=True)
class Warehouse:
    """One product's tables.

    Heavy work happens outside `read` and `write`: while either is open, nobody else of any process gets in.

    Attributes
    ----------
    location
        Where the tables live.
    lock_timeout_s
        Longest wait for the lock, in seconds.
    """

    location: Location
    lock_timeout_s: float = 60.0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to open the tables, for a tool that opens them itself (dbt).

        Raises
        ------
        WarehouseBusyError
            Another process held the lock longer than `lock_timeout_s`.
        """
        path = self.location.lock_file
        path.parent.mkdir(parents=True, exist_ok=True)
        _let_others_go_first(str(path))
        lock = FileLock(path, poll_interval=POLL_S)
        try:
            lock.acquire(timeout=self.lock_timeout_s)
        except Timeout:
            raise WarehouseBusyError(
                f"{path} was held by another process for more than {self.lock_timeout_s:g} s.",
                "Wait for the other run, see `lsof` on the file for who holds it, or raise VITRINA_LOCK_TIMEOUT_S.",
            ) from None
        try:
            yield
        finally:
            lock.release()
            with _released_guard:
                _released_at[str(path)] = time.monotonic()

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a read-only connection, closed at the end."""
        with self.locked(), self._connected(read_only=True) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a connection inside one transaction: committed at the end, rolled back on any exception."""
        with self.locked(), self._connected(read_only=False) as connection:
            connection.begin()
            try:
                yield connection
                connection.commit()
            except (duckdb.IOException, duckdb.TransactionException) as error:
                _roll_back(connection)
                raise WarehouseError(
                    f"Nothing was written to {self.location}: {error}", "If the disk is full, make room; then run again."
                ) from error
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def _connected(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = self.location.connect(read_only=read_only)
        except duckdb.IOException as error:
            raise WarehouseError(
                f"{self.location} cannot be opened: {error}",
                "If a program holds the file, close it (people read published/, never the warehouse); if the disk is full, make room.",
            ) from error
        try:
            yield connection
        finally:
            connection.close()


def _let_others_go_first(path: str) -> None:
    """Wait out two polls after our own last release, or a busy process would win its lock back every time."""
    with _released_guard:
        since = time.monotonic() - _released_at.get(path, float("-inf"))
    if since < 2 * POLL_S:
        time.sleep(2 * POLL_S - since)


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # a fatal error has already ended the transaction; the error that led here is the one to report
        return
