"""How good past scores were, what has moved since, what checks hold back, and what the offers brought: read as it was published."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from serving.home.published import published
from serving.web.versions import Version
from vitrina.propensity.two_proportions import wilson

QUALITY, DRIFT, EFFECT = "mart_propensity_quality", "propensity_drift", "mart_campaign_effect"
DECILES, BACKTEST, CATALOGUE, MODELS = "propensity_deciles", "propensity_backtest", "feature_catalogue", "propensity_models"
SCORES = "scores"
"""The scorer that is the model in use."""

CHECKS = (
    "nothing_from_the_future",
    "nothing_gives_the_answer_away",
    "labels_are_mature",
    "ranks_better_than_chance",
    "calibration_helps",
)
"""Checks that hold scores back; which one did is all that a published version tells of them."""

Row = dict[str, Any]

_WITH_LABELS = f"""
    SELECT drift.*, coalesce(names.label, drift.feature) AS label
    FROM {DRIFT} AS drift
    LEFT JOIN {CATALOGUE} AS names ON drift.month = names.month AND drift.feature = names.feature
    ORDER BY drift.month DESC, drift.psi DESC, drift.feature
"""  # noqa: S608  # names of tables of ours
_WITHOUT_LABELS = f"SELECT *, feature AS label FROM {DRIFT} ORDER BY month DESC, psi DESC, feature"  # noqa: S608  # as above
_SEGMENTS = f"""
    SELECT month, segment_kind, segment, value, low, high, clients, openings
    FROM {BACKTEST}
    WHERE scorer = '{SCORES}' AND measure = 'gini' AND segment_kind <> 'all' AND value IS NOT NULL
    ORDER BY month DESC, segment_kind DESC, openings DESC, segment
"""  # noqa: S608  # as above


def quality(version: Version) -> list[Row]:
    """Rows of the mart of quality, the newest month first.

    Raises
    ------
    PublicationError
        It is not published.
    """
    version.require(QUALITY)
    return _all(version, f"SELECT * FROM {QUALITY} ORDER BY month DESC, scorer, measure")  # noqa: S608  # as above


def effects(version: Version) -> list[Row]:
    """Rows of the mart of effects, the newest month first.

    Raises
    ------
    PublicationError
        It is not published.
    """
    version.require(EFFECT)
    return _all(version, f"SELECT * FROM {EFFECT} ORDER BY month DESC, comparison, measure")  # noqa: S608  # as above


def drift(version: Version) -> list[Row]:
    """What has moved, the newest month first and what moved furthest first in it; none where it is not published."""
    if not version.has(DRIFT):
        return []
    return _all(version, _WITH_LABELS if version.has(CATALOGUE) else _WITHOUT_LABELS)


def segments_judged(version: Version, month: dt.date) -> list[Row]:
    """How well clients of each segment and activity were ranked, where enough of them opened."""
    rows = _all(version, _SEGMENTS) if version.has(BACKTEST) else []
    return [row for row in rows if row["month"] == month]


def model_of(version: Version, month: dt.date) -> Row | None:
    """What the month's model is; None where that is not published."""
    if not version.has(MODELS):
        return None
    rows = _all(version, f"SELECT * EXCLUDE (sql) FROM {MODELS} WHERE makes_scores")  # noqa: S608  # as above
    return next((row for row in rows if row["month"] == month), None)


@dataclass(frozen=True)
class Decile:
    """A tenth of a judged month's clients: what was promised, and what came, with its 95 % interval."""

    decile: int
    clients: int
    openings: int
    promised: float
    came: float
    low: float
    high: float
    lift: float | None
    gain: float | None


def deciles(version: Version, month: dt.date) -> list[Decile]:
    """Tenths of a month, the likeliest first; none where it is not judged."""
    rows = _all(version, f"SELECT * FROM {DECILES} ORDER BY month, decile") if version.has(DECILES) else []  # noqa: S608  # as above
    return [
        Decile(
            row["decile"],
            row["clients"],
            row["openings"],
            row["mean_probability"],
            row["rate"],
            *wilson(row["openings"], row["clients"]),
            row["lift"],
            row["gain"],
        )
        for row in rows
        if row["month"] == month and row["clients"]
    ]


@dataclass(frozen=True)
class CheckState:
    """What is known of a check.

    Attributes
    ----------
    name
        Its name in Dagster.
    state
        ``passed``; ``failed`` or ``waiting`` (it has not judged the newest rows), which hold tables back; ``unknown`` where
        another check holds the same tables back.
    tables
        Tables that it holds back.
    since
        When the rows that are shown instead were written.
    """

    name: str
    state: str
    tables: tuple[str, ...] = ()
    since: dt.datetime | None = None


def checks(version: Version) -> list[CheckState]:
    """What each check that holds scores back last said, and any other that holds a table back."""
    held: dict[str, list[Any]] = {}
    for table in published(version).held_back:
        held.setdefault(str(table.held_back).partition(" ")[0], []).append(table)
    found = [
        CheckState(
            name,
            "waiting" if " " in str(tables[0].held_back) else "failed",
            tuple(table.name for table in tables),
            min(table.as_of for table in tables),
        )
        for name, tables in held.items()
    ]
    others = "unknown" if found else "passed"
    return [*found, *(CheckState(name, others) for name in CHECKS if name not in held)]


def _all(version: Version, sql: str) -> list[Row]:
    return version.remembered(sql, lambda: version.rows(sql))
