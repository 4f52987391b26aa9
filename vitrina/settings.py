"""Every knob in one place: environment variables `VITRINA_*`, or a `.env` file in the current folder."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_serializer, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from upath import UPath

PRODUCTS = ("stores", "marketplace", "propensity", "posts", "sellers")

Locale = Literal["en", "ru"]

EventKind = Literal["view", "cart", "purchase", "refund"]
WeightedKind = Literal["view", "cart", "purchase"]
EVENT_KINDS: dict[str, EventKind] = {
    "view_item": "view",
    "ec.view_item": "view",
    "add_to_cart": "cart",
    "ec.add_to_cart": "cart",
    "purchase": "purchase",
    "ec.purchase": "purchase",
    "refund": "refund",
    "ec.refund": "refund",
}
KIND_WEIGHTS: dict[WeightedKind, float] = {"view": 1.0, "cart": 3.0, "purchase": 10.0}
HALF_LIFE_DAYS = 60.0
MOST_WEIGHT = 1e6

KEY_LENGTH = 16
"""Shortest key of user identifiers, in bytes."""


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
    first_month: dt.date = Field(dt.date(2008, 1, 1), description="First day of the first month that can be computed.")
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
    user_key: SecretStr = Field(
        SecretStr(""),
        description="Key that user identifiers are hashed with, 16 characters or more; default: `user.key` in the data folder, made "
        "once. Keep a copy: with another key all users are strangers.",
    )

    marketplace_event_kinds: dict[str, EventKind] = Field(
        EVENT_KINDS,
        description="What each event type of the log means: view, cart, purchase or refund, as JSON; other types are counted and left out.",
    )
    marketplace_weights: dict[WeightedKind, Annotated[float, Field(ge=0, le=MOST_WEIGHT)]] = Field(
        KIND_WEIGHTS,
        description="How much one view, cart and purchase says about liking an item, as JSON; kinds left out keep their default.",
    )
    marketplace_half_life_days: float = Field(HALF_LIFE_DAYS, gt=0, description="Age at which an event counts half, in days.")
    marketplace_bot_events_a_day: int = Field(
        1000, ge=1, description="Events of a user that count on one day; later ones are taken for a program's."
    )
    marketplace_min_users: int = Field(5, ge=1, description="Fewest users that a pair of items or a reason rests on.")
    marketplace_horizon_days: int = Field(30, ge=1, description="How far ahead purchases are predicted, in days.")
    marketplace_search_s: int = Field(60, ge=1, description="Longest search for parameters of a model, in seconds.")
    marketplace_repeats: bool = Field(
        True, description="Whether what a user has bought before may be recommended again; most purchases repeat one."
    )
    marketplace_list_length: int = Field(20, ge=1, le=1000, description="Items in a list of recommendations.")

    propensity_segments: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Segments that are small business, in lower case and separated by commas; default: everybody is.",
    )
    propensity_liquidated_statuses: Annotated[tuple[str, ...], NoDecode] = Field(
        ("liquidated", "ликвидирована", "ликвидирован", "ликвидировано", "bankrupt", "банкрот"),
        description="Legal statuses of a firm that is no more, in lower case and separated by commas.",
    )
    propensity_excluded_okved: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Beginnings of OKVED codes whose firms are never scored, separated by commas, e.g. `64,92.1`."
    )
    propensity_horizon_months: int = Field(3, ge=1, le=24, description="Months ahead in which an opening counts.")
    propensity_training_months: int = Field(
        12, ge=1, le=60, description="Most months with known openings that a model learns from."
    )
    propensity_contacts: int = Field(1000, ge=1, description="Clients that the optimiser may contact in a month.")
    propensity_control_share: float = Field(
        0.1, gt=0, le=0.5, description="Share of the chosen clients that are left alone, so that the effect can be proven."
    )
    propensity_opening_value: float = Field(10_000.0, gt=0, description="What an opened account is worth, in the currency.")
    propensity_contact_cost: float = Field(100.0, ge=0, description="What a contact costs, in the currency.")

    @field_validator("marketplace_weights")
    @classmethod
    def _complete(cls, weights: dict[WeightedKind, float]) -> dict[WeightedKind, float]:
        return KIND_WEIGHTS | weights

    @field_validator("data")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("first_month")
    @classmethod
    def _starts_a_month(cls, day: dt.date) -> dt.date:
        if day.day != 1:
            raise ValueError("must be the first day of a month")
        return day

    @field_validator("first_quarter")
    @classmethod
    def _starts_a_quarter(cls, day: dt.date) -> dt.date:
        if day.day != 1 or day.month not in (1, 4, 7, 10):
            raise ValueError(f"{day} is not the first day of a quarter; use {day.year}-01-01, -04-01, -07-01 or -10-01")
        return day

    @field_validator("user_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value() and len(key.get_secret_value()) < KEY_LENGTH:
            raise ValueError(f"a key needs at least {KEY_LENGTH} characters; leave it empty to use the data folder's own")
        return key

    @field_serializer("user_key", when_used="json")
    def _handed_on(self, key: SecretStr) -> str:
        """As text: settings are handed to other processes and to runs as JSON, and a row of asterisks is no key."""
        return key.get_secret_value()

    @field_validator("locales", "propensity_segments", "propensity_liquidated_statuses", "propensity_excluded_okved", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

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
    def user_key_file(self) -> Path:
        """The key of user identifiers, where `user_key` names no other."""
        return self.data / "user.key"

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
