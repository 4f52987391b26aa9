"""What a budget would bring, beside what the same budget would have brought in months whose openings are known."""

from __future__ import annotations

from dataclasses import dataclass

from serving.propensity.scored_months import SCORES, ScoredMonth, chosen_month, ranking, read_ranking, scored_months
from serving.web.versions import Version
from vitrina.propensity.campaign_file import Campaign
from vitrina.propensity.contact_plan import ContactPlan, Outcome, PastShare
from vitrina.propensity.two_proportions import wilson
from vitrina.settings import Settings

MOST_MONTHS = 12
"""Months whose openings are known that a budget is compared with, the newest."""


@dataclass(frozen=True)
class Planned:
    """A budget and what it brings.

    Attributes
    ----------
    month
        The month that is planned for.
    campaign
        Budget, values and control share.
    plan
        What it brings; None where no contact is worth its cost.
    most
        Contacts that make sense, whatever the budget.
    past
        The same share of months whose openings are known, the newest first.
    judged
        The same share of the month itself where its openings are known, or else of the newest such month; None where there is none.
    """

    month: ScoredMonth
    campaign: Campaign
    plan: ContactPlan | None
    most: int
    past: tuple[PastShare, ...]
    judged: PastShare | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share of the clients that opened in the month to compare with."""
        return None if self.judged is None else wilson(round(self.judged.came), self.judged.clients)

    @property
    def rates(self) -> tuple[float, float] | None:
        """The lowest and the highest share that opened in other months."""
        others = [one.rate for one in self.past if one.month != self.month.month]
        return (min(others), max(others)) if others else None


def planned(
    version: Version, month: ScoredMonth, settings: Settings, contacts: int | None = None, control_share: float | None = None
) -> Planned:
    """What so many contacts of a month would bring; the settings say where nothing is said."""
    campaign = campaign_of(month, settings, contacts, control_share)
    ranked = ranking(version, month)
    plan = ranked.plan(campaign)
    share = 0.0 if plan is None else plan.listed / ranked.clients
    known = reference(version, month)
    return Planned(
        month=month,
        campaign=campaign,
        plan=plan,
        most=ranked.most_contacts(campaign),
        past=tuple(one.at(share) for one in outcomes(version)) if share else (),
        judged=None if known is None or not share else known.at(share),
    )


def campaign_of(
    month: ScoredMonth, settings: Settings, contacts: int | None = None, control_share: float | None = None
) -> Campaign:
    """Budget and values, as the asset that makes the optimiser's file takes them from the settings."""
    return Campaign(
        month.month,
        month.snapshot_date or month.month,
        contacts or settings.propensity_contacts,
        round(settings.propensity_opening_value * 100),
        round(settings.propensity_contact_cost * 100),
        control_share or settings.propensity_control_share,
    )


def outcomes(version: Version) -> tuple[Outcome, ...]:
    """What came of the rankings of the newest months whose openings are known, the newest first."""
    return version.remembered("outcomes", lambda: _outcomes(version))


def reference(version: Version, month: ScoredMonth) -> Outcome | None:
    """What came of the month itself where that is known, or else of the newest month of which it is."""
    known = outcomes(version)
    return next((one for one in known if one.month == month.month), known[0] if known else None)


def warm(version: Version) -> None:
    """Have at hand what every budget is looked up in."""
    if version.has(SCORES):
        ranking(version, chosen_month(version, None))
        outcomes(version)


def _outcomes(version: Version) -> tuple[Outcome, ...]:
    judged = [one for one in scored_months(version).values() if one.openings]
    return tuple(read_ranking(version, one).outcome(one.month) for one in judged[:MOST_MONTHS])
