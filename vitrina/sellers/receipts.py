"""Which interaction ended in a purchase, and which purchase was preceded by an interaction.

A receipt names no customer. Where a till is in the picture, a receipt is printed while its customer stands with a seller, and so
tells whose it is; if they had come together only to pay, that was no consultation, and an earlier one of the same customer is
what the receipt followed. Any other receipt is held for the interaction that ended shortly before it. Either way, a receipt
belongs to at most one interaction, and an interaction has at most one receipt, so that the two add up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import DeliveryError, SettingsError
from vitrina.sellers.interactions import PAYMENT
from vitrina.sellers.people import ALIKE_SCHEMA
from vitrina.sellers.tables import Interactions

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]

_KEY = ("video", "interaction")
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


@dataclass(frozen=True)
class ReceiptRule:
    """Which receipt may be held for an interaction.

    Attributes
    ----------
    within_s
        How long after the interaction's end it was printed at the latest, where it does not tell whose it is.
    slack_s
        How long after an interaction's end a receipt was still printed in its course: ends are known to a sample or so.
    paying_s
        An interaction that began less than this before its own receipt was payment alone. 0 where consultations at the till
        are as short as that, or no till is in the picture.
    stay_s
        How long before the payment the same customer's consultation ended at most.
    """

    within_s: float = 300.0
    slack_s: float = 3.0
    paying_s: float = 90.0
    stay_s: float = 1_800.0

    def __post_init__(self) -> None:
        if min(self.within_s, self.slack_s, self.paying_s, self.stay_s) < 0:
            raise SettingsError(f"A time that joins receipts is negative: {self}.", "Give each in seconds, 0 or more.")


DEFAULT_RULE = ReceiptRule()


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
    course = {"earliest": pl.col("begin_at"), "latest": pl.col("end_at") + dt.timedelta(seconds=rule.slack_s)}
    is_payment = (pl.col("kind") == PAYMENT) | ((pl.col("at") - pl.col("begin_at")).dt.total_microseconds() / 1e6 < rule.paying_s)
    over_counter = (pl.col("kind") == PAYMENT) | pl.col("at_counter").fill_null(value=False)
    at_till = _nearest(placed.filter(over_counter), purchases, **course)
    talks = _not_paying(placed.filter(pl.col("kind") != PAYMENT), placed.join(at_till.filter(is_payment), on=_KEY, how="semi"))
    # where it is not known what is the counter, it may have been anywhere; and feet that a counter hides seem to be elsewhere: a receipt
    # that nobody took at the till, and that is printed just as two part, is theirs
    not_at_till = purchases.join(at_till, on=["store_id", "receipt_id"], how="anti")
    parting = pl.col("end_at") - dt.timedelta(seconds=rule.slack_s)
    began = pl.when(pl.col("at_counter").is_null()).then("begin_at").otherwise(pl.max_horizontal("begin_at", parting))
    in_talks = _nearest(talks, not_at_till, earliest=began, latest=course["latest"])
    own = pl.concat([at_till, in_talks])
    paid, talked = own.filter(is_payment), own.filter(~is_payment)
    consultations = talks.join(paid, on=_KEY, how="anti")
    known = pl.concat([talked.select(*_KEY, "receipt_id"), _earlier(consultations, own, paid, alike, rule)])
    others = _nearest(
        consultations.join(known, on=_KEY, how="anti"),
        purchases.join(own, on=["store_id", "receipt_id"], how="anti"),
        earliest=pl.col("end_at"),
        latest=pl.col("end_at") + dt.timedelta(seconds=rule.within_s),
    )
    joined = consultations.join(pl.concat([known, others.select(*_KEY, "receipt_id")]), on=_KEY, how="left")
    days = _delivered_days(delivered, videos)
    told = (
        joined.with_columns(day=_local_days(joined, "end_at"))
        .join(days, on=["store_id", "day"], how="left")
        .with_columns(successful=pl.when("delivered").then(pl.col("receipt_id").is_not_null()))
    )
    payments = placed.join(paid, on=_KEY, how="semi").with_columns(
        kind=pl.lit(PAYMENT), receipt_id=pl.lit(None, pl.String), successful=pl.lit(None, pl.Boolean)
    )
    rows = (Interactions.check(frame.select(*Interactions.polars_schema()).sort(*_KEY)) for frame in (told, payments))
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


def _nearest(interactions: pl.DataFrame, purchases: pl.DataFrame, *, earliest: pl.Expr, latest: pl.Expr) -> pl.DataFrame:
    """What belongs together by time alone: ``store_id``, ``receipt_id``, ``at``, and the interaction's columns that matter."""
    columns = [*_KEY, "kind", "customer_person", "begin_at"]
    ends = interactions.sort("end_at", *_KEY).with_row_index("row").with_columns(earliest=earliest, latest=latest)
    sold = purchases.with_row_index("column").select("column", "receipt_id", "at", store_of_receipt="store_id")
    possible = (
        ends.lazy()
        .join_where(
            sold.lazy(),
            pl.col("store_id") == pl.col("store_of_receipt"),
            pl.col("at") >= pl.col("earliest"),
            pl.col("at") <= pl.col("latest"),
        )
        .with_columns(apart=(pl.col("at") - pl.col("end_at")).dt.total_microseconds().abs() / 1e6)
        .collect()
        .sort("row", "column")
    )
    kept = _best(possible["row"].to_numpy(), possible["column"].to_numpy(), possible["apart"].to_numpy())
    return possible[kept].select(*columns, "store_id", "receipt_id", "at")


def _not_paying(talks: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Talks but for those during most of which their customer paid, whoever seemed to be the nearer seller."""
    during = payments.select("video", "customer_person", pl.col("begin_at").alias("begin_2"), pl.col("end_at").alias("end_2"))
    common = pl.min_horizontal("end_at", "end_2") - pl.max_horizontal("begin_at", "begin_2")
    same = talks.join(during, on=["video", "customer_person"]).filter(2 * common > pl.col("end_at") - pl.col("begin_at"))
    return talks.join(same, on=_KEY, how="anti")


def _earlier(
    consultations: pl.DataFrame, own: pl.DataFrame, paid: pl.DataFrame, alike: pl.DataFrame | None, rule: ReceiptRule
) -> pl.DataFrame:
    """``video``, ``interaction`` and ``receipt_id``: of each payment, the same customer's last consultation before it.

    A consultation goes to the first payment after it, and one that has a receipt of its own to none. Of payments and consultations
    that are left over, those go together whose customers are the most alike.
    """
    served = consultations.select("video", "customer_person").unique()
    free = consultations.join(own, on=_KEY, how="anti").select(*_KEY, "customer_person", "end_at", began_at="begin_at")
    paying = paid.select("video", "customer_person", "receipt_id", "begin_at")
    before = paying.join(free, on=["video", "customer_person"]).filter(_follows(rule))
    first = before.sort("begin_at", "receipt_id").unique(_KEY, keep="first", maintain_order=True)
    known = first.sort("end_at", "interaction", descending=True).unique(["video", "receipt_id"], keep="first", maintain_order=True)
    # whoever was served under this name has told what they bought
    lost = free.join(known, on=_KEY, how="anti").join(paying, on=["video", "customer_person"], how="anti")
    found = (
        paying.join(served, on=["video", "customer_person"], how="anti")
        .join(
            pl.DataFrame(schema=ALIKE_SCHEMA) if alike is None else alike,
            left_on=["video", "customer_person"],
            right_on=["video", "person"],
        )
        .join(lost, left_on=["video", "other"], right_on=["video", "customer_person"])
        .filter(_follows(rule))
        # of one customer's consultations the last, of all customers the likest
        .sort("distance", "receipt_id", "end_at", "interaction", descending=[False, False, True, True])
    )
    taken: set[tuple[str, str]] = set()
    gone: set[tuple[str, int]] = set()
    kept = []
    for video, other, receipt, interaction in found.select("video", "other", "receipt_id", "interaction").iter_rows():
        if (video, receipt) not in taken and (video, other) not in gone:
            taken.add((video, receipt))
            gone.add((video, other))
            kept.append((video, interaction, receipt))
    columns = [*_KEY, "receipt_id"]
    return pl.concat([known.select(columns), pl.DataFrame(kept, schema=known.select(columns).schema, orient="row")])


def _follows(rule: ReceiptRule) -> pl.Expr:
    """A payment comes after a talk that began before it; where a seller walks to the till with a customer, the talk goes on there."""
    since = (pl.col("begin_at") - pl.col("end_at")).dt.total_microseconds() / 1e6
    return (pl.col("began_at") < pl.col("begin_at")) & (since <= rule.stay_s)


def _best(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer], apart: Floats) -> Ints:
    """Which of the possible pairs are kept: as many as can be, and of those the least time apart; ascending.

    Parts that have no pair in common are solved one by one: a day's queue is short, a year's matrix would be large.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # the graph is loaded without waiting for scipy
    from scipy.sparse import coo_array  # noqa: PLC0415  # as above
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  # as above

    if not rows.size:
        return np.zeros(0, dtype=np.intp)
    _, row = np.unique(rows, return_inverse=True)
    _, column = np.unique(columns, return_inverse=True)
    n_rows, n = int(row.max()) + 1, int(row.max() + column.max()) + 2
    _, labels = connected_components(coo_array((np.ones(len(row)), (row, n_rows + column)), shape=(n, n)), directed=False)
    part = labels[row]
    order = np.argsort(part, kind="stable")
    kept = []
    for pairs in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        _, i = np.unique(row[pairs], return_inverse=True)
        _, j = np.unique(column[pairs], return_inverse=True)
        # no sum of possible pairs is as dear as one impossible pair
        shape = (int(i.max()) + 1, int(j.max()) + 1)
        costs = np.full(shape, 1.0 + (apart[pairs].max() + 1) * min(shape))
        places = np.full(shape, -1, dtype=np.intp)
        costs[i, j], places[i, j] = apart[pairs], pairs
        chosen = places[linear_sum_assignment(costs)]
        kept.append(chosen[chosen >= 0])
    return np.sort(np.concatenate(kept))


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
