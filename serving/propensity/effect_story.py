"""What the offers brought, sorted by the question that it answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from serving.propensity.judging import Row
from vitrina.propensity.campaign_effect import (
    BY_FILE,
    BY_RULE,
    CONTACTED_CONTROL,
    CONVERSION_RATIO,
    CONVERSION_UPLIFT,
    COST_PER_OPENING,
    OFFER_AGAINST_CONTROL,
    POOLED,
)


@dataclass(frozen=True)
class Experiment:
    """Offer against control.

    Attributes
    ----------
    month
        First day of the month of the snapshot; of several months together, the last.
    is_pooled
        Whether it is of all months until then.
    uplift
        The difference of the conversions.
    ratio, contacted_control
        Their ratio, and how many of the control group were contacted after all; None where it is not told.
    """

    month: dt.date
    is_pooled: bool
    uplift: Row
    ratio: Row | None
    contacted_control: Row | None

    @property
    def rates(self) -> tuple[float | None, float | None]:
        """Conversion with an offer, and without one."""
        row = self.uplift
        return tuple(  # type: ignore[return-value]  # of two
            row[f"openings_{group}"] / row[f"n_{group}"] if row[f"n_{group}"] else None for group in ("offer", "control")
        )


@dataclass(frozen=True)
class ChannelCost:
    """What an opening cost in a channel.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    channel
        The channel, as delivered.
    by_file
        Whether the optimiser's file chose the clients; today's rule did otherwise.
    row
        Cost per opening in minor currency units, contacts and openings.
    """

    month: dt.date
    channel: str
    by_file: bool
    row: Row


def experiments(rows: list[Row]) -> list[Experiment]:
    """Offer against control, all months together first, then the newest."""
    found = []
    for comparison in (POOLED, OFFER_AGAINST_CONTROL):
        of_comparison = {(row["month"], row["measure"]): row for row in rows if row["comparison"] == comparison}
        months = sorted({month for month, measure in of_comparison if measure == CONVERSION_UPLIFT}, reverse=True)
        found += [
            Experiment(
                month,
                comparison == POOLED,
                of_comparison[month, CONVERSION_UPLIFT],
                of_comparison.get((month, CONVERSION_RATIO)),
                of_comparison.get((month, CONTACTED_CONTROL)),
            )
            for month in (months[:1] if comparison == POOLED else months)
        ]
    return found


def channel_costs(rows: list[Row]) -> list[ChannelCost]:
    """Cost per opening by channel, the newest month first."""
    found = []
    for row in rows:
        channel, comma, chosen_by = row["comparison"].rpartition(", ")
        if row["measure"] == COST_PER_OPENING and comma and chosen_by in (BY_FILE, BY_RULE):
            found.append(ChannelCost(row["month"], channel, chosen_by == BY_FILE, row))
    return found
