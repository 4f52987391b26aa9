"""Whether the warehouse loses rows when processes compete for it or die, and how long a write keeps others out.

Four processes replace partitions while two read; then writers are killed at random moments; then the time that a write
holds the lock is compared with DuckDB alone, on the same file and rows.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa

from benchmarks.outcome import Outcome
from benchmarks.warehouse_load import (
    PARTITIONS_PER_WRITER,
    ROWS,
    Receipts,
    doomed_writer,
    reader,
    receipts,
    store_name,
    timed,
    turn_of,
    write_partition,
    writer,
)
from vitrina.warehouse import prepare

WRITERS = 4
TURNS = 50
READERS = 2
KILLS = 30
COMPARISONS = 40
SEED = 20260930
MOST_LIFE_S = 0.15

# a fork of this process would inherit Polars' threads; a fresh interpreter each would take a second and a half
PROCESSES = multiprocessing.get_context("forkserver")


def main() -> int:
    """Run the three parts and print the figures."""
    PROCESSES.set_forkserver_preload(["benchmarks.warehouse_load"])
    outcome = Outcome("warehouse")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stores.duckdb"
        compete(path, outcome)
        kill(path, outcome)
        compare(path, outcome)
    return outcome.finish()


def compete(path: Path, outcome: Outcome) -> None:
    """Let writers and readers compete; afterwards every partition must be the last one that was written to it."""
    names = [f"writer {number}" for number in range(WRITERS)]
    expected = {
        store_name(name, place): TURNS - PARTITIONS_PER_WRITER + place for name in names for place in range(PARTITIONS_PER_WRITER)
    }
    warehouse = timed(path)
    for store in expected:
        write_partition(warehouse, store, receipts(store, TURNS))
    with PROCESSES.Manager() as shared, ProcessPoolExecutor(WRITERS + READERS, mp_context=PROCESSES) as pool:
        start, done = shared.Barrier(WRITERS + READERS), shared.Event()
        writing = [pool.submit(writer, path, name, TURNS, start) for name in names]
        reading = [pool.submit(reader, path, sorted(expected), seed, start, done) for seed in range(READERS)]
        written = [future.result() for future in writing]
        done.set()
        reports = [*written, *(future.result() for future in reading)]
    kept = [turn_of(warehouse, store) == turn for store, turn in expected.items()]
    outcome.measure("failed", sum(report.failed for report in reports), "== 0")
    outcome.measure("lost_rows", ROWS * kept.count(False), "== 0")
    outcome.measure("torn_reads", sum(report.torn for report in reports), "== 0")
    outcome.measure("longest_wait_s", max(max(report.waits) for report in reports), "<= 10")
    outcome.refer(
        writes=sum(report.turns for report in written),
        reads=sum(report.turns for report in reports) - sum(report.turns for report in written),
        median_wait_ms=1000 * median(wait for report in reports for wait in report.waits),
        median_hold_under_load_ms=1000 * median(hold for report in written for hold in report.holds),
    )


def kill(path: Path, outcome: Outcome) -> None:
    """Kill writers at random moments; each partition must then be wholly of one turn."""
    warehouse, rng, store = timed(path), random.Random(SEED), store_name("doomed", 0)
    write_partition(warehouse, store, receipts(store, 0))
    torn = mid_write = survived = 0
    for number in range(KILLS):
        writing, ready = PROCESSES.Value("i", 0), PROCESSES.Event()
        process = PROCESSES.Process(target=doomed_writer, args=(path, store, 10 * number + 1, writing, ready))
        process.start()
        ready.wait()
        time.sleep(rng.uniform(0, MOST_LIFE_S))
        process.kill()
        process.join()
        mid_write += writing.value
        left = turn_of(warehouse, store)
        torn += left is None or left < 0
        survived += left is not None and left // 10 == number
    others = [turn_of(warehouse, store_name("writer 0", place)) for place in range(PARTITIONS_PER_WRITER)]
    outcome.measure("torn_partitions", torn + others.count(None), "== 0")
    outcome.refer(kills=KILLS, kills_mid_write=mid_write, kills_after_a_commit=survived)


def compare(path: Path, outcome: Outcome) -> None:
    """Compare the time that the lock is held with DuckDB's own time for the same, turn about on the same file."""
    warehouse, store = timed(path), store_name("writer 0", 0)
    bare, validating = [], []
    warehouse.holds.clear()
    for turn in range(COMPARISONS):
        frame = receipts(store, turn)
        started = time.perf_counter()
        replacement = prepare(Receipts, frame, {"store": [store]})
        validating.append(time.perf_counter() - started)
        with warehouse.write() as connection:
            replacement.apply(connection)
        rows = frame.to_arrow()
        started = time.perf_counter()
        _bare_write(path, store, rows)
        bare.append(time.perf_counter() - started)
    outcome.measure("hold_ratio", median(warehouse.holds) / median(bare), "<= 2")
    outcome.refer(
        rows_per_partition=ROWS,
        median_hold_ms=1000 * median(warehouse.holds),
        median_bare_write_ms=1000 * median(bare),
        median_validation_outside_the_lock_ms=1000 * median(validating),
    )


def _bare_write(path: Path, store: str, rows: pa.Table) -> None:
    connection = duckdb.connect(str(path))
    connection.begin()
    connection.execute("DELETE FROM receipts WHERE store = ?", [store])
    connection.register("incoming", rows)
    connection.execute("INSERT INTO receipts BY NAME SELECT * FROM incoming")
    connection.commit()
    connection.close()


if __name__ == "__main__":
    sys.exit(main())
