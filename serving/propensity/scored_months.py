"""The months that have been scored, and the ranking of each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.web.problems import not_found
from serving.web.versions import Version
from vitrina.errors import PublicationError
from vitrina.propensity.contact_plan import Ranking

SCORES = "mart_propensity_scores"
AUDIT = "mart_exclusion_audit"

_MONTHS = f"""
    SELECT
        month,
        count(*) AS clients,
        sum(probability) AS expected,
        count(*) FILTER (decile = 1) AS top_clients,
        coalesce(sum(probability) FILTER (decile = 1), 0) AS top_expected,
        CASE WHEN count(opened) = count(*) THEN count(*) FILTER (opened) END AS openings,
        any_value(version) AS model
    FROM {SCORES}
    GROUP BY month
    ORDER BY month DESC
"""  # noqa: S608  # the name of a table of ours
_RANKING = f"SELECT probability, opened FROM {SCORES} WHERE month = ? ORDER BY rank"  # noqa: S608  # as above
_LEFT_OUT = f"SELECT month, rule, clients, share FROM {AUDIT} WHERE rule <> 'scored' ORDER BY month, clients DESC, rule"  # noqa: S608  # as above


@dataclass(frozen=True)
class LeftOut:
    """Clients of a month who are not scored.

    Attributes
    ----------
    rule
        Why.
    clients, share
        How many, and which share of the month's clients.
    """

    rule: str
    clients: int
    share: float


@dataclass(frozen=True)
class ScoredMonth:
    """A month and its scores, in sum.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    clients
        Scored clients.
    expected
        Openings that the probabilities add up to.
    top_clients, top_expected
        The same of the likeliest tenth.
    openings
        Openings that came; None while they are not known.
    model
        Model that made the scores.
    snapshot_date
        Day of the snapshot; None where no published table tells it.
    left_out
        Who is not scored, and why.
    """

    month: dt.date
    clients: int
    expected: float
    top_clients: int
    top_expected: float
    openings: int | None
    model: str
    snapshot_date: dt.date | None
    left_out: tuple[LeftOut, ...]


def scored_months(version: Version) -> dict[dt.date, ScoredMonth]:
    """The months of a version, the newest first.

    Raises
    ------
    PublicationError
        There are no scores.
    """
    return version.remembered("scored months", lambda: _scored_months(version))


def chosen_month(version: Version, month: dt.date | None) -> ScoredMonth:
    """A month; the newest where none is asked for.

    Raises
    ------
    PublicationError, Problem
        There are no scores, or none of this month.
    """
    months = scored_months(version)
    if month is None:
        return next(iter(months.values()))
    if month not in months:
        raise not_found("scored month", month)
    return months[month]


def ranking(version: Version, month: ScoredMonth) -> Ranking:
    """The month's clients by rank."""
    return version.remembered(("ranking", month.month), lambda: read_ranking(version, month))


def read_ranking(version: Version, month: ScoredMonth) -> Ranking:
    """The same, not kept."""
    rows = version.frame(_RANKING, [month.month])
    opened = None if month.openings is None else rows["opened"].to_numpy().astype(np.bool_)
    return Ranking(rows["probability"].to_numpy(), opened)


def horizon(version: Version) -> int | None:
    """Months in which an opening counts; None where that is not published."""
    if not version.has("propensity_settings"):
        return None
    rows = version.remembered("horizon", lambda: version.rows("SELECT horizon_months FROM propensity_settings"))
    return int(rows[0]["horizon_months"]) if rows else None


def segments(version: Version) -> list[str]:
    """All segments, in order."""
    sql = f"SELECT DISTINCT segment FROM {SCORES} WHERE segment IS NOT NULL ORDER BY segment LIMIT 200"  # noqa: S608  # as above
    return version.remembered("segments", lambda: [row["segment"] for row in version.rows(sql)])


def _scored_months(version: Version) -> dict[dt.date, ScoredMonth]:
    version.require(SCORES)
    days, left_out = _snapshot_dates(version), _left_out(version)
    months = [
        ScoredMonth(**row, snapshot_date=days.get(row["month"]), left_out=tuple(left_out.get(row["month"], ())))
        for row in version.rows(_MONTHS)
    ]
    if not months:
        raise PublicationError(
            "No month has been scored yet.",
            "The first scores come with the seventh month of snapshots, and with thirty openings to learn from.",
        )
    return {one.month: one for one in months}


def _snapshot_dates(version: Version) -> dict[dt.date, dt.date]:
    found: dict[dt.date, dt.date] = {}
    for table in ("campaign_lists", "feature_catalogue"):
        if version.has(table):
            rows: list[dict[str, Any]] = version.rows(f"SELECT month, max(snapshot_date) AS day FROM {table} GROUP BY month")  # noqa: S608  # as above
            found = {row["month"]: row["day"] for row in rows} | found
    return found


def _left_out(version: Version) -> dict[dt.date, list[LeftOut]]:
    found: dict[dt.date, list[LeftOut]] = {}
    for row in version.rows(_LEFT_OUT) if version.has(AUDIT) else ():
        found.setdefault(row["month"], []).append(LeftOut(row["rule"], row["clients"], row["share"]))
    return found
