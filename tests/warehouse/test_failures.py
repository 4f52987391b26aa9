"""Killed processes, full disks, programs in the way, and two processes at once: each is made to happen."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from vitrina.errors import WarehouseError
from vitrina.stores.tables import FeatureCatalogue
from vitrina.warehouse import FileLocation, Warehouse, load, replace

QUARTER = dt.date(2026, 7, 1)
WRITER = """
import datetime as dt, sys
from pathlib import Path
import polars as pl
from vitrina.stores.tables import FeatureCatalogue
from vitrina.warehouse import FileLocation, Warehouse, replace

def catalogue(label, features, quarter):
    return pl.DataFrame(
        [{"quarter": quarter, "window_quarters": 4, "feature": f"f{n}", "family": "trade", "label": label, "unit": "", "is_default": True, "stores_missing": 0} for n in range(features)],
        schema=FeatureCatalogue.polars_schema(),
    )

warehouse = Warehouse(FileLocation(Path(sys.argv[1])), lock_timeout_s=30)
def pause():
    print("ready", flush=True)
    sys.stdin.readline()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs the script."""
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def catalogue(label: str, features: int, quarter: dt.date = QUARTER) -> pl.DataFrame:
    fixed = {
        "quarter": quarter,
        "window_quarters": 4,
        "family": "trade",
        "label": label,
        "unit": "",
        "is_default": True,
        "stores_missing": 0,
    }
    return pl.DataFrame([{**fixed, "feature": f"f{number}"} for number in range(features)], schema=FeatureCatalogue.polars_schema())


def labels_in(warehouse: Warehouse) -> list[str]:
    with warehouse.read() as connection:
        return load(connection, FeatureCatalogue).get_column("label").to_list()


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(FileLocation(tmp_path / "stores.duckdb"), lock_timeout_s=5)
    with made.write() as connection:
        replace(connection, FeatureCatalogue, catalogue("old", 3))
    return made


@pytest.mark.integration
@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (
            """
with warehouse.write() as connection:
    replace(connection, FeatureCatalogue, catalogue("new", 5000, dt.date(2026, 7, 1)), {"quarter": [dt.date(2026, 7, 1)]})
    pause()
""",
            ["old"] * 3,
        ),
        (
            """
with warehouse.write() as connection:
    replace(connection, FeatureCatalogue, catalogue("new", 5000, dt.date(2026, 7, 1)), {"quarter": [dt.date(2026, 7, 1)]})
    connection.commit()
    pause()
""",
            ["new"] * 5000,
        ),
    ],
    ids=["before the commit", "after the commit"],
)
def test_a_killed_writer_leaves_the_old_rows_or_the_new_ones(warehouse: Warehouse, moment: str, left: list[str]) -> None:
    assert isinstance(warehouse.location, FileLocation)
    process = start(WRITER + moment, warehouse.location.path)
    wait_until_ready(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert labels_in(warehouse) == left
    with warehouse.write() as connection:
        assert replace(connection, FeatureCatalogue, catalogue("next", 2)) == 2
    assert labels_in(warehouse) == ["next"] * 2


@pytest.mark.integration
def test_two_processes_write_their_slices_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "stores.duckdb"
    script = """
quarter = dt.date.fromisoformat(sys.argv[2])
pause()
for turn in range(8):
    with warehouse.write() as connection:
        replace(connection, FeatureCatalogue, catalogue(f"turn {turn}", 10, quarter), {"quarter": [quarter]})
"""
    processes = [start(WRITER + script, path, quarter) for quarter in ("2026-04-01", "2026-07-01")]
    for process in processes:
        wait_until_ready(process)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    assert labels_in(Warehouse(FileLocation(path))) == ["turn 7"] * 20


@pytest.mark.parametrize("read_only", [True, False])
def test_a_program_that_holds_the_file_makes_a_clear_error_and_frees_the_lock(warehouse: Warehouse, read_only: bool) -> None:  # noqa: FBT001  # a parameter of the test
    assert isinstance(warehouse.location, FileLocation)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True'); print('ready', flush=True); sys.stdin.readline()"
    foreign = start(script, warehouse.location.path, read_only)
    wait_until_ready(foreign)
    with pytest.raises(WarehouseError) as raised, warehouse.write():
        pytest.fail("another program holds the file")
    assert str(warehouse.location.path) in raised.value.problem
    assert str(foreign.pid) in raised.value.problem
    assert "close it" in raised.value.remedy
    foreign.communicate("done\n")
    assert labels_in(warehouse) == ["old"] * 3


def test_a_file_that_is_no_database_makes_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "stores.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="cannot be opened"), Warehouse(FileLocation(path)).read():
        pytest.fail("this is no database")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("megabytes", [4, 60], ids=["full at the commit", "full while writing"])
def test_a_full_disk_loses_nothing_and_is_told_as_what_it_is(small_disk: Path, megabytes: int) -> None:
    warehouse = Warehouse(FileLocation(small_disk / "stores.duckdb"))
    with warehouse.write() as connection:
        replace(connection, FeatureCatalogue, catalogue("old", 3))
    features = 10_000 * megabytes // 4
    too_much = catalogue("", features).with_columns(pl.Series("label", [os.urandom(200).hex() for _ in range(features)]))
    with pytest.raises(WarehouseError, match="No space left on device") as raised, warehouse.write() as connection:
        replace(connection, FeatureCatalogue, too_much)
    assert "make room" in raised.value.remedy
    assert labels_in(warehouse) == ["old"] * 3
    subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    with warehouse.write() as connection:
        replace(connection, FeatureCatalogue, catalogue("next", 2))
    assert labels_in(warehouse) == ["next"] * 2
