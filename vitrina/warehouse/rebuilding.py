"""Writing a product's tables anew, so that no byte of what was deleted stays behind: `DELETE` leaves it in the file."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from vitrina.errors import WarehouseError
from vitrina.sql import quote, quote_text
from vitrina.warehouse import location as place
from vitrina.warehouse.location import FileLocation, LakeLocation, Location
from vitrina.warehouse.store import Warehouse

SUFFIX = ".rebuilding"
"""What the new file is called until it takes the old one's place."""

_COPY = "rebuilding"
_ORPHANS_OF_OTHERS = "older_than => now() - INTERVAL 1 DAY"
_ALL_ORPHANS = "cleanup_all => true"


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuilding did.

    Attributes
    ----------
    bytes_before, bytes_after
        Size of all files that hold the tables. Of a lake, data files on this machine and a catalogue that is a file.
    """

    bytes_before: int
    bytes_after: int


def rebuild(warehouse: Warehouse) -> Rebuilt:
    """Write all tables of a product anew, without what was deleted from them, under the warehouse's lock.

    Tables, views, comments and NOT NULL stay as they were. A crash at any point leaves the old file or the new one; what a
    killed rebuilding has left is removed by the next. Whoever waits for the lock opens the new file.

    In a lake, all earlier snapshots expire, those of other products too, for a snapshot is one of the whole lake; data files
    with deleted rows are written anew, and files that no snapshot needs are deleted. A catalogue that is a DuckDB file is
    rebuilt as well, for it holds small tables itself, and least and greatest values of all. A catalogue on a server is its
    owner's to vacuum (`VACUUM FULL` in PostgreSQL).

    Parameters
    ----------
    warehouse
        The product's tables.

    Raises
    ------
    WarehouseBusyError
        Another process held the lock too long.
    WarehouseError
        Nothing was ever written, a program holds the file, or the disk is full; the tables are as they were.
    """
    location = warehouse.location
    with warehouse.locked():
        try:
            if isinstance(location, LakeLocation):
                return _rebuild_lake(location)
            if isinstance(location, FileLocation):
                # refuses what was never written, which opening for writing would make
                location.connect(read_only=True).close()
                return _rebuild_file(location.path, location)
        except (duckdb.IOException, OSError) as error:
            raise WarehouseError(
                f"{location} was not rebuilt, and holds what it held: {error}",
                "If a program holds the file, close it; if the disk is full, make room: the new file needs as much as the tables.",
            ) from error
    raise WarehouseError(f"{location} cannot be rebuilt.", "Use a folder of DuckDB files or a DuckLake as VITRINA_WAREHOUSE.")


def _rebuild_file(path: Path, location: Location | None = None) -> Rebuilt:
    """Copy a DuckDB file into a new one and put that into its place.

    The old file stays open for writing until the new one is in its place: DuckDB's own lock keeps out programs that know
    nothing of ours.
    """
    _remove_leftovers(path)
    before, making = _size(path), path.with_name(path.name + SUFFIX)
    # under its own name: views of dbt name the database that they read
    connection = (
        location.connect(read_only=False) if location is not None else duckdb.connect(str(path), config=place.CONFIGURATION)
    )
    try:
        # the log of writes that a killed process has left would be taken for one of the new file
        connection.execute("FORCE CHECKPOINT")
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        _copy(connection, making)
        _swap(making, path)
    except BaseException:
        _remove_leftovers(path)
        raise
    finally:
        connection.close()
    return Rebuilt(before, _size(path))


def _copy(connection: duckdb.DuckDBPyConnection, making: Path) -> None:
    source = str(connection.execute("SELECT current_database()").fetchall()[0][0])
    connection.execute(f"ATTACH {quote_text(str(making))} AS {_COPY} (READ_WRITE)")
    connection.execute(f"COPY FROM DATABASE {quote(source)} TO {_COPY}")
    _verify(connection, source)
    connection.execute(f"CHECKPOINT {_COPY}")
    connection.execute(f"DETACH {_COPY}")


def _verify(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Compare every table's rows before the old file goes."""
    before, after = _counts(connection, source), _counts(connection, _COPY)
    if before != after:
        raise WarehouseError(
            f"The rebuilt file of {source} holds {after} instead of {before} rows.",
            "The old file is untouched; rebuild again, and report this if it happens twice.",
        )


def _counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], int]:
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [database]
    ).fetchall()
    return {
        (schema, name): int(
            connection.execute(f"SELECT count(*) FROM {quote(database)}.{quote(schema)}.{quote(name)}").fetchall()[0][0]  # noqa: S608  # quoted
        )
        for schema, name in tables
    }


def _swap(making: Path, path: Path) -> None:
    """Put the new file into the old one's place, with nothing of either's log of writes beside it."""
    for log in (_log_of(path), _log_of(making)):
        if log.exists() and log.stat().st_size:
            raise WarehouseError(
                f"{log} still holds writes that are not in the file.", "Open the warehouse once with DuckDB, then rebuild again."
            )
        log.unlink(missing_ok=True)
    _sync(making)
    making.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _remove_leftovers(path: Path) -> None:
    """Delete what a killed rebuilding was making, and what killed queries have spilled to disk."""
    making = path.with_name(path.name + SUFFIX)
    for leftover in (making, _log_of(making)):
        leftover.unlink(missing_ok=True)
    for spilled in (path, making):
        shutil.rmtree(spilled.with_name(spilled.name + ".tmp"), ignore_errors=True)


def _rebuild_lake(location: LakeLocation) -> Rebuilt:
    connection = location.connect(read_only=False)
    try:
        catalogue, data = _catalogue_file(connection), _data_folder(connection)
        before = _size(data) + _size(catalogue)
        _rewrite(connection, location.schema, is_alone=catalogue is not None)
    finally:
        connection.close()
    if catalogue is not None:
        _rebuild_file(catalogue)
    return Rebuilt(before, _size(data) + _size(catalogue))


def _rewrite(connection: duckdb.DuckDBPyConnection, schema: str, *, is_alone: bool) -> None:
    connection.execute(f"CALL ducklake_flush_inlined_data('lake', schema_name => {quote_text(schema)})")
    tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ?", [schema])
    for (name,) in tables.fetchall():
        rewriting = f"{quote_text(name)}, schema => {quote_text(schema)}, delete_threshold => 0"
        connection.execute(f"CALL ducklake_rewrite_data_files('lake', {rewriting})")
    connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
    connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    # behind a server, another machine may be writing a file that its transaction has yet to name
    orphans = _ALL_ORPHANS if is_alone else _ORPHANS_OF_OTHERS
    connection.execute(f"CALL ducklake_delete_orphaned_files('lake', {orphans})")


def _catalogue_file(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """The catalogue, where it is a DuckDB file."""
    rows = connection.execute(
        "SELECT path FROM duckdb_databases(), ducklake_settings('lake') WHERE database_name = 'lake' AND catalog_type = 'duckdb'"
    ).fetchall()
    return Path(rows[0][0]) if rows else None


def _data_folder(connection: duckdb.DuckDBPyConnection) -> Path | None:
    """The folder of data files, where it is one of this machine."""
    (path,) = connection.execute("SELECT data_path FROM ducklake_settings('lake')").fetchall()[0]
    return Path(path) if "://" not in path else None


def _size(path: Path | None) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path is None or not path.exists():
        return 0
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
