"""Where a product's tables live. This is the only module that knows which kind of place that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from vitrina.errors import SettingsError, WarehouseError
from vitrina.sql import quote, quote_text

if TYPE_CHECKING:
    from vitrina.settings import Settings

LAKE_PREFIX = "ducklake:"

# DuckDB refuses a second connection of one process whose configuration differs; dbt's profile states the same.
CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {}


class Location(ABC):
    """A place that holds one product's tables."""

    @abstractmethod
    def connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Open a connection whose default schema is the product's and whose time zone is UTC."""

    @property
    @abstractmethod
    def lock_file(self) -> Path:
        """The file that stands for the right to open the place."""


@dataclass(frozen=True)
class FileLocation(Location):
    """One DuckDB file per product.

    Attributes
    ----------
    path
        The file; created on the first write.
    """

    path: Path

    def connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Open the file; reading a file that was never written is an error that says so."""
        if read_only and not self.path.exists():
            raise _nothing_written(self)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(self.path), read_only=read_only, config=CONFIGURATION)
        return _in_utc(connection)

    @property
    def lock_file(self) -> Path:
        """A file beside the warehouse: DuckDB's own may be replaced."""
        return self.path.with_name(self.path.name + ".lock")

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class LakeLocation(Location):
    """A DuckLake: a schema per product in one catalogue, when one machine is not enough.

    Attributes
    ----------
    catalogue
        What follows ``ducklake:`` in the setting: a file, or ``postgres:…``. It may hold a password: never shown.
    schema
        The product's name.
    lock_folder
        Where the lock of this machine lies; other machines are held apart by the catalogue itself.
    """

    catalogue: str = field(repr=False)
    schema: str
    lock_folder: Path

    def connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Attach the catalogue to a fresh connection in memory; writing creates the product's schema."""
        connection = duckdb.connect(":memory:", config=CONFIGURATION)
        try:
            _load_ducklake(connection)
            connection.execute(f"ATTACH {quote_text(LAKE_PREFIX + self.catalogue)} AS lake{' (READ_ONLY)' if read_only else ''}")
            if not read_only:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{quote(self.schema)}")
            connection.execute(f"USE lake.{quote(self.schema)}")
            return _in_utc(connection)
        except duckdb.CatalogException as error:
            connection.close()
            raise _nothing_written(self) from error
        except BaseException:
            connection.close()
            raise

    @property
    def lock_file(self) -> Path:
        """One file per product and machine."""
        return self.lock_folder / f"{self.schema}.lock"

    def __str__(self) -> str:
        return f"schema {self.schema} of the lake"


def locate(settings: Settings, product: str) -> Location:
    """Find the place of a product's tables, as the one setting `VITRINA_WAREHOUSE` says."""
    if settings.warehouse.startswith(LAKE_PREFIX):
        return LakeLocation(settings.warehouse.removeprefix(LAKE_PREFIX), product, settings.data / "warehouse")
    if "://" in settings.warehouse:
        raise SettingsError(
            f"VITRINA_WAREHOUSE={settings.warehouse} is neither a folder nor a DuckLake.",
            "Name a local folder, or ducklake:postgres:… for a shared warehouse.",
        )
    folder = Path(settings.warehouse).expanduser().resolve() if settings.warehouse else settings.data / "warehouse"
    return FileLocation(folder / f"{product}.duckdb")


def _nothing_written(location: Location) -> WarehouseError:
    return WarehouseError(
        f"Nothing has been written to {location} yet.", "Materialize the product's first assets, for example with `make run`."
    )


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    # in the connect configuration, TimeZone raises
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _load_ducklake(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        from duckdb_extensions import import_extension  # noqa: PLC0415  # an optional wheel for machines without internet
    except ImportError:
        connection.execute("INSTALL ducklake")
    else:
        import_extension("ducklake", con=connection)
    connection.execute("LOAD ducklake")
