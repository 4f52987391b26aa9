"""Files that published tables name, reports for example: they stay as long as a kept version names them."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from vitrina.publication.versions import version_file, versions
from vitrina.sql import quote
from vitrina.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.settings import Settings

GRACE = dt.timedelta(days=1)
"""A run writes its files before the rows that name them: so long it may take in between."""


def referenced_files(product: str, table: str, *, warehouse: Warehouse, settings: Settings) -> frozenset[Path]:
    """Files that a table's column ``path`` names, in the warehouse or in any version that is kept.

    Parameters
    ----------
    product
        Product.
    table
        A table with a column ``path``, relative to the data folder.
    warehouse
        Where the product's tables are.
    settings
        Folders.
    """
    with warehouse.read() as connection:
        named = _paths(connection, table)
    for version in versions(settings, product):
        with duckdb.connect(str(version_file(settings, product, version)), read_only=True) as connection:
            named |= _paths(connection, table)
    return frozenset(settings.data / path for path in named)


def remove_unreferenced(folder: Path, referenced: AbstractSet[Path], *, now: dt.datetime) -> tuple[Path, ...]:
    """Delete a folder's files, and folders of files, that nothing names any longer, and return them.

    Parameters
    ----------
    folder
        Folder of nothing but files and folders that tables name; it need not exist.
    referenced
        What `referenced_files` found.
    now
        Files younger than `GRACE` stay: the run that wrote them may not have stored its rows yet.
    """
    latest = (now - GRACE).timestamp()
    old = sorted(path for path in folder.glob("*") if path not in referenced and path.lstat().st_mtime < latest)
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return tuple(old)


def _paths(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    try:
        rows = connection.execute(f"SELECT DISTINCT path FROM {quote(table)}").fetchall()  # noqa: S608  # the name is quoted
    except duckdb.CatalogException:  # never written, or held back before it was ever published
        return set()
    return {str(path) for (path,) in rows}
