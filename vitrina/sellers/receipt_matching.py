"""Which receipt goes with which interaction, by time, by customers, and by who looks like whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vitrina.errors import SettingsError
from vitrina.sellers.interactions import PAYMENT
from vitrina.sellers.people import ALIKE_SCHEMA

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]

KEY = ("video", "interaction")


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


def printed_meanwhile(interactions: pl.DataFrame, purchases: pl.DataFrame, rule: ReceiptRule) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Talks, and the receipts that were printed in the course of an interaction.

    Parameters
    ----------
    interactions
        Rows of table `Interactions` with ``store_id``, payments included.
    purchases
        Columns of `vitrina.sellers.receipts.RECEIPTS_SCHEMA`, without refunds.
    rule
        Which receipt may be held for an interaction.

    Returns
    -------
    talks
        Rows of ``interactions`` that are no payment, without those during most of which their customer paid.
    own
        As of `nearest`, with ``pays``: whether the two had come together only to pay.
    """
    latest = pl.col("end_at") + dt.timedelta(seconds=rule.slack_s)
    soon = (pl.col("at") - pl.col("begin_at")).dt.total_microseconds() / 1e6 < rule.paying_s
    pays = ((pl.col("kind") == PAYMENT) | soon).alias("pays")
    over_counter = (pl.col("kind") == PAYMENT) | pl.col("at_counter").fill_null(value=False)
    at_till = nearest(interactions.filter(over_counter), purchases, earliest=pl.col("begin_at"), latest=latest).with_columns(pays)
    talks = _not_paying(
        interactions.filter(pl.col("kind") != PAYMENT), interactions.join(at_till.filter("pays"), on=KEY, how="semi")
    )
    # where it is not known what is the counter, it may have been anywhere; and feet that a counter hides seem to be elsewhere: a receipt
    # that nobody took at the till, and that is printed just as two part, is theirs
    not_at_till = purchases.join(at_till, on=["store_id", "receipt_id"], how="anti")
    parting = pl.col("end_at") - dt.timedelta(seconds=rule.slack_s)
    began = pl.when(pl.col("at_counter").is_null()).then("begin_at").otherwise(pl.max_horizontal("begin_at", parting))
    untold = talks.join(at_till, on=KEY, how="anti")
    in_talks = nearest(untold, not_at_till, earliest=began, latest=latest).with_columns(pays)
    return talks, pl.concat([at_till, in_talks])


def nearest(interactions: pl.DataFrame, purchases: pl.DataFrame, *, earliest: pl.Expr, latest: pl.Expr) -> pl.DataFrame:
    """What belongs together by time alone: as many pairs as can be, and of those the least time apart.

    Parameters
    ----------
    interactions
        Rows of table `Interactions` with ``store_id``.
    purchases
        Columns of `vitrina.sellers.receipts.RECEIPTS_SCHEMA`.
    earliest, latest
        Of an interaction: when its receipt was printed.

    Returns
    -------
    polars.DataFrame
        ``store_id``, ``receipt_id``, ``at``, and the interaction's key, ``kind``, ``customer_person`` and ``begin_at``.
    """
    columns = [*KEY, "kind", "customer_person", "begin_at"]
    ends = interactions.sort("end_at", *KEY).with_row_index("row").with_columns(earliest=earliest, latest=latest)
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
    return talks.join(same, on=KEY, how="anti")


def earlier(
    consultations: pl.DataFrame, own: pl.DataFrame, paid: pl.DataFrame, alike: pl.DataFrame | None, rule: ReceiptRule
) -> pl.DataFrame:
    """``video``, ``interaction`` and ``receipt_id``: of each payment, the same customer's last consultation before it.

    A consultation goes to the first payment after it, and one that has a receipt of its own to none. Of payments and consultations
    that are left over, those go together whose customers are the most alike.

    Parameters
    ----------
    consultations
        Rows of table `Interactions`.
    own, paid
        As of `printed_meanwhile`; and those of them in which somebody paid.
    alike
        As of `vitrina.sellers.people.alike`; None where nobody knows.
    rule
        Which receipt may be held for an interaction.
    """
    served = consultations.select("video", "customer_person").unique()
    free = consultations.join(own, on=KEY, how="anti").select(*KEY, "customer_person", "end_at", began_at="begin_at")
    paying = paid.select("video", "customer_person", "receipt_id", "begin_at")
    before = paying.join(free, on=["video", "customer_person"]).filter(_follows(rule))
    first = before.sort("begin_at", "receipt_id").unique(KEY, keep="first", maintain_order=True)
    known = first.sort("end_at", "interaction", descending=True).unique(["video", "receipt_id"], keep="first", maintain_order=True)
    # whoever was served under this name has told what they bought
    lost = free.join(known, on=KEY, how="anti").join(paying, on=["video", "customer_person"], how="anti")
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
    columns = [*KEY, "receipt_id"]
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
