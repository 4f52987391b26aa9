"""The load of `benchmarks.warehouse`: the table that is written, and the processes that write, read and are killed."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl

from vitrina.tables import Table, column, family
from vitrina.warehouse import FileLocation, Warehouse, load, prepare

ROWS = 4_000
PARTITIONS_PER_WRITER = 5
LOCK_TIMEOUT_S = 60.0

_EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Receipts(Table, product="stores", partitioned_by="store"):
    """One row per store and receipt, with the turn that wrote it."""

    store: str = column("Store.", key=True, max_length=40)
    receipt: int = column("Number of the receipt.", key=True, ge=0)
    turn: int = column("Which replacement wrote the row.", ge=0)
    at: Annotated[pl.Datetime, "us", "UTC"] = column("When it was paid.")
    category: str = column("Category of goods.", isin=("dairy", "bread", "garden"))
    revenue_minor: int = column("Revenue.", unit="minor currency units")
    comment: str = column("Remark.", nullable=True)
    measures: float = family(r"geo_\w+", "A measure of the surroundings.")


def receipts(store: str, turn: int) -> pl.DataFrame:
    """One partition's rows as of one turn."""
    rng = np.random.default_rng([turn, len(store)])
    number = np.arange(ROWS)
    return pl.DataFrame(
        {
            "store": [store] * ROWS,
            "receipt": number,
            "turn": np.full(ROWS, turn),
            "at": pl.Series([_EPOCH]).gather(np.zeros(ROWS, dtype=int)) + pl.Series(number * 1_000_000).cast(pl.Duration("us")),
            "category": rng.choice(["dairy", "bread", "garden"], ROWS),
            "revenue_minor": rng.integers(100, 1_000_000, ROWS),
            "comment": [f"receipt {place} of turn {turn}" if place % 3 else None for place in range(ROWS)],
            "geo_population": rng.uniform(0, 1e5, ROWS),
        },
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )


@dataclass(frozen=True)
class TimedWarehouse(Warehouse):
    """The warehouse as users have it, with a stopwatch at the lock."""

    waits: list[float] = field(default_factory=list)
    holds: list[float] = field(default_factory=list)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Time the wait for the lock, and the time that it was held."""
        asked = time.perf_counter()
        with super().locked():
            entered = time.perf_counter()
            self.waits.append(entered - asked)
            yield
            left = time.perf_counter()
        self.holds.append(left - entered)


def timed(path: Path) -> TimedWarehouse:
    """Open the warehouse under load."""
    return TimedWarehouse(FileLocation(path), LOCK_TIMEOUT_S)


def write_partition(warehouse: Warehouse, store: str, frame: pl.DataFrame) -> None:
    """Replace one partition as an asset does: validated first, then one short turn."""
    replacement = prepare(Receipts, frame, {"store": [store]})
    with warehouse.write() as connection:
        replacement.apply(connection)


def turn_of(warehouse: Warehouse, store: str) -> int | None:
    """Which turn wrote a partition: -1 where it is empty, None where rows are torn."""
    with warehouse.read() as connection:
        rows = load(connection, Receipts, {"store": [store]})
    if rows.is_empty():
        return -1
    turns = rows.get_column("turn").unique()
    return int(turns[0]) if rows.height == ROWS and turns.len() == 1 else None


@dataclass(frozen=True)
class Report:
    """What a process saw: exceptions, torn partitions, and its waits and holds in seconds."""

    failed: int
    torn: int
    turns: int
    waits: tuple[float, ...]
    holds: tuple[float, ...]


def store_name(name: str, place: int) -> str:
    """Name a partition, with the characters that break pasted SQL."""
    return f"{name}, store {place}; it's"


def writer(path: Path, name: str, turns: int, start: threading.Barrier) -> Report:
    """Replace partitions, one after another."""
    warehouse, failed = timed(path), 0
    start.wait()
    for turn in range(turns):
        store = store_name(name, turn % PARTITIONS_PER_WRITER)
        try:
            write_partition(warehouse, store, receipts(store, turn))
        except Exception as error:  # noqa: BLE001  # every failure counts, and the next turn is tried
            print(f"{name}: {error}", flush=True)
            failed += 1
    return Report(failed, 0, turns, tuple(warehouse.waits), tuple(warehouse.holds))


def reader(path: Path, stores: list[str], seed: int, start: threading.Barrier, done: threading.Event) -> Report:
    """Read random partitions until the writers are done, and look whether they are whole."""
    warehouse, failed, torn, turns = timed(path), 0, 0, 0
    rng = np.random.default_rng(seed)
    start.wait()
    while not done.is_set():
        try:
            torn += turn_of(warehouse, str(rng.choice(stores))) is None
        except Exception as error:  # noqa: BLE001  # every failure counts, and the next turn is tried
            print(f"reader {seed}: {error}", flush=True)
            failed += 1
        turns += 1
    return Report(failed, torn, turns, tuple(warehouse.waits), tuple(warehouse.holds))


def doomed_writer(path: Path, store: str, first_turn: int, writing: Synchronized[int], ready: Event) -> None:
    """Replace one partition over and over until the process is killed.

    Parameters
    ----------
    writing
        1 from the first statement of a transaction until the file is closed, else 0.
    ready
        Set before the first replacement.
    """
    warehouse, turn = timed(path), first_turn
    prepared = [prepare(Receipts, receipts(store, first_turn + ahead), {"store": [store]}) for ahead in range(2)]
    ready.set()
    while True:
        with warehouse.write() as connection:
            writing.value = 1
            prepared[turn % 2].apply(connection)
        writing.value = 0
        turn += 1
