"""What the sheets share: a store's day as tables of its own, and how things are called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from vitrina.errors import VitrinaError
from vitrina.i18n import Translate
from vitrina.sellers.metrics import ALL
from vitrina.sellers.report.wording import Wording

NOT_MEASURED = "Nothing was measured on this day."


@dataclass(frozen=True)
class Number:
    """A metric's value, or the reason why there is none.

    Attributes
    ----------
    value, low, high
        As in `SellerDayMetrics`.
    n
        Events that it rests on.
    coverage
        Share of the opening hours that could be seen; null where nobody measured it.
    refused
        Why there is no value, in English.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float | None
    refused: str | None


UNKNOWN = Number(None, None, None, 0, None, NOT_MEASURED)


@dataclass(frozen=True, eq=False)
class Day:
    """A store's day; every table holds its rows alone, in an order of its own.

    Attributes
    ----------
    day, store_id
        Which.
    metrics, videos, hours, interactions, purchases, drift
        As of `vitrina.sellers.report.day_report`. Interactions are those of videos that count, with ``camera_id``,
        ``video_started_at`` and ``amount``, that of their receipt.
    clips
        Columns ``video``, ``interaction``, ``path`` and ``expires_at``.
    """

    day: dt.date
    store_id: str
    metrics: pl.DataFrame
    videos: pl.DataFrame
    hours: pl.DataFrame
    interactions: pl.DataFrame
    purchases: pl.DataFrame
    drift: pl.DataFrame
    clips: pl.DataFrame

    @classmethod
    def of(  # noqa: PLR0913  # a table each
        cls,
        day: dt.date,
        store_id: str,
        *,
        metrics: pl.DataFrame,
        videos: pl.DataFrame,
        hours: pl.DataFrame,
        interactions: pl.DataFrame,
        purchases: pl.DataFrame,
        drift: pl.DataFrame,
        evidence: pl.DataFrame | None,
    ) -> Day:
        """The day's rows of tables that may hold others too."""
        own = (pl.col("store_id") == store_id) & (pl.col("day") == day)
        filmed = videos.filter(own).sort("camera_id", "started_at", "video")
        sold = purchases.filter(own).sort("at", "receipt_id")
        counted = filmed.filter("counts").select("video", "camera_id", video_started_at="started_at")
        amounts = sold.select("receipt_id", "amount").unique("receipt_id", keep="first", maintain_order=True)
        clips = pl.DataFrame(schema=_CLIPS) if evidence is None else evidence.filter(pl.col("kind") == "clip").select(*_CLIPS)
        return cls(
            day,
            store_id,
            metrics.filter(own).sort("seller_id", "metric"),
            filmed,
            hours.sort("hour"),
            interactions.join(counted, on="video")
            .join(amounts, on="receipt_id", how="left")
            .sort("begin_at", "video", "interaction"),
            sold,
            drift.filter(own).sort("camera_id", "measure"),
            clips.sort(*_CLIPS).unique(["video", "interaction"], keep="first", maintain_order=True),
        )

    def zone(self, given: str | None) -> ZoneInfo:
        """The store's clock: the one that is given, or else that of the first video.

        Raises
        ------
        VitrinaError
            Neither says which, or there is no such zone.
        """
        name = given or next(iter(self.videos["time_zone"]), None)
        if name is None:
            raise VitrinaError(
                f"Nobody said which clock store {self.store_id!r} has: there is no video of {self.day}.", "Give its time zone."
            )
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise VitrinaError(f"There is no time zone {name!r}.", "Give a name such as 'Europe/Moscow'.") from error

    @cached_property
    def numbers(self) -> Mapping[tuple[str, str], Number]:
        """Seller and metric → number."""
        columns = ("seller_id", "metric", "value", "low", "high", "n", "coverage", "refused")
        return {(seller, metric): Number(*rest) for seller, metric, *rest in self.metrics.select(columns).iter_rows()}

    def number(self, metric: str, seller_id: str = ALL) -> Number:
        """A seller's number, by default that of all."""
        return self.numbers.get((seller_id, metric), UNKNOWN)

    @property
    def sellers(self) -> list[str]:
        """Sellers with numbers, in the order of their names."""
        return sorted(set(self.metrics["seller_id"]) - {ALL})

    @cached_property
    def coverage(self) -> float | None:
        """Share of the opening hours that could be seen."""
        return self.metrics.filter(pl.col("seller_id") == ALL)["coverage"].min()  # type: ignore[return-value]  # polars types the minimum of any series

    @property
    def unnamed(self) -> int:
        """Consultations with a seller whom nobody on the roster could be matched to."""
        nobody = pl.col("seller_id").fill_null(ALL) == ALL
        return self.interactions.filter(nobody & (pl.col("kind") == "consultation")).height


_CLIPS = {
    "video": pl.String(),
    "interaction": pl.Int64(),
    "path": pl.String(),
    "expires_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, eq=False)
class DayReport:
    """Everything that the sheets show, in one language.

    Attributes
    ----------
    told
        The day.
    wording
        How things are called.
    pictures
        Name → PNG.
    made_at
        When it was made.
    least_coverage
        Share of an hour that must have been seen for its numbers to be told.
    """

    told: Day
    wording: Wording
    pictures: Mapping[str, bytes]
    made_at: dt.datetime
    least_coverage: float

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise VitrinaError(f"made_at={self.made_at} has no time zone.", "Give an aware moment, e.g. datetime.now(UTC).")

    @property
    def translate(self) -> Translate:
        """From the English text to the reader's."""
        return self.wording.translate

    @property
    def title(self) -> str:
        """What the report is about."""
        return self.translate("Store {store}: sellers and customers").format(store=self.told.store_id)

    @property
    def footer(self) -> str:
        """What stands at the foot of each printed page, so that a sheet of paper can be traced."""
        return f"Vitrina · {self.told.store_id} · {self.told.day.isoformat()}"

    def seller(self, seller_id: str | None) -> str:
        """A seller's name; words for one whom nobody on the roster could be matched to."""
        return seller_id or self.translate("unknown seller")
