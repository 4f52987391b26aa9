"""What is published of a product, as people ask: which version, how fresh each table is, what a check holds back and since when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from serving.web.versions import Version

_TABLES = """
    SELECT p.table_name, p.n_rows, p.state, p.as_of, p.reason, t.comment
    FROM published_tables p LEFT JOIN duckdb_tables() t ON t.table_name = p.table_name
    ORDER BY starts_with(p.table_name, 'mart_') DESC, p.table_name
"""


@dataclass(frozen=True)
class PublishedTable:
    """A table of a published version.

    Attributes
    ----------
    name, rows, meaning
        What it is.
    as_of
        When its rows were written.
    held_back
        The check that holds it at an earlier version; None where it is fresh.
    """

    name: str
    rows: int
    meaning: str
    as_of: dt.datetime
    held_back: str | None


@dataclass(frozen=True)
class Published:
    """A product's version in force.

    Attributes
    ----------
    product, version, published_at, rolled_back_from
        Which, and since when.
    tables
        What it holds, marts first.
    """

    product: str
    version: str
    published_at: dt.datetime
    rolled_back_from: str | None
    tables: tuple[PublishedTable, ...]

    @property
    def held_back(self) -> tuple[PublishedTable, ...]:
        """Tables whose check failed, the longest so first."""
        return tuple(sorted((table for table in self.tables if table.held_back), key=lambda table: table.as_of))

    @property
    def newest(self) -> dt.datetime | None:
        """When any of its rows were last written."""
        return max((table.as_of for table in self.tables), default=None)


def published(version: Version) -> Published:
    """What a version holds."""
    return version.remembered("published", lambda: _published(version))


def _published(version: Version) -> Published:
    pointer = version.pointer
    tables = tuple(
        PublishedTable(row["table_name"], row["n_rows"], row["comment"] or "", row["as_of"], row["reason"])
        for row in version.rows(_TABLES)
    )
    return Published(
        pointer.product, pointer.version, dt.datetime.fromisoformat(pointer.published_at), pointer.rolled_back_from, tables
    )


def warm(version: Version) -> None:
    """Have a version's description at hand."""
    published(version)


def asset_path(product: str, table: str) -> str:
    """Where the Dagster UI shows the asset that a table is.

    >>> asset_path("stores", "mart_cluster_members")
    '/assets/stores/mart_cluster_members'
    """
    return f"/assets/{product}/{table}"
