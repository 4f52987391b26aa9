"""The month's clients as somebody wants them: filtered, sorted, a page at a time, or all as rows of the optimiser's file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from serving.propensity.planning import campaign_of
from serving.propensity.scored_months import SCORES, ScoredMonth
from serving.web.versions import Version
from vitrina.propensity.campaign_tables import CampaignLists
from vitrina.settings import Settings

Group = Literal["offer", "control", "listed", "none"]
"""Of the optimiser's file: offered, left alone, in the file at all, not in it."""
Order = Literal["rank", "-rank", "client_id"]

LISTS = CampaignLists.table_name()
ROWS_AT_A_TIME = 20_000

_ORDERS: dict[Order, str] = {"rank": "rank", "-rank": "rank DESC", "client_id": "client_id"}
_GROUPS: dict[Group, str] = {
    "offer": "campaign_group = 'offer'",
    "control": "campaign_group = 'control'",
    "listed": "campaign_group IS NOT NULL",
    "none": "campaign_group IS NULL",
}
_FOR_THE_OPTIMISER = f"""
    WITH in_file AS ({{listed}})
    SELECT
        scores.month,
        scores.client_id,
        $snapshot_date::DATE AS snapshot_date,
        scores.rank,
        scores.probability,
        -- a list that was handed over keeps the values that were in force when it was made
        coalesce(in_file.expected_value_minor, round(scores.probability * $value)::BIGINT - $cost) AS expected_value_minor,
        scores.campaign_group AS "group",
        scores.version AS model_version,
        scores.decile,
        scores.segment,
        scores.okved,
        scores.reason_en,
        scores.reason_ru,
        scores.opened
    FROM {SCORES} AS scores
    LEFT JOIN in_file ON scores.client_id = in_file.client_id
    WHERE {{where}}
    ORDER BY {{order}}
"""  # noqa: S608  # parts of ours, with bound parameters
_IN_FILE = f"SELECT client_id, expected_value_minor FROM {LISTS} WHERE month = $month"  # noqa: S608  # as above
_NOBODY = "SELECT NULL::VARCHAR AS client_id, NULL::BIGINT AS expected_value_minor WHERE false"


@dataclass(frozen=True)
class Wanted:
    """Which clients of a month somebody wants to see.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    client
        Part of the identifier.
    segment
        Segment, as delivered.
    okved
        Beginning of the main activity.
    decile
        Tenth of the clients.
    least, most
        Bounds of the probability.
    group
        Where the clients stand in the optimiser's file.
    opened
        Whether they opened the account; nobody, where that is not known yet.
    order
        Order of the rows.
    """

    month: dt.date
    client: str = ""
    segment: str = ""
    okved: str = ""
    decile: int | None = None
    least: float | None = None
    most: float | None = None
    group: Group | None = None
    opened: bool | None = None
    order: Order = "rank"

    @property
    def is_filtered(self) -> bool:
        """Whether clients of the month are left out."""
        return len(self._conditions()) > 1

    def where(self) -> tuple[str, dict[str, object]]:
        """The condition in SQL, and its parameters."""
        conditions = self._conditions()
        return " AND ".join(conditions), {name: value for found in conditions.values() for name, value in found.items()}

    def _conditions(self) -> dict[str, dict[str, object]]:
        given: list[tuple[bool, str, dict[str, object]]] = [
            (True, "scores.month = $month", {"month": self.month}),
            (bool(self.client), "contains(lower(scores.client_id), lower($client))", {"client": self.client}),
            (bool(self.segment), "segment = $segment", {"segment": self.segment}),
            (bool(self.okved), "starts_with(okved, $okved)", {"okved": self.okved}),
            (self.decile is not None, "decile = $decile", {"decile": self.decile}),
            (self.least is not None, "probability >= $least", {"least": self.least}),
            (self.most is not None, "probability <= $most", {"most": self.most}),
            (self.group is not None, _GROUPS.get(self.group or "offer", ""), {}),
            (self.opened is not None, "opened = $opened", {"opened": self.opened}),
        ]
        return {condition: parameters for is_given, condition, parameters in given if is_given}


@dataclass(frozen=True)
class Found:
    """What there is of what somebody wants.

    Attributes
    ----------
    total
        Clients.
    expected
        Openings that their probabilities add up to.
    rows
        Rows of one page.
    """

    total: int
    expected: float
    rows: list[dict[str, Any]]


def find(version: Version, wanted: Wanted, limit: int, offset: int) -> Found:
    """A page of the clients."""
    where, parameters = wanted.where()
    sums = version.rows(
        f"SELECT count(*) AS total, coalesce(sum(probability), 0) AS expected FROM {SCORES} AS scores WHERE {where}",  # noqa: S608  # as above
        parameters,
    )[0]
    rows = version.rows(
        f"SELECT * FROM {SCORES} AS scores WHERE {where} ORDER BY {_ORDERS[wanted.order]} LIMIT $limit OFFSET $offset",  # noqa: S608  # as above
        {**parameters, "limit": limit, "offset": offset},
    )
    return Found(sums["total"], sums["expected"], rows)


def rows_for_the_optimiser(version: Version, month: ScoredMonth, wanted: Wanted, settings: Settings) -> Iterator[pl.DataFrame]:
    """All rows that are wanted, a part at a time: columns of the optimiser's file, then what people like to know beside them."""
    campaign = campaign_of(month, settings)
    where, parameters = wanted.where()
    sql = _FOR_THE_OPTIMISER.format(
        listed=_IN_FILE if version.has(LISTS) else _NOBODY, where=where, order="scores." + _ORDERS[wanted.order]
    )
    more = {"snapshot_date": month.snapshot_date, "value": campaign.offer_value_minor, "cost": campaign.contact_cost_minor}
    cursor = version.cursor()
    try:
        reader = cursor.execute(sql, {**parameters, **more}).to_arrow_reader(ROWS_AT_A_TIME)
        for batch in reader:
            yield pl.DataFrame(pl.from_arrow(batch))
    finally:
        cursor.close()
