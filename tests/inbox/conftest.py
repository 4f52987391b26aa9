"""An inbox, a warehouse and a ledger in a temporary folder, and deliveries into them."""

import datetime as dt
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from vitrina.inbox.contract import Contract
from vitrina.inbox.ingest import Ingestion, ingest
from vitrina.inbox.ledger import Ledger
from vitrina.marketplace.contracts import CONTRACTS as MARKETPLACE_CONTRACTS
from vitrina.marketplace.raw_tables import MarketplaceRefusedRows
from vitrina.posts.contracts import CONTRACTS as POSTS_CONTRACTS
from vitrina.posts.raw_tables import PostsRefusedRows
from vitrina.settings import Settings
from vitrina.stores.contracts import CONTRACTS
from vitrina.stores.tables import RawGeo, RawSales, RawStores, StoresRefusedRows
from vitrina.tables import Table
from vitrina.warehouse import Warehouse, load, locate

NOW = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)

STORES = "store_id,name,format\n00123,Lenina 5,Hypermarket\n7,Mira 1,express\n"
SALES = "store_id,date,revenue\n00123,2024-01-31,100.50\n7,2024-02-29,20\n"


@dataclass
class Bench:
    """Deliver a file, ingest, look."""

    folder: Path
    locales: tuple[str, ...] = ("en",)
    now: dt.datetime = NOW
    product: str = "stores"
    contracts: Sequence[Contract] = CONTRACTS
    refused_table: type[Table] = StoresRefusedRows
    _clock: int = field(default=1_700_000_000_000_000_000)

    @property
    def settings(self) -> Settings:
        return Settings(
            data=self.folder / "data", inbox=str(self.folder / "inbox"), settle_s=0, locales=self.locales, _env_file=None
        )

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(locate(self.settings, self.product))

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.ledger)

    def deliver(self, name: str, content: str | bytes) -> Path:
        """Write a file into the inbox; each has a later modification than the one before."""
        path = self.folder / "inbox" / self.product / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._clock += 1_000_000_000
        os.utime(path, ns=(self._clock, self._clock))
        return path

    def ingest(self, files: Sequence[str] | None = None, **changes: object) -> Ingestion:
        given = {"settings": self.settings, "warehouse": self.warehouse, "ledger": self.ledger, "now": self.now, "files": files}
        return ingest(self.product, self.contracts, refused_table=self.refused_table, **(given | changes))

    def table(self, table: type[Table]) -> pl.DataFrame:
        with self.warehouse.read() as connection:
            return load(connection, table)

    @property
    def stores(self) -> pl.DataFrame:
        return self.table(RawStores)

    @property
    def sales(self) -> pl.DataFrame:
        return self.table(RawSales)

    @property
    def geo(self) -> pl.DataFrame:
        return self.table(RawGeo)

    @property
    def refused(self) -> pl.DataFrame:
        return self.table(self.refused_table)

    @property
    def deliveries(self) -> pl.DataFrame:
        return self.ledger.deliveries(self.product)

    def receipts(self) -> list[str]:
        return [path.read_text() for path in sorted(self.settings.receipts.rglob("*.md"))]

    def quarantined(self) -> list[Path]:
        return sorted(self.settings.quarantine.rglob("*")) if self.settings.quarantine.exists() else []


@pytest.fixture(scope="session")
def bench_in() -> type[Bench]:
    """A bench in a folder of one's own."""
    return Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Everything empty."""
    (tmp_path / "inbox" / "stores").mkdir(parents=True)
    return Bench(tmp_path)


@pytest.fixture
def marketplace(tmp_path: Path) -> Bench:
    """Everything empty, for the product whose files say who people are."""
    (tmp_path / "inbox" / "marketplace").mkdir(parents=True)
    return Bench(
        tmp_path, ("en", "ru"), product="marketplace", contracts=MARKETPLACE_CONTRACTS, refused_table=MarketplaceRefusedRows
    )


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores and two sales, loaded once for all tests."""
    folder = tmp_path_factory.mktemp("stock")
    bench = Bench(folder)
    bench.deliver("stores.csv", STORES)
    bench.deliver("sales/first.csv", SALES)
    bench.ingest()
    return folder


@pytest.fixture
def stocked(stock: Path, tmp_path: Path) -> Bench:
    """A copy of the stock: two stores and two sales are loaded."""
    shutil.copytree(stock, tmp_path, dirs_exist_ok=True)
    bench = Bench(tmp_path)
    bench.ledger.claim_inbox(str(bench.settings.inbox_folder), moved=True)
    bench._clock += 1_000_000_000_000
    return bench


@pytest.fixture
def workbook():
    """Bytes of an XLSX file with the given rows on its first sheet."""

    def write(rows: Sequence[Sequence[object]], *, formats: dict[str, str] | None = None, more_sheets: Sequence[str] = ()) -> bytes:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        for cell, number_format in (formats or {}).items():
            book.active[cell].number_format = number_format
        for title in more_sheets:
            book.create_sheet(title)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return write


@pytest.fixture
def parquet():
    """Bytes of a Parquet file."""

    def write(frame: pl.DataFrame) -> bytes:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return buffer.getvalue()

    return write


@pytest.fixture
def posts(tmp_path: Path) -> Bench:
    """Everything empty, for the product whose files are streamed."""
    (tmp_path / "inbox" / "posts").mkdir(parents=True)
    return Bench(tmp_path, ("en", "ru"), product="posts", contracts=POSTS_CONTRACTS, refused_table=PostsRefusedRows)
