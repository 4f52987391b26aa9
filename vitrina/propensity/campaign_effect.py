"""What the offers have brought: beside clients left alone by chance, per channel, and beside today's rule.

Only months whose openings are all known are told. Only the first comparison is an experiment: the others say what happened, and
whoever was contacted may have opened an account because of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from math import exp, isfinite, log, sqrt
from typing import NamedTuple

import numpy as np
import polars as pl

from vitrina.propensity.campaign_file import RULE
from vitrina.propensity.campaign_tables import CONTROL, OFFER, CampaignEffect

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

Z_95 = 1.959963984540054
N_DRAWS = 2_000
DRAWS_AT_A_TIME = 100


class Estimate(NamedTuple):
    """A value with its 95 % interval; ``None`` where it cannot be known."""

    value: float | None
    low: float | None = None
    high: float | None = None


UNKNOWN = Estimate(None)


class Groups(NamedTuple):
    """Clients and openings of the offered (or first) and of the control (or second) group."""

    n_offer: int
    n_control: int
    openings_offer: int
    openings_control: int


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
    windows = closed.select("month", "snapshot_date", "window_end").unique().sort("month")
    outcomes = _outcomes(closed, openings)
    ranked = lists if ranking is None else ranking
    rows: list[tuple[object, ...]] = []
    acted: list[dt.date] = []
    for month, snapshot_date, end in windows.iter_rows():
        opened = openings.filter(pl.col("opened_on") > snapshot_date, pl.col("opened_on") <= end)
        opened = opened.group_by("client_id").agg(pl.col("opened_on").min())
        month_after = pl.lit(snapshot_date).dt.offset_by("1mo")
        made = contacts.filter(pl.col("date") >= snapshot_date, pl.col("date") < month_after)
        made = made.with_columns(
            (pl.col("rule").str.strip_chars().str.to_lowercase() == RULE).fill_null(value=False).alias("by_file")
        )
        if made["by_file"].any():
            acted.append(month)
        found = [
            # a list that nobody acted on has no effect to be measured
            *(_experiment(OFFER_AGAINST_CONTROL, outcomes.filter(month=month), made) if month in acted else ()),
            *(_pooled(outcomes.filter(pl.col("month").is_in(acted))) if month in acted else ()),
            *_costs(made, opened, seed),
            *_against_rule(ranked.filter(month=month), made, opened, seed),
        ]
        rows += [(month, *_flat(row)) for row in found]
    return CampaignEffect.check(pl.DataFrame(rows, schema=CampaignEffect.polars_schema(), orient="row"))


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


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion, without a correction for continuity.

    References
    ----------
    E. B. Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American
    Statistical Association 22, 209-212.
    """
    centre = 2 * successes + Z_95**2
    spread = Z_95 * sqrt(Z_95**2 + 4 * successes * (1 - successes / n))
    low, high = (centre - spread) / (2 * (n + Z_95**2)), (centre + spread) / (2 * (n + Z_95**2))
    # rounding may leave 1e-19 where it is exactly 0
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def conversion_uplift(groups: Groups) -> Estimate:
    """Difference of two conversions with Newcombe's interval, method 10: that of Wilson for both, put together.

    References
    ----------
    R. G. Newcombe (1998), Interval Estimation for the Difference between Independent Proportions: Comparison of Eleven
    Methods, Statistics in Medicine 17, 873-890.

    Examples
    --------
    Newcombe's table II, case (a), 56/70 against 48/80:

    >>> [round(number, 4) for number in conversion_uplift(Groups(70, 80, 56, 48))]
    [0.2, 0.0524, 0.3339]
    """
    if not groups.n_offer or not groups.n_control:
        return UNKNOWN
    offer, control = groups.openings_offer / groups.n_offer, groups.openings_control / groups.n_control
    offer_low, offer_high = wilson(groups.openings_offer, groups.n_offer)
    control_low, control_high = wilson(groups.openings_control, groups.n_control)
    difference = offer - control
    return Estimate(
        difference,
        difference - sqrt((offer - offer_low) ** 2 + (control_high - control) ** 2),
        difference + sqrt((offer_high - offer) ** 2 + (control - control_low) ** 2),
    )


def conversion_ratio(groups: Groups) -> Estimate:
    """Ratio of two conversions with the interval of its logarithm; no interval without openings in both groups.

    References
    ----------
    D. Katz, J. Baptista, S. P. Azen, M. C. Pike (1978), Obtaining Confidence Intervals for the Risk Ratio in Cohort Studies,
    Biometrics 34, 469-474.
    """
    if not groups.n_offer or not groups.openings_control:
        return UNKNOWN
    ratio = groups.openings_offer / groups.n_offer / (groups.openings_control / groups.n_control)
    if not groups.openings_offer:
        return Estimate(ratio)
    variance = 1 / groups.openings_offer - 1 / groups.n_offer + 1 / groups.openings_control - 1 / groups.n_control
    return _around_logarithm(ratio, variance)


def pooled_uplift(months: list[Groups]) -> Estimate:
    """Difference of conversions over several months, by Mantel and Haenszel; months without both groups take no part.

    References
    ----------
    S. Greenland, J. M. Robins (1985), Estimation of a Common Effect Parameter from Sparse Follow-up Data, Biometrics 41,
    55-68.
    """
    whole = [month for month in months if month.n_offer and month.n_control]
    if not whole:
        return UNKNOWN
    n1, n0, a, b = (np.array(column, dtype=float) for column in zip(*whole, strict=True))
    weights = n1 * n0 / (n1 + n0)
    offer, control = a / n1, b / n0
    difference = float(weights @ (offer - control) / weights.sum())
    variance = float(weights**2 @ (offer * (1 - offer) / n1 + control * (1 - control) / n0) / weights.sum() ** 2)
    return Estimate(difference, difference - Z_95 * sqrt(variance), difference + Z_95 * sqrt(variance))


def pooled_ratio(months: list[Groups]) -> Estimate:
    """Ratio of conversions over several months, by Mantel and Haenszel, with the variance of Greenland and Robins (1985)."""
    whole = [month for month in months if month.n_offer and month.n_control]
    if not whole:
        return UNKNOWN
    n1, n0, a, b = (np.array(column, dtype=float) for column in zip(*whole, strict=True))
    n = n1 + n0
    offered, control = float((a * n0 / n).sum()), float((b * n1 / n).sum())
    if not control:
        return UNKNOWN
    if not offered:
        return Estimate(0.0)
    variance = float(((n1 * n0 * (a + b) - a * b * n) / n**2).sum()) / (offered * control)
    return _around_logarithm(offered / control, variance)


def _around_logarithm(ratio: float, variance: float) -> Estimate:
    width = Z_95 * sqrt(variance)
    return Estimate(ratio, exp(log(ratio) - width), exp(log(ratio) + width))


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
