"""What the offers have brought: beside clients left alone by chance, per channel, and beside today's rule.

Only months whose openings are all known are told. Only the first comparison is an experiment: the others say what happened, and
whoever was contacted may have opened an account because of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

import numpy as np
import polars as pl

from vitrina.propensity.campaign_file import RULE
from vitrina.propensity.campaign_tables import CONTROL, OFFER, CampaignEffect
from vitrina.propensity.two_proportions import (
    UNKNOWN,
    Estimate,
    Groups,
    conversion_ratio,
    conversion_uplift,
    pooled_ratio,
    pooled_uplift,
    wilson,
)

OFFER_AGAINST_CONTROL = "offer against control"
POOLED = "offer against control, all months until this one, each client in the first list only"
TOP_AGAINST_RULE = "top of the list against today's rule"
BY_FILE, BY_RULE = "by the file", "by today's rule"

CONVERSION_UPLIFT = "conversion_uplift"
CONVERSION_RATIO = "conversion_ratio"
CONTACTED_CONTROL = "contacted_share_of_control"
COST_PER_OPENING = "cost_per_opening"
CAPTURED_DIFFERENCE = "captured_openings_difference"
CAPTURED_RATIO = "captured_openings_ratio"

N_DRAWS = 2_000
DRAWS_AT_A_TIME = 100


class _Row(NamedTuple):
    comparison: str
    measure: str
    estimate: Estimate
    groups: Groups
    nothing: float | None
    """What the measure is without an effect."""


def campaign_effect(  # noqa: PLR0913  # what was offered, what came of it, until when that is known
    lists: pl.DataFrame,
    openings: pl.DataFrame,
    contacts: pl.DataFrame,
    *,
    delivered_until: dt.date,
    ranking: pl.DataFrame | None = None,
    horizon_months: int = 3,
    seed: int,
) -> pl.DataFrame:
    """Measure every month whose openings are all known.

    An opening counts from the day after the snapshot until `horizon_months` later. A client counts in the group that was drawn
    for them, whatever happened to them: a control client who was contacted after all makes the effect look smaller, not
    larger, and ``contacted_share_of_control`` says how many were.

    Offer against control
        Of months in which at least one contact was made from the file, told by the contact's rule.
        ``conversion_uplift``, the difference of the conversions, and ``conversion_ratio``. Once more for all closed months until
        then together, stratified by month, where there are several; a client in several lists counts in the first, for one
        opening must not be counted twice.
    Cost per opening
        Per channel, and by whether the file or today's rule chose the client: costs of the contacts over the openings
        from the day of the client's first contact by the channel, in minor currency units, by bootstrap over clients. Contacts
        within a month after the snapshot count. Empty where nobody opened, or the cost of a contact is not known. A client
        contacted by two channels counts for both.
    Top of the list against today's rule
        Openings among the first N of the ranking beside openings among N clients that today's rule contacted within the month
        after the snapshot: their difference and ratio, by bootstrap over clients. N is what today's rule contacted; where the
        ranking is shorter, N is its length, and the rule's openings are those expected of so many of its clients.

    Parameters
    ----------
    lists
        `CampaignLists`.
    openings
        ``client_id``, ``opened_on``; a client's first opening in the window counts.
    contacts
        ``client_id``, ``date``, ``channel``, ``cost_minor``, ``rule``; where the rule is `vitrina.propensity.campaign_file.RULE`,
        the file chose the client.
    delivered_until
        Last day whose openings have all been delivered.
    ranking
        ``month``, ``client_id``, ``rank`` of all scored clients; without it, the lists themselves.
    horizon_months
        Months in which an opening counts.
    seed
        Of the bootstrap.

    Returns
    -------
    polars.DataFrame
        `CampaignEffect`; empty where no month is closed.
    """
    window_end = pl.col("snapshot_date").dt.offset_by(f"{horizon_months}mo")
    closed = lists.with_columns(window_end.alias("window_end")).filter(pl.col("window_end") <= delivered_until)
    outcomes = _outcomes(closed, openings)
    ranked = lists if ranking is None else ranking
    rows: list[tuple[object, ...]] = []
    acted: list[dt.date] = []
    for month, snapshot_date, end in closed.select("month", "snapshot_date", "window_end").unique().sort("month").iter_rows():
        opened = openings.filter(pl.col("opened_on") > snapshot_date, pl.col("opened_on") <= end)
        opened = opened.group_by("client_id").agg(pl.col("opened_on").min())
        made = _month_after(contacts, snapshot_date)
        found = [*_costs(made, opened, seed), *_against_rule(ranked.filter(month=month), made, opened, seed)]
        # a list that nobody acted on has no effect to be measured
        if made["by_file"].any():
            acted.append(month)
            found += _experiment(OFFER_AGAINST_CONTROL, outcomes.filter(month=month), made)
            found += _pooled(outcomes.filter(pl.col("month").is_in(acted)))
        rows += [(month, *_flat(row)) for row in found]
    return CampaignEffect.check(pl.DataFrame(rows, schema=CampaignEffect.polars_schema(), orient="row"))


def _month_after(contacts: pl.DataFrame, snapshot_date: dt.date) -> pl.DataFrame:
    """Contacts within a month after the snapshot, with whether the file chose the client."""
    by_file = (pl.col("rule").str.strip_chars().str.to_lowercase() == RULE).fill_null(value=False)
    until = pl.lit(snapshot_date).dt.offset_by("1mo")
    return contacts.filter(pl.col("date") >= snapshot_date, pl.col("date") < until).with_columns(by_file.alias("by_file"))


def _flat(row: _Row) -> tuple[object, ...]:
    low, high = row.estimate.low, row.estimate.high
    excludes = None if row.nothing is None or low is None or high is None else not low <= row.nothing <= high
    return row.comparison, row.measure, *row.estimate, *row.groups, excludes


def _outcomes(closed: pl.DataFrame, openings: pl.DataFrame) -> pl.DataFrame:
    """The lists with ``opened``, the opening within the window."""
    met = closed.join(openings.select("client_id", "opened_on"), on="client_id")
    within = met.filter(pl.col("opened_on") > pl.col("snapshot_date"), pl.col("opened_on") <= pl.col("window_end"))
    keys = within.select("month", "client_id", pl.lit(value=True).alias("opened")).unique()
    joined = closed.select("month", "client_id", "group").join(keys, on=["month", "client_id"], how="left")
    return joined.with_columns(pl.col("opened").fill_null(value=False))


def _counted(outcomes: pl.DataFrame) -> Groups:
    offered, control = (outcomes.filter(group=group).get_column("opened") for group in (OFFER, CONTROL))
    return Groups(offered.len(), control.len(), int(offered.sum()), int(control.sum()))


def _experiment(comparison: str, outcomes: pl.DataFrame, made: pl.DataFrame) -> Iterator[_Row]:
    groups = _counted(outcomes)
    yield _Row(comparison, CONVERSION_UPLIFT, conversion_uplift(groups), groups, 0.0)
    yield _Row(comparison, CONVERSION_RATIO, conversion_ratio(groups), groups, 1.0)
    control = outcomes.filter(group=CONTROL)
    contacted = control.join(made, on="client_id", how="semi").height
    share = Estimate(contacted / groups.n_control, *wilson(contacted, groups.n_control)) if groups.n_control else UNKNOWN
    yield _Row(comparison, CONTACTED_CONTROL, share, groups, None)


def _pooled(outcomes: pl.DataFrame) -> Iterator[_Row]:
    first = outcomes.filter(pl.col("month") == pl.col("month").min().over("client_id"))
    months = [_counted(first.filter(month=month)) for month in outcomes.get_column("month").unique().sort()]
    if len(months) > 1:
        total = Groups(*(sum(counts) for counts in zip(*months, strict=True)))
        yield _Row(POOLED, CONVERSION_UPLIFT, pooled_uplift(months), total, 0.0)
        yield _Row(POOLED, CONVERSION_RATIO, pooled_ratio(months), total, 1.0)


def _costs(made: pl.DataFrame, opened: pl.DataFrame, seed: int) -> Iterator[_Row]:
    clients = made.group_by("channel", "by_file", "client_id").agg(
        pl.col("cost_minor").sum().alias("cost"),
        pl.col("cost_minor").null_count().alias("unknown"),
        pl.col("date").min().alias("first"),
    )
    clients = clients.join(opened, on="client_id", how="left")
    clients = clients.with_columns((pl.col("opened_on") >= pl.col("first")).fill_null(value=False).cast(pl.Int64).alias("opened"))
    for channel, by_file in clients.select("channel", "by_file").unique().sort("channel", "by_file").iter_rows():
        chosen = clients.filter(channel=channel, by_file=by_file)
        costs, count = int(chosen.get_column("cost").sum()), int(chosen.get_column("opened").sum())
        estimate = UNKNOWN
        if count and not chosen.get_column("unknown").sum():
            draws = _drawn_totals(chosen.select("cost", "opened"), seed)
            estimate = Estimate(costs / count, *_percentiles(draws, lambda totals: totals[:, 0] / totals[:, 1]))
        comparison = f"{channel}, {BY_FILE if by_file else BY_RULE}"
        yield _Row(comparison, COST_PER_OPENING, estimate, Groups(chosen.height, 0, count, 0), None)


def _against_rule(ranked: pl.DataFrame, made: pl.DataFrame, opened: pl.DataFrame, seed: int) -> Iterator[_Row]:
    contacted = made.filter(~pl.col("by_file")).select("client_id").unique()
    n = min(contacted.height, ranked.height)
    if n == 0:
        return
    top = ranked.sort("rank").head(n).select("client_id", pl.lit(1).alias("top"))
    clients = top.join(contacted.with_columns(pl.lit(1).alias("rule")), on="client_id", how="full", coalesce=True)
    known = opened.select("client_id", pl.lit(1).alias("opened"))
    clients = clients.join(known, on="client_id", how="left").with_columns(pl.col("top", "rule", "opened").fill_null(0))
    rows = clients.select(
        "top", "rule", (pl.col("top") * pl.col("opened")).alias("ours"), (pl.col("rule") * pl.col("opened")).alias("theirs")
    )
    totals = np.array(rows.sum().row(0), dtype=float)[np.newaxis]
    drawn = _drawn_totals(rows, seed)
    groups = Groups(n, contacted.height, int(totals[0, 2]), int(totals[0, 3]))

    def difference(sums: np.ndarray) -> np.ndarray:
        return np.asarray(n * (sums[:, 2] / sums[:, 0] - sums[:, 3] / sums[:, 1]))

    def ratio(sums: np.ndarray) -> np.ndarray:
        return np.asarray(sums[:, 2] / sums[:, 0] / (sums[:, 3] / sums[:, 1]))

    for measure, function, nothing in ((CAPTURED_DIFFERENCE, difference, 0.0), (CAPTURED_RATIO, ratio, 1.0)):
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(function(totals)[0])
        estimate = Estimate(value, *_percentiles(drawn, function)) if isfinite(value) else UNKNOWN
        yield _Row(TOP_AGAINST_RULE, measure, estimate, groups, nothing)


def _drawn_totals(rows: pl.DataFrame, seed: int) -> np.ndarray:
    """Sums over clients drawn with replacement, shape ``(N_DRAWS, columns)``.

    Clients with the same row are drawn together: how often each distinct row comes up is multinomial, which is the bootstrap
    itself and no approximation.

    References
    ----------
    B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
    """
    names = rows.columns
    distinct = rows.group_by(names).len("clients").sort(names)
    times = distinct.get_column("clients").to_numpy()
    values = distinct.select(names).to_numpy().astype(float)
    rng = np.random.default_rng(seed)
    parts = [rng.multinomial(rows.height, times / times.sum(), DRAWS_AT_A_TIME) @ values for _ in range(N_DRAWS // DRAWS_AT_A_TIME)]
    return np.concatenate(parts)


def _percentiles(draws: np.ndarray, measure: Callable[[np.ndarray], np.ndarray]) -> tuple[float | None, float | None]:
    """The percentiles 2.5 and 97.5; unknown where more than one draw in a hundred leaves the measure undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = measure(draws)
    defined = values[np.isfinite(values)]
    if defined.size < 0.99 * values.size:
        return None, None
    low, high = np.quantile(defined, (0.025, 0.975))
    return float(low), float(high)
