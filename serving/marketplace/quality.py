"""How good recommendations are: over time, by segment of users, against the targets, and by what users did with them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.web.versions import Version
from vitrina.marketplace.measure_names import AUC_UNIFORM, HIT_RATE, PRECISION, RERANKER

QUALITY, SEGMENTS, UPTAKE = "mart_recommendation_quality", "mart_recommendation_segments", "mart_recommendation_uptake"
COVERAGE, CEILING = "coverage_at_10", PRECISION.replace("precision_at", "precision_ceiling_at")
MEASURES = (HIT_RATE, PRECISION, AUC_UNIFORM)
"""What the page shows over time."""

_FILTERED = """
    FROM mart_recommendation_quality
    WHERE ($measure IS NULL OR measure = $measure) AND ($scorer IS NULL OR scorer = $scorer) AND ($window IS NULL OR "window" = $window)
"""
_LATEST = """
    SELECT * FROM mart_recommendation_quality
    WHERE "window" = 'test' AND as_of = (SELECT max(as_of) FROM mart_recommendation_quality WHERE "window" = 'test')
"""
_OVER_TIME = """
    WITH judged AS (
        SELECT *, min(as_of) OVER () AS first_as_of FROM mart_recommendation_quality WHERE scorer = $scorer AND measure = $measure
    )
    SELECT window_from, window_until, "window" = 'test' AS unseen, value, low, high, popularity, n
    FROM judged
    WHERE value IS NOT NULL AND ("window" = 'test' OR as_of = first_as_of)
    ORDER BY window_until, unseen
"""


@dataclass(frozen=True)
class Judged:
    """One measure of the lists, in the latest window that they have not seen.

    Attributes
    ----------
    value, low, high
        The value with its 95 % interval.
    popularity
        The same measure of the popular items.
    n
        Users that it is measured on.
    """

    value: float | None
    low: float | None
    high: float | None
    popularity: float | None
    n: int


@dataclass(frozen=True)
class LatestJudgement:
    """The latest judgement.

    Attributes
    ----------
    first, last
        First and last day of the window.
    rows
        All its rows, by model and measure.
    """

    first: dt.date
    last: dt.date
    rows: dict[tuple[str, str], Judged]

    def of(self, measure: str, scorer: str = RERANKER) -> Judged | None:
        """A measure; None where it was not taken."""
        return self.rows.get((scorer, measure))


def quality_rows(  # noqa: PLR0913  # what can be asked for
    version: Version, *, measure: str | None, scorer: str | None, window: str | None, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows of the table are asked for, and those of a page, the latest first.

    Raises
    ------
    PublicationError
        The table is held back.
    """
    version.require(QUALITY)
    asked = {"measure": measure, "scorer": scorer, "window": window}
    total = version.rows(f"SELECT count(*) AS n {_FILTERED}", asked)[0]["n"]
    rows = version.rows(
        f'SELECT * {_FILTERED} ORDER BY as_of DESC, "window", scorer, measure LIMIT $limit OFFSET $offset',
        {**asked, "limit": limit, "offset": offset},
    )
    return total, rows


def latest(version: Version) -> LatestJudgement | None:
    """The latest judgement; None where there is none."""
    return version.remembered("latest judgement", lambda: _latest(version)) if version.has(QUALITY) else None


def over_time(version: Version, measure: str) -> list[dict[str, Any]]:
    """A measure of the lists in every window that they had not seen; before the first, the window that they were chosen on."""
    return version.remembered(("over time", measure), lambda: version.rows(_OVER_TIME, {"measure": measure, "scorer": RERANKER}))


def segments(version: Version, measure: str) -> list[dict[str, Any]]:
    """A measure by segment of users; empty where the table is held back or has none."""
    if not version.has(SEGMENTS):
        return []
    query = f"SELECT * FROM {SEGMENTS} WHERE measure = $measure ORDER BY segment_kind, n DESC, segment"  # noqa: S608  # our own text
    return version.remembered(("segments", measure), lambda: version.rows(query, {"measure": measure}))


def targets(version: Version) -> list[dict[str, Any]]:
    """The customer's targets, as last judged."""
    if not version.has("customer_targets"):
        return []
    query = "SELECT * FROM customer_targets WHERE as_of = (SELECT max(as_of) FROM customer_targets) ORDER BY at_least DESC, target"
    return version.remembered("targets", lambda: version.rows(query))


def uptake(version: Version) -> list[dict[str, Any]]:
    """What users did with what they were shown; empty where nothing was shown, or the table is held back."""
    if not version.has(UPTAKE):
        return []
    return version.remembered("uptake", lambda: version.rows(f"SELECT * FROM {UPTAKE} ORDER BY compared, measure"))  # noqa: S608  # our own text


def _latest(version: Version) -> LatestJudgement | None:
    rows = version.rows(_LATEST)
    if not rows:
        return None
    named = {
        (row["scorer"], row["measure"]): Judged(row["value"], row["low"], row["high"], row["popularity"], row["n"]) for row in rows
    }
    return LatestJudgement(rows[0]["window_from"], rows[0]["window_until"] - dt.timedelta(days=1), named)
