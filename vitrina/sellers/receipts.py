"""Which interaction ended in a purchase, and which purchase was preceded by an interaction.

A receipt names no customer. Where a till is in the picture, a receipt is printed while its customer stands with a seller, and so
tells whose it is; if they had come together only to pay, that was no consultation, and an earlier one of the same customer is
what the receipt followed. Any other receipt is held for the interaction that ended shortly before it. Either way, a receipt
belongs to at most one interaction, and an interaction has at most one receipt, so that the two add up.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from vitrina.errors import DeliveryError
from vitrina.sellers.interactions import PAYMENT
from vitrina.sellers.receipt_matching import DEFAULT_RULE, KEY, ReceiptRule, earlier, nearest, printed_meanwhile
from vitrina.sellers.tables import Interactions

RECEIPTS_SCHEMA = {
    "receipt_id": pl.String(),
    "store_id": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "amount": pl.Int64(),
    "register": pl.String(),
}
CONSULTED_SCHEMA = RECEIPTS_SCHEMA | {
    "video": pl.String(),
    "interaction": pl.Int64(),
    "seller_id": pl.String(),
    "consulted": pl.Boolean(),
}


class Joined(NamedTuple):
    """What receipts make of interactions; both are rows of table `Interactions` and keep their numbers.

    Attributes
    ----------
    interactions
        Consultations, with their receipts.
    payments
        Those in which the customer paid and nothing else: no consultations, but time in which the seller was busy. Without
        receipts, for these belong to consultations.
    """

    interactions: pl.DataFrame
    payments: pl.DataFrame


def with_receipts(
    interactions: pl.DataFrame,
    receipts: pl.DataFrame,
    videos: pl.DataFrame,
    *,
    alike: pl.DataFrame | None = None,
    rule: ReceiptRule = DEFAULT_RULE,
) -> Joined:
    """Interactions with the receipts that followed them.

    Of receipts that do not tell whose they are, as many as possible are held for an interaction; among the ways to do so, the one
    with the least time between them in all. Refunds and receipts over nothing are no purchases and join nothing, but show that
    their day was delivered.

    Parameters
    ----------
    interactions
        What `interactions_of` returns, of all videos of a store among which its receipts are to be shared out.
    receipts
        Columns of `RECEIPTS_SCHEMA`. The same row twice counts once.
    videos
        Columns ``video``, ``store_id`` and ``time_zone`` of `VideoFiles`; the zone says which moments are one day.
    alike
        As of `vitrina.sellers.people.alike`: who pays and was never served may be somebody who was served and then lost from sight.
    rule
        Which receipt may be held for an interaction.

    Returns
    -------
    Joined
        ``successful`` is null where no receipt of the store and local day was delivered at all. The order of rows changes nothing.

    Raises
    ------
    DeliveryError
        Times are not in UTC, or one receipt was delivered with two contents.
    """
    delivered = _checked(receipts)
    placed = interactions.drop("receipt_id", "successful").join(
        videos.select("video", "store_id", "time_zone").unique(), on="video"
    )
    purchases = delivered.filter(pl.col("amount") > 0)
    talks, own = printed_meanwhile(placed, purchases, rule)
    paid, talked = own.filter("pays"), own.filter(~pl.col("pays"))
    consultations = talks.join(paid, on=KEY, how="anti")
    known = pl.concat([talked.select(*KEY, "receipt_id"), earlier(consultations, own, paid, alike, rule)])
    others = nearest(
        consultations.join(known, on=KEY, how="anti"),
        purchases.join(own, on=["store_id", "receipt_id"], how="anti"),
        earliest=pl.col("end_at"),
        latest=pl.col("end_at") + dt.timedelta(seconds=rule.within_s),
    )
    joined = consultations.join(pl.concat([known, others.select(*KEY, "receipt_id")]), on=KEY, how="left")
    told = (
        joined.with_columns(day=_local_days(joined, "end_at"))
        .join(_delivered_days(delivered, videos), on=["store_id", "day"], how="left")
        .with_columns(successful=pl.when("delivered").then(pl.col("receipt_id").is_not_null()))
    )
    payments = placed.join(paid, on=KEY, how="semi").with_columns(
        kind=pl.lit(PAYMENT), receipt_id=pl.lit(None, pl.String), successful=pl.lit(None, pl.Boolean)
    )
    rows = (Interactions.check(frame.select(*Interactions.polars_schema()).sort(*KEY)) for frame in (told, payments))
    return Joined(*rows)


def consulted(interactions: pl.DataFrame, receipts: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """Purchases, and whether an interaction preceded them.

    Parameters
    ----------
    interactions
        The consultations that `with_receipts` returns.
    receipts
        Columns of `RECEIPTS_SCHEMA`.
    videos
        Table `VideoFiles`.

    Returns
    -------
    polars.DataFrame
        Columns of `CONSULTED_SCHEMA`, a row per receipt over more than nothing of the videos' stores; ``consulted`` is null
        where nothing was joined and no readable video of the store shows that moment.

    Raises
    ------
    DeliveryError
        As of `with_receipts`.
    """
    stores = videos.select("store_id").unique()
    purchases = _checked(receipts).filter(pl.col("amount") > 0).join(stores, on="store_id", how="semi")
    joined = (
        interactions.filter(pl.col("receipt_id").is_not_null())
        .join(videos.select("video", "store_id").unique(), on="video")
        .select("receipt_id", "store_id", "video", "interaction", "seller_id")
        # videos that were joined one by one may each have found the same receipt
        .sort("video", "interaction")
        .unique(["store_id", "receipt_id"], keep="first", maintain_order=True)
    )
    return (
        purchases.join(joined, on=["store_id", "receipt_id"], how="left")
        .join(_filmed(purchases, videos), on=["store_id", "receipt_id"], how="left")
        .with_columns(
            consulted=pl.when(pl.col("interaction").is_not_null()).then(statement=True).when("filmed").then(statement=False)
        )
        .select(pl.col(name).cast(dtype) for name, dtype in CONSULTED_SCHEMA.items())
        .sort("store_id", "at", "receipt_id")
    )


def _checked(receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts, each once, in an order of their own."""
    moments = receipts.schema["at"]
    if not isinstance(moments, pl.Datetime) or moments.time_zone != "UTC":
        raise DeliveryError(
            f"Receipts have times of type {moments}, which does not say when that was.",
            "Convert the times to UTC where the receipts are read; the register's time zone is known there.",
        )
    once = receipts.select(pl.col(name).cast(dtype) for name, dtype in RECEIPTS_SCHEMA.items()).unique()
    twice = once.group_by("store_id", "receipt_id").len().filter(pl.col("len") > 1).sort("store_id", "receipt_id")
    if twice.height:
        store, receipt, _ = twice.row(0)
        raise DeliveryError(
            f"{twice.height} receipt(s) were delivered with several contents, such as {receipt!r} of store {store!r}.",
            "Keep the last delivery of each, or make receipt numbers unique within the store.",
        )
    return once.sort("store_id", "at", "receipt_id")


def _local_days(rows: pl.DataFrame, moment: str) -> pl.Series:
    """The day of each row's moment by the clock of its ``time_zone``."""
    zones = {name: ZoneInfo(name) for name in rows["time_zone"].unique()}
    pairs = zip(rows[moment], rows["time_zone"], strict=True)
    return pl.Series([at.astimezone(zones[zone]).date() for at, zone in pairs], dtype=pl.Date)


def _delivered_days(receipts: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """``store_id`` and ``day`` of which receipts were delivered, with ``delivered``, always true."""
    placed = receipts.join(videos.select("store_id", "time_zone").unique(), on="store_id")
    return (
        placed.with_columns(day=_local_days(placed, "at"))
        .select("store_id", "day", delivered=pl.lit(value=True))
        .unique(["store_id", "day"])
    )


def _filmed(purchases: pl.DataFrame, videos: pl.DataFrame) -> pl.DataFrame:
    """``store_id`` and ``receipt_id`` of purchases at moments that a readable video shows, with ``filmed``, always true."""
    shown = videos.filter((pl.col("state") == "readable") & pl.col("duration_s").is_not_null()).select(
        pl.col("store_id").alias("store_of_video"),
        "started_at",
        ended_at=pl.col("started_at") + pl.duration(microseconds=(pl.col("duration_s") * 1e6).cast(pl.Int64)),
    )
    return (
        purchases.lazy()
        .join_where(
            shown.lazy(),
            pl.col("store_id") == pl.col("store_of_video"),
            pl.col("at") >= pl.col("started_at"),
            pl.col("at") <= pl.col("ended_at"),
        )
        .select("store_id", "receipt_id", filmed=pl.lit(value=True))
        .unique(["store_id", "receipt_id"])
        .collect()
    )
