"""Every knob in one place: environment variables `VITRINA_*`, or a `.env` file in the current folder."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from upath import UPath

PRODUCTS = ("stores", "marketplace", "propensity", "posts", "sellers")

Locale = Literal["en", "ru"]


class Settings(BaseSettings):
    """The one configuration; each field is the environment variable `VITRINA_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="VITRINA_", env_file=".env", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="Folder for everything that Vitrina writes. Two such folders never meet.")
    inbox: str = Field(
        "", description="Folder or fsspec address with a sub-folder per product; default: `inbox` in the data folder."
    )
    warehouse: str = Field(
        "",
        description="Where tables are written: a folder of DuckDB files (default: `warehouse` in the data folder) or `ducklake:…`.",
    )
    state: str = Field(
        "",
        description="SQLAlchemy URL of the database of what people decide, e.g. `postgresql+psycopg://user@host/vitrina`; "
        "default: SQLite, `state.sqlite` in the data folder.",
    )
    lock_timeout_s: float = Field(60.0, gt=0, description="Longest wait for a warehouse that another process holds, in seconds.")
    settle_s: float = Field(
        0.5,
        ge=0,
        description="How long a file's size must stand still before a run that nobody's sensor asked for reads it, in seconds.",
    )
    published_versions: int = Field(3, ge=1, description="Published versions of a product that are kept, for `vitrina rollback`.")
    first_quarter: dt.date = Field(dt.date(2018, 1, 1), description="First day of the first quarter that can be computed.")
    locales: Annotated[tuple[Locale, ...], NoDecode] = Field(
        ("en", "ru"), description="Languages of reports and receipts, separated by commas."
    )
    currency: str = Field("RUB", min_length=1, max_length=8, description="Currency of all amounts, as shown in reports.")
    max_category_shares: int = Field(
        20, ge=1, le=200, description="Largest categories that get a feature of their own; the rest are shared as 'other'."
    )
    upload_interval_s: int = Field(30, ge=5, description="Seconds between two looks at the inbox.")
    port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI, on 127.0.0.1.")
    pages_port: int = Field(8000, ge=1, le=65535, description="Port of the pages, on 127.0.0.1.")

    @field_validator("data")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("first_quarter")
    @classmethod
    def _starts_a_quarter(cls, day: dt.date) -> dt.date:
        if day.day != 1 or day.month not in (1, 4, 7, 10):
            raise ValueError(f"{day} is not the first day of a quarter; use {day.year}-01-01, -04-01, -07-01 or -10-01")
        return day

    @field_validator("locales", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @cached_property
    def inbox_folder(self) -> UPath:
        """The inbox: read only for us."""
        return UPath(self.inbox or self.data / "inbox").absolute()

    @property
    def decisions_folder(self) -> Path:
        """The second root of the inbox, which we write ourselves: what people decided, in a folder per product."""
        return self.data / "decisions"

    @property
    def state_file(self) -> Path:
        """The SQLite database of what people decide, where `state` names no other."""
        return self.data / "state.sqlite"

    @property
    def published(self) -> Path:
        """Published versions, their pointers, and the analysts' copies."""
        return self.data / "published"

    @property
    def artifacts(self) -> Path:
        """Files that assets make: reports, models, indexes."""
        return self.data / "artifacts"

    @property
    def cache(self) -> Path:
        """Arrays that are dear to compute; anything in it may be deleted."""
        return self.data / "cache"

    @property
    def receipts(self) -> Path:
        """One receipt per delivery and language."""
        return self.data / "receipts"

    @property
    def quarantine(self) -> Path:
        """Copies of files that could not be read."""
        return self.data / "quarantine"

    @property
    def ledger(self) -> Path:
        """The SQLite database of known files."""
        return self.data / "ledger.sqlite"
