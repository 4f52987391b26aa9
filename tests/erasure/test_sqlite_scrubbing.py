"""A scrubbed database holds what it held, but for what is to be forgotten, down to its free pages and its log of writes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitrina.erasure import ErasureError, Scrubber, needles, scrub
from vitrina.erasure.sqlite_scrubbing import database_of

TEXT = "Этот вопрос задал человек, который просил о нём забыть."
SCRUBBER = Scrubber([TEXT])


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def holds(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if any(needle in path.read_bytes() for needle in needles(TEXT))}


@pytest.fixture(params=["delete", "wal", "persist"])
def events(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A log of events as Dagster keeps it."""
    path = tmp_path / "events.db"
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.execute("CREATE TABLE event_logs (id INTEGER PRIMARY KEY, run_id TEXT, event TEXT, body BLOB, n REAL)")
        connection.execute("CREATE INDEX by_event ON event_logs (event)")
        rows = [
            ("a", json.dumps({"message": TEXT, "n": 1}), TEXT.encode(), 1.5),
            ("b", json.dumps({"n": 2}), b"\xff\xfe\x00", None),
        ]
        connection.executemany("INSERT INTO event_logs (run_id, event, body, n) VALUES (?, ?, ?, ?)", rows)
    return path


def test_cells_lose_the_text_and_json_stays_json(events: Path) -> None:
    assert scrub(events, SCRUBBER) == 2
    with closing(connect(events)) as connection:
        rows = connection.execute("SELECT run_id, event, body, n FROM event_logs ORDER BY id").fetchall()
    assert [json.loads(row[1]) for row in rows] == [{"message": "[erased]", "n": 1}, {"n": 2}]
    assert [(row[0], row[2], row[3]) for row in rows] == [("a", b"[erased]", 1.5), ("b", b"\xff\xfe\x00", None)]


def test_not_a_byte_is_left_in_any_of_its_files(events: Path) -> None:
    assert holds(events.parent)
    with closing(connect(events)) as other:  # keeps the log of writes in being
        other.execute("UPDATE event_logs SET n = 3 WHERE run_id = 'b'")
        scrub(events, SCRUBBER)
        assert holds(events.parent) == set()


def test_what_was_deleted_before_goes_as_well(events: Path) -> None:
    with closing(connect(events)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM event_logs WHERE run_id = 'a'")
    assert holds(events.parent), "SQLite has cleared the page itself: this test would prove nothing"
    assert scrub(events, SCRUBBER) == 0
    assert holds(events.parent) == set()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.none(),
                st.integers(-(2**60), 2**60),
                st.floats(allow_nan=False),
                st.text(st.characters(codec="utf-8"), max_size=30),
                st.binary(max_size=30),
            ),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_everything_else_stays_equal(tmp_path: Path, cells: list[tuple[object, bool]]) -> None:
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, cell, marked TEXT)")
        connection.executemany(
            "INSERT INTO t (cell, marked) VALUES (?, ?)", [(cell, f"<{TEXT}>" if marked else "<>") for cell, marked in cells]
        )
    assert scrub(path, SCRUBBER) == sum(marked for _, marked in cells)
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT cell, typeof(cell), marked FROM t ORDER BY id").fetchall()
        kinds = [connection.execute("SELECT typeof(?)", [cell]).fetchone()[0] for cell, _ in cells]
        schema = connection.execute("SELECT sql FROM sqlite_schema").fetchall()
    assert rows == [(cell, kind, "<[erased]>" if marked else "<>") for (cell, marked), kind in zip(cells, kinds, strict=True)]
    assert schema == [("CREATE TABLE t (id INTEGER PRIMARY KEY, cell, marked TEXT)",)]


def test_tables_without_row_numbers_generated_columns_views_and_names_with_quotes_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with closing(connect(path)) as connection:
        connection.execute('CREATE TABLE "a ""b""" (k TEXT PRIMARY KEY, "c d" TEXT, g TEXT AS (upper("c d")) STORED) WITHOUT ROWID')
        connection.execute('CREATE VIEW v AS SELECT * FROM "a ""b"""')
        connection.execute('INSERT INTO "a ""b""" VALUES (?, ?)', ["k", TEXT])
    assert scrub(path, SCRUBBER) == 1
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT * FROM v").fetchall() == [("k", "[erased]", "[ERASED]")]
    assert holds(tmp_path) == set()


def test_a_text_that_is_no_unicode_comes_through(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES (CAST(? AS TEXT))", [b"\xff" + TEXT.encode() + b"\xfe"])
    assert scrub(path, SCRUBBER) == 1
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT CAST(a AS BLOB), typeof(a) FROM t").fetchall() == [(b"\xff[erased]\xfe", "text")]


@pytest.mark.parametrize("content", [b"", b"not a database", TEXT.encode() * 100])
def test_other_files_are_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    assert scrub(path, SCRUBBER) == 0
    assert path.read_bytes() == content
    assert scrub(tmp_path / "none", SCRUBBER) == 0


def test_a_damaged_database_is_refused_with_its_name_and_a_remedy(events: Path) -> None:
    content = bytearray(events.read_bytes())
    content[100:] = b"\xaa" * (len(content) - 100)
    events.write_bytes(content)
    with pytest.raises(ErasureError, match=r"events\.db.*What to do: .*damaged"):
        scrub(events, SCRUBBER)


def test_the_wait_for_another_program_is_bounded_and_nothing_is_changed(events: Path) -> None:
    with closing(connect(events)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE event_logs SET n = 7")
        with pytest.raises(ErasureError, match="locked"):
            scrub(events, SCRUBBER, timeout_s=0.05)
        other.execute("ROLLBACK")
    assert scrub(events, SCRUBBER) == 2


def test_a_rule_of_the_database_that_forbids_the_change_is_told(tmp_path: Path) -> None:
    path = tmp_path / "unique.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (a TEXT UNIQUE)")
        connection.executemany("INSERT INTO t VALUES (?)", [(TEXT,), ("[erased]",)])
    with pytest.raises(ErasureError, match="UNIQUE"):
        scrub(path, SCRUBBER)
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t WHERE a = ?", [TEXT]).fetchone() == (1,)


def test_the_files_beside_a_database_lead_to_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    (tmp_path / "x.db-wal").touch()
    (tmp_path / "y-wal").touch()
    assert database_of(path) == database_of(tmp_path / "x.db-wal") == path
    assert database_of(tmp_path / "y-wal") is None
