"""Making a version: copy, check, swap. A table that failed its check stays as it was last published."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
from filelock import FileLock, Timeout

from vitrina.dictionary import DataDictionary
from vitrina.errors import PublicationError, WarehouseBusyError
from vitrina.publication.copying import copy_table, count_rows, exists
from vitrina.publication.tables import PublishedTables, PublishedVersion
from vitrina.publication.versions import Pointer, analysts_copy, current, point_to, version_file, versions
from vitrina.sql import quote_text
from vitrina.warehouse import Warehouse, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vitrina.settings import Settings


@dataclass(frozen=True)
class Candidate:
    """A table that is to be published.

    Attributes
    ----------
    name
        Table in the warehouse and in the published file.
    failed_check
        The check that holds the table back, in this run or an earlier one; None where the table may be published.
    written_at
        When the rows in the warehouse were written, in UTC; None where nobody noted it, which counts as now.
    """

    name: str
    failed_check: str | None = None
    written_at: dt.datetime | None = None


@dataclass(frozen=True)
class Publication:
    """What a publication did.

    Attributes
    ----------
    pointer
        The version now in force.
    tables
        Rows of `PublishedTables`.
    left_out
        Candidates that no version holds: never written, or held back before they were ever published.
    """

    pointer: Pointer
    tables: pl.DataFrame
    left_out: tuple[str, ...]


def publish(  # noqa: PLR0913  # what is published, and from where
    product: str,
    candidates: Sequence[Candidate],
    dictionary: pl.DataFrame,
    *,
    warehouse: Warehouse,
    settings: Settings,
    now: dt.datetime,
    run_id: str,
) -> Publication:
    """Make a new version of a product's published file and put it into force.

    The file is made under a temporary name, checked, and renamed; then the pointer is swapped. Whoever reads an older
    version goes on reading it. Nothing is in force that has not been checked.

    Parameters
    ----------
    product
        Product.
    candidates
        Tables to publish, marts first.
    dictionary
        Rows of `DataDictionary` for these tables.
    warehouse
        Where the tables are.
    settings
        Folders, and how many versions are kept.
    now
        Time of publication, in UTC.
    run_id
        Run that publishes.

    Raises
    ------
    PublicationError
        The new file does not hold what it should; the version in force is untouched.
    """
    with _one_at_a_time(settings, product):
        before = current(settings, product)
        version = now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
        target = version_file(settings, product, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        making = target.with_suffix(".making")
        making.unlink(missing_ok=True)
        previous = version_file(settings, product, before.version) if before else None
        try:
            tables = _fill(making, product, candidates, warehouse=warehouse, previous=previous, version=version, now=now)
            _describe(making, product, tables, dictionary, version=version, now=now, run_id=run_id)
            _verify(making, tables)
            making.replace(target)
        finally:
            making.unlink(missing_ok=True)
            making.with_suffix(".making.wal").unlink(missing_ok=True)
        pointer = Pointer(product, version, now.astimezone(dt.UTC).isoformat())
        _put_into_force(settings, pointer)
        _prune(settings, product)
    held = set(tables.get_column("table_name"))
    return Publication(pointer, tables, tuple(candidate.name for candidate in candidates if candidate.name not in held))


def rollback(product: str, *, settings: Settings, to_version: str | None = None) -> Pointer:
    """Put an earlier version back into force.

    Parameters
    ----------
    product
        Product.
    settings
        Folders.
    to_version
        The version to return to; default: the one before the version in force.

    Raises
    ------
    PublicationError
        There is no such version.
    """
    with _one_at_a_time(settings, product):
        before = current(settings, product)
        kept = versions(settings, product)
        earlier = [version for version in kept if before is not None and version < before.version]
        wanted = to_version or (earlier[-1] if earlier else None)
        if before is None or wanted is None or wanted not in kept:
            raise PublicationError(
                f"{product} has no version {wanted or 'before the one in force'} to return to.",
                f"Kept versions: {', '.join(kept) or 'none'}; more are kept with VITRINA_PUBLISHED_VERSIONS.",
            )
        made = dt.datetime.strptime(wanted, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=dt.UTC)
        pointer = Pointer(product, wanted, made.isoformat(), rolled_back_from=before.version)
        _put_into_force(settings, pointer)
    return pointer


def _fill(  # noqa: PLR0913  # the parts of one step
    making: Path,
    product: str,
    candidates: Sequence[Candidate],
    *,
    warehouse: Warehouse,
    previous: Path | None,
    version: str,
    now: dt.datetime,
) -> pl.DataFrame:
    """Copy fresh tables from the warehouse, and held-back ones from the previous version."""
    rows: list[dict[str, object]] = []
    with warehouse.read() as connection:
        source = connection.execute("SELECT current_database(), current_schema()").fetchall()[0]
        connection.execute(f"ATTACH {quote_text(str(making))} AS publication (READ_WRITE)")
        if previous is not None:
            connection.execute(f"ATTACH {quote_text(str(previous))} AS previous (READ_ONLY)")
        for candidate in candidates:
            fresh = candidate.failed_check is None
            database, schema = source if fresh else ("previous", "main")
            if (fresh or previous is not None) and exists(connection, database, schema, candidate.name):
                n_rows = copy_table(connection, (database, schema), candidate.name)
                origin = (version, candidate.written_at or now) if fresh else _origin(connection, candidate.name)
                rows.append(
                    {
                        "table_name": candidate.name,
                        "n_rows": n_rows,
                        "state": "fresh" if fresh else "carried forward",
                        "from_version": origin[0],
                        "as_of": origin[1],
                        "reason": candidate.failed_check,
                    }
                )
        connection.execute("DETACH publication")
    if not rows:
        raise PublicationError(f"{product} has no table to publish yet.", f"Run `make run PRODUCT={product}` first.")
    return PublishedTables.check(pl.DataFrame(rows, schema=PublishedTables.polars_schema()))


def _origin(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, dt.datetime]:
    row = connection.execute(
        "SELECT from_version, as_of FROM previous.main.published_tables WHERE table_name = ?", [name]
    ).fetchall()[0]
    return str(row[0]), row[1]


def _describe(  # noqa: PLR0913  # the parts of one step
    making: Path, product: str, tables: pl.DataFrame, dictionary: pl.DataFrame, *, version: str, now: dt.datetime, run_id: str
) -> None:
    """Put version, freshness and data dictionary inside."""
    held = tables.get_column("table_name").to_list()
    about = pl.DataFrame(
        [
            {
                "product": product,
                "version": version,
                "published_at": now,
                "run_id": run_id,
                "code_version": installed_version("vitrina"),
            }
        ],
        schema=PublishedVersion.polars_schema(),
    )
    connection = duckdb.connect(str(making))
    try:
        connection.begin()
        replace(connection, PublishedVersion, about)
        replace(connection, PublishedTables, tables)
        replace(connection, DataDictionary, dictionary.filter(pl.col("table_name").is_in(held)))
        connection.commit()
    finally:
        connection.close()


def _verify(making: Path, tables: pl.DataFrame) -> None:
    """Open the file as a reader would, before anyone does."""
    connection = duckdb.connect(str(making), read_only=True)
    try:
        for name, expected in tables.select("table_name", "n_rows").iter_rows():
            found = count_rows(connection, name)
            described = connection.execute("SELECT count(*) FROM data_dictionary WHERE table_name = ?", [name]).fetchall()[0][0]
            if found != expected or not described:
                raise PublicationError(
                    f"The new version holds {found} rows of {name} instead of {expected}, and describes {described} columns.",
                    "The version in force is untouched; run the publication again and report this if it happens twice.",
                )
    finally:
        connection.close()


def _put_into_force(settings: Settings, pointer: Pointer) -> None:
    """Make the analysts' copy ready, then swap the pointer and the copy: what can fail for want of space comes before both."""
    copy = analysts_copy(settings, pointer.product)
    arriving = copy.with_suffix(".arriving")
    arriving.unlink(missing_ok=True)
    shutil.copyfile(version_file(settings, pointer.product, pointer.version), arriving)
    arriving.chmod(0o444)
    point_to(settings, pointer)
    os.replace(arriving, copy)  # noqa: PTH105  # the word that readers of this line know


def _prune(settings: Settings, product: str) -> None:
    """Delete the oldest versions, never the one in force: a clock that was set back makes it one of them."""
    in_force = current(settings, product)
    for version in versions(settings, product)[: -settings.published_versions]:
        if in_force is not None and version == in_force.version:
            continue
        version_file(settings, product, version).unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(settings: Settings, product: str) -> Iterator[None]:
    lock = settings.published / f".{product}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=settings.lock_timeout_s):
            yield
    except Timeout:
        raise WarehouseBusyError(
            f"{product} has been in publication by another process for more than {settings.lock_timeout_s:g} s.",
            "Wait for it to end, or raise VITRINA_LOCK_TIMEOUT_S.",
        ) from None
