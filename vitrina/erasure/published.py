"""Published versions that must go: all but the one in force, and what killed publications have left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from filelock import FileLock, Timeout

from vitrina.errors import WarehouseBusyError
from vitrina.publication import current, versions
from vitrina.publication.versions import version_file, version_folder
from vitrina.sql import quote

if TYPE_CHECKING:
    from vitrina.settings import Settings

_UNFINISHED = ("*.making", "*.making.wal")


def keep_only_in_force(settings: Settings, product: str) -> tuple[Path, ...]:
    """Delete every published version but the one in force, and return the files that are gone.

    Whoever has an older version open goes on reading it; its bytes are free when the last reader closes it.

    Parameters
    ----------
    settings
        Folders.
    product
        Product. Where nothing is in force, nothing is deleted.

    Raises
    ------
    WarehouseBusyError
        A publication is in progress for longer than the bounded wait.
    """
    in_force = current(settings, product)
    if in_force is None:
        return ()
    try:
        # the lock of publications: between a new version and the pointer to it, the new one looks unused
        with FileLock(settings.published / f".{product}.lock", timeout=settings.lock_timeout_s):
            in_force = current(settings, product) or in_force
            gone = [
                version_file(settings, product, version) for version in versions(settings, product) if version != in_force.version
            ]
            gone += [path for pattern in _UNFINISHED for path in version_folder(settings, product).glob(pattern)]
            gone += settings.published.glob(f"{product}.arriving")
            for path in gone:
                path.unlink(missing_ok=True)
    except Timeout:
        raise WarehouseBusyError(
            f"{product} has been in publication by another process for more than {settings.lock_timeout_s:g} s.",
            "Wait for it to end, or raise VITRINA_LOCK_TIMEOUT_S; then erase again.",
        ) from None
    return tuple(gone)


def older_tables(settings: Settings, product: str, version: str) -> tuple[str, ...]:
    """Tables of the version in force whose rows were taken from the warehouse for an earlier version than this one.

    A check that objects to a table holds it at an earlier version, with all that has been deleted from it since.

    Parameters
    ----------
    settings
        Folders.
    product
        Product; one that has never been published has none.
    version
        Name of a version, or any text that sorts among such names.
    """
    in_force = current(settings, product)
    if in_force is None:
        return ()
    with duckdb.connect(str(version_file(settings, product, in_force.version)), read_only=True) as connection:
        rows = connection.execute("SELECT table_name FROM published_tables WHERE from_version < ? ORDER BY ALL", [version])
        return tuple(name for (name,) in rows.fetchall())


def paths_in_force(settings: Settings, product: str) -> frozenset[Path]:
    """Files and folders that tables of the version in force name in a column ``path``, relative to the data folder."""
    in_force = current(settings, product)
    if in_force is None:
        return frozenset()
    with duckdb.connect(str(version_file(settings, product, in_force.version)), read_only=True) as connection:
        return frozenset(settings.data / path for path in named_paths(connection))


def named_paths(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """What the column ``path`` of any table of the connection's schema holds."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_columns() WHERE column_name = 'path' AND data_type = 'VARCHAR' AND NOT internal "
        "AND database_name = current_database() AND schema_name = current_schema()"
    ).fetchall()
    rows = [row for (name,) in tables for row in connection.execute(f"SELECT DISTINCT path FROM {quote(name)}").fetchall()]  # noqa: S608  # quoted
    return frozenset(path for (path,) in rows if path)
