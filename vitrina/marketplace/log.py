"""The log as arrays: users and items as codes, events in the order of time, so that a cut in time is a slice."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.settings import HALF_LIFE_DAYS, KIND_WEIGHTS

if TYPE_CHECKING:
    from vitrina.settings import Settings

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

DAY_S = 86_400
PURCHASE = "purchase"
_EPOCH = dt.date(1970, 1, 1)


class NothingToLearnError(VitrinaError):
    """The log holds too little for recommendations; what was published before stays."""


@dataclass(frozen=True)
class Weighing:
    """How much an event says about liking an item.

    Attributes
    ----------
    kinds
        Kind of event → weight; kinds that are not named weigh nothing.
    half_life_days
        Age at which an event counts half.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: {str(kind): weight for kind, weight in KIND_WEIGHTS.items()})
    half_life_days: float = HALF_LIFE_DAYS

    @classmethod
    def of(cls, settings: Settings) -> Weighing:
        """What the settings say."""
        return cls(
            {str(kind): weight for kind, weight in settings.marketplace_weights.items()}, settings.marketplace_half_life_days
        )

    def ageing(self, days: pl.Expr) -> pl.Expr:
        """What is left of an event of some age in days."""
        return 0.5 ** (days / self.half_life_days)

    def of_kind(self, kind: pl.Expr) -> pl.Expr:
        """Weight of a fresh event."""
        return kind.cast(pl.String).replace_strict(dict(self.kinds), default=0.0, return_dtype=pl.Float64)


@dataclass(frozen=True)
class EventLog:
    """Events of mapped kinds, oldest first.

    Attributes
    ----------
    users, items
        Identifiers in alphabetical order; a code is a position in them.
    events
        One row per event and item, in the order of time: ``user`` and ``item`` (codes), ``kind``, ``day`` (days since
        1970-01-01, with fraction), ``platform``, ``price`` (minor units, null where unknown), ``quantity``.
    weighing
        How much each of them counts.
    """

    users: pl.Series
    items: pl.Series
    events: pl.DataFrame
    weighing: Weighing = field(default_factory=Weighing)

    @property
    def n_users(self) -> int:
        """Number of users in the whole log."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items in the whole log."""
        return len(self.items)

    @property
    def first_day(self) -> dt.date:
        """Day of the first event."""
        return as_date(float(self.events["day"][0]))

    @property
    def end(self) -> dt.date:
        """Day after the last event."""
        return as_date(float(self.events["day"][-1])) + dt.timedelta(days=1)

    def before(self, cut: dt.date) -> EventLog:
        """The log as it was at the beginning of a day: nothing later is in it."""
        return replace(self, events=self.events[: self._position(cut)])

    def between(self, start: dt.date, end: dt.date) -> pl.DataFrame:
        """Events from the beginning of one day to the beginning of another."""
        return self.events[self._position(start) : self._position(end)]

    def with_events(self, added: pl.DataFrame) -> EventLog:
        """The log with further events of known users and items."""
        events = pl.concat([self.events, added.select(self.events.columns)]).sort("day", maintain_order=True)
        return replace(self, events=events)

    def fingerprint(self) -> str:
        """SHA-256 of everything in it."""
        digest = hashlib.sha256()
        for part in (self.users, self.items):
            digest.update("\0".join([*part.to_list(), "\1"]).encode())
        digest.update(self.events.hash_rows(seed=0).to_numpy().tobytes())
        digest.update(repr((sorted(self.weighing.kinds.items()), self.weighing.half_life_days)).encode())
        return digest.hexdigest()

    def _position(self, cut: dt.date) -> int:
        return int(self.events["day"].search_sorted(days_since_epoch(cut), side="left"))


def days_since_epoch(day: dt.date) -> float:
    """The beginning of a day, in days since 1970-01-01."""
    return float((day - _EPOCH).days)


def as_date(day: float) -> dt.date:
    """The day that a time in days since 1970-01-01 lies in."""
    return _EPOCH + dt.timedelta(days=int(day // 1))


def read_log(connection: duckdb.DuckDBPyConnection, weighing: Weighing | None = None) -> EventLog:
    """Read the staged events; items that only the catalogue knows get a code, too. Without a weighing, the settings' defaults hold.

    Raises
    ------
    NothingToLearnError
        There is no event, no purchase, or only one user.
    """
    events = connection.execute(
        f"""
        SELECT user_hash, item_id, kind, epoch(event_time) / {DAY_S} AS day, platform, price_minor AS price, quantity
        FROM stg_events
        ORDER BY event_time, user_hash, item_id, kind, source_file, source_row, position
        """  # noqa: S608  # a constant
    ).pl()
    made = log_of(events, connection.execute("SELECT item_id FROM stg_items").pl()["item_id"])
    return replace(made, weighing=weighing) if weighing else made


def log_of(events: pl.DataFrame, catalogue: pl.Series | None = None) -> EventLog:
    """Events with identifiers as a log; they must stand in the order of time.

    Parameters
    ----------
    events
        ``user_hash``, ``item_id``, ``kind``, ``day`` (days since 1970-01-01), ``platform``, ``price``, ``quantity``.
    catalogue
        Further items, with or without events.

    Raises
    ------
    NothingToLearnError
        There is no event, no purchase, or only one user.
    """
    users, met = (events[name].unique().sort() for name in ("user_hash", "item_id"))
    items = met if catalogue is None else pl.concat([met, catalogue.cast(pl.String)]).unique().sort()
    _refuse_too_little(events, len(users))
    coded = events.select(
        user=_codes(events["user_hash"], users),
        item=_codes(events["item_id"], items),
        kind=pl.col("kind").cast(pl.Categorical),
        day=pl.col("day").cast(pl.Float64),
        platform=pl.col("platform").fill_null("").cast(pl.Categorical),
        price=pl.col("price").cast(pl.Float64),
        quantity=pl.col("quantity").cast(pl.Float64),
    )
    return EventLog(users, items, coded)


def purchased_pairs(events: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Different pairs of user and item with a purchase, in the order of the codes."""
    pairs = events.filter(pl.col("kind") == PURCHASE).select("user", "item").unique().sort("user", "item")
    return pairs["user"].cast(pl.Int64).to_numpy(), pairs["item"].cast(pl.Int64).to_numpy()


def _codes(values: pl.Series, names: pl.Series) -> pl.Series:
    return values.cast(pl.Enum(names)).to_physical().cast(pl.Int32)


def _refuse_too_little(events: pl.DataFrame, users: int) -> None:
    to_do = "The recommendations published before stay. See `event_quality` for what was left out, and VITRINA_MARKETPLACE_EVENT_KINDS for what event types mean."
    if events.is_empty():
        raise NothingToLearnError("The log holds no event of a mapped type with an item.", to_do)
    if not (events["kind"] == PURCHASE).any():
        raise NothingToLearnError(f"None of the log's {events.height} events is a purchase: there is nothing to learn from.", to_do)
    if users < 2:
        raise NothingToLearnError("The log holds one user: nobody to learn from.", to_do)
