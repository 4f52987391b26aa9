"""A rebuilt warehouse holds what it held and not a byte of what was deleted, whenever the rebuilding is killed."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from vitrina.errors import WarehouseBusyError, WarehouseError
from vitrina.tables import Table, column
from vitrina.warehouse import FileLocation, LakeLocation, Warehouse, load, location, replace
from vitrina.warehouse.rebuilding import rebuild

MARKER = "A marker that nobody else has written, метка 4276"
VECTOR = [0.1234567891, -0.987654321, 0.555555555]


class Sayings(Table, product="posts"):
    """One row per saying."""

    number: int = column("Its number.", key=True)
    saying: str = column("What it says.", nullable=True)
    vector: list[float] = column("Its vector.")


def sayings(first: int, last: int) -> pl.DataFrame:
    rows = [{"number": n, "saying": f"saying {n}", "vector": [float(n), 0.5]} for n in range(first, last)]
    return pl.DataFrame(rows, schema=Sayings.polars_schema())


def marked(number: int) -> pl.DataFrame:
    return pl.DataFrame([{"number": number, "saying": MARKER, "vector": VECTOR}], schema=Sayings.polars_schema())


def files_with_the_marker(folder: Path) -> set[str]:
    wanted = (MARKER.encode(), np.array(VECTOR).astype("<f8").tobytes())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(needle in path.read_bytes() for needle in wanted)}


@pytest.fixture(params=["file", "lake"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Tables whose bytes stand in the file as they are."""
    if request.param == "file":
        monkeypatch.setitem(location.CONFIGURATION, "force_compression", "uncompressed")
        made = Warehouse(FileLocation(tmp_path / "posts.duckdb"), lock_timeout_s=5)
    else:
        made = Warehouse(LakeLocation(str(tmp_path / "catalogue.ducklake"), "posts", tmp_path), lock_timeout_s=5)
    fill(made)
    return made


def fill(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        replace(connection, Sayings, pl.concat([sayings(0, 3000), marked(9999)]))
    with warehouse.write() as connection:  # a lake keeps a few rows in its catalogue
        replace(connection, Sayings, marked(10_000), {"number": [10_000]})


def delete_the_marker(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        connection.execute("DELETE FROM sayings WHERE number >= 9999")


def stored(warehouse: Warehouse) -> pl.DataFrame:
    with warehouse.read() as connection:
        return load(connection, Sayings)


def declaration(warehouse: Warehouse) -> list[tuple]:
    with warehouse.read() as connection:
        columns = "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE NOT internal AND schema_name = current_schema()"
        tables = "SELECT table_name, '', '', NULL, comment FROM duckdb_tables() WHERE schema_name = current_schema()"
        return connection.execute(f"{columns} UNION ALL {tables} ORDER BY ALL").fetchall()


def test_not_a_byte_of_a_deleted_row_outlives_a_rebuilding(warehouse: Warehouse, tmp_path: Path) -> None:
    delete_the_marker(warehouse)
    assert files_with_the_marker(tmp_path), "the marker is not visible in the files: this test would prove nothing"
    rebuild(warehouse)
    assert files_with_the_marker(tmp_path) == set()


def test_rows_types_comments_and_not_null_are_as_they_were(warehouse: Warehouse) -> None:
    before, declared = stored(warehouse), declaration(warehouse)
    assert ("sayings", "number", "BIGINT", False, "Its number.") in declared
    assert ("sayings", "", "", None, "One row per saying.") in declared
    rebuild(warehouse)
    assert stored(warehouse).equals(before)
    assert declaration(warehouse) == declared
    with pytest.raises(duckdb.Error), warehouse.write() as connection:
        connection.execute("INSERT INTO sayings (saying) VALUES ('without a number')")


def test_the_sizes_are_told_and_nothing_is_left_beside_the_files(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.write() as connection:
        replace(connection, Sayings, sayings(0, 20_000))
    with warehouse.write() as connection:
        connection.execute("DELETE FROM sayings WHERE number > 10")
    names = {path.name for path in tmp_path.iterdir()}
    rebuilt = rebuild(warehouse)
    assert 0 < rebuilt.bytes_after < rebuilt.bytes_before
    assert rebuild(warehouse).bytes_before == rebuilt.bytes_after
    assert {path.name for path in tmp_path.iterdir()} <= names


def test_what_is_written_afterwards_is_there(warehouse: Warehouse) -> None:
    rebuild(warehouse)
    with warehouse.write() as connection:
        replace(connection, Sayings, sayings(7, 8))
    assert stored(warehouse).height == 1


def test_views_that_name_their_database_are_kept(tmp_path: Path) -> None:
    warehouse = Warehouse(FileLocation(tmp_path / "posts.duckdb"))
    fill(warehouse)
    with warehouse.write() as connection:
        connection.execute('CREATE VIEW "posts"."main"."few" AS SELECT * FROM "posts"."main"."sayings" WHERE number < 3')
        connection.execute("COMMENT ON VIEW few IS 'The first three.'")
    rebuild(warehouse)
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM few").fetchall() == [(3,)]
        assert connection.execute("SELECT comment FROM duckdb_views() WHERE view_name = 'few'").fetchall() == [
            ("The first three.",)
        ]


def test_another_products_tables_in_the_same_lake_stay(tmp_path: Path) -> None:
    posts, stores = (Warehouse(LakeLocation(str(tmp_path / "c.ducklake"), name, tmp_path)) for name in ("posts", "stores"))
    fill(posts)
    fill(stores)
    delete_the_marker(posts)
    rebuild(posts)
    assert stored(stores).height == 3002
    assert stored(posts).height == 3000


def test_rebuilding_what_was_never_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="Nothing has been written"):
        rebuild(Warehouse(FileLocation(tmp_path / "posts.duckdb")))
    assert not (tmp_path / "posts.duckdb").exists()


KILLED = """
import sys
from pathlib import Path
from vitrina.warehouse import FileLocation, LakeLocation, Warehouse, rebuilding

path, moment, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
original = getattr(rebuilding, moment)

def paused(*arguments, **named):
    if when == "after":
        original(*arguments, **named)
    print("ready", flush=True)
    sys.stdin.readline()

setattr(rebuilding, moment, paused)
place = LakeLocation(str(path), "posts", path.parent) if path.suffix == ".ducklake" else FileLocation(path)
rebuilding.rebuild(Warehouse(place))
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("moment", "when", "is_new"),
    [("_copy", "before", False), ("_swap", "before", False), ("_swap", "after", True)],
)
def test_a_killed_rebuilding_leaves_the_old_file_or_the_new_one_and_the_next_one_clears_up(
    warehouse: Warehouse,
    tmp_path: Path,
    moment: str,
    when: str,
    is_new: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    delete_the_marker(warehouse)
    kept = stored(warehouse)
    held = warehouse.location
    path = held.path if isinstance(held, FileLocation) else tmp_path / "catalogue.ducklake"
    command = [sys.executable, "-c", KILLED, str(path), moment, when]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert stored(warehouse).equals(kept)
    assert (path.name in files_with_the_marker(tmp_path)) is not is_new
    rebuild(warehouse)
    assert stored(warehouse).equals(kept)
    assert files_with_the_marker(tmp_path) == set()
    assert not [found for found in tmp_path.rglob("*") if "rebuilding" in found.name]


def test_the_log_of_writes_of_a_killed_writer_is_taken_over(tmp_path: Path) -> None:
    warehouse = Warehouse(FileLocation(tmp_path / "posts.duckdb"))
    fill(warehouse)
    script = f"import duckdb, os; c = duckdb.connect({str(tmp_path / 'posts.duckdb')!r}); c.execute('PRAGMA disable_checkpoint_on_shutdown'); c.execute('DELETE FROM sayings WHERE number > 4'); os._exit(1)"
    subprocess.run([sys.executable, "-c", script], check=False)
    assert (tmp_path / "posts.duckdb.wal").stat().st_size
    rebuild(warehouse)
    assert stored(warehouse).height == 5
    assert not (tmp_path / "posts.duckdb.wal").exists()


def test_whoever_waits_for_the_lock_gets_the_new_file(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    delete_the_marker(warehouse)
    rows: list[int] = []
    reader = threading.Thread(target=lambda: rows.append(stored(warehouse).height))
    with warehouse.locked():
        reader.start()
        time.sleep(0.05)
        monkeypatch.setattr(type(warehouse), "locked", lambda _self: threading.Lock())
        rebuild(warehouse)
        monkeypatch.undo()
    reader.join()
    assert rows == [3000]


def test_a_busy_warehouse_is_left_alone(warehouse: Warehouse) -> None:
    waiting = Warehouse(warehouse.location, lock_timeout_s=0.05)
    with warehouse.locked(), pytest.raises(WarehouseBusyError):
        rebuild(waiting)


@pytest.mark.integration
def test_a_program_that_holds_the_file_makes_a_clear_error(tmp_path: Path) -> None:
    warehouse = Warehouse(FileLocation(tmp_path / "posts.duckdb"))
    fill(warehouse)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('ready', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", script, str(tmp_path / "posts.duckdb")]
    foreign = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert foreign.stdout is not None
    assert foreign.stdout.readline() == "ready\n"
    with pytest.raises(WarehouseError, match="not rebuilt"):
        rebuild(warehouse)
    foreign.communicate("done\n")
    assert stored(warehouse).height == 3002
