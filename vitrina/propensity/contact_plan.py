"""What so many contacts of a month would bring: looked up in the month's ranking, as the file for the optimiser would be made."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt

from vitrina.errors import VitrinaError
from vitrina.propensity.campaign_file import Campaign, strata_of
from vitrina.propensity.campaign_plan import PlanError, detectable_uplift, months_to_pool
from vitrina.propensity.resampling import Bools, Floats

PROVED_UPLIFT = 0.1
"""The relative uplift that the business asks for: 10 % more openings."""

N_PLACES = 200
"""A multiple of ten."""


@dataclass(frozen=True)
class ContactPlan:
    """What a budget brings, if as many open as the calibrated probabilities say.

    Attributes
    ----------
    asked
        Contacts of the budget.
    contacts
        Contacts that the list has room for: all that were asked for, or as many as are worth their cost.
    controls
        Clients of the list who are left alone.
    openings
        Expected openings among the contacted, on average over the draws of the control group.
    base_rate
        Expected conversion of the whole list.
    last_probability
        Probability of the last client of the list.
    cost_minor, value_minor
        Of the contacts, and of the openings, in minor currency units.
    detectable_uplift
        Smallest relative uplift that groups of these sizes prove in one month; None where they prove nothing.
    months_to_pool
        Months with such groups that prove 10 % more; None where that cannot be planned for.
    """

    asked: int
    contacts: int
    controls: int
    openings: float
    base_rate: float
    last_probability: float
    cost_minor: int
    value_minor: int
    detectable_uplift: float | None
    months_to_pool: int | None

    @property
    def listed(self) -> int:
        """Clients of the list, with those who are left alone."""
        return self.contacts + self.controls

    @property
    def conversion(self) -> float:
        """Expected share of the contacted who open."""
        return self.openings / self.contacts

    @property
    def net_minor(self) -> int:
        """Value less cost."""
        return self.value_minor - self.cost_minor

    @property
    def cost_per_opening_minor(self) -> int:
        """Cost of an expected opening."""
        return round(self.cost_minor / self.openings)


class Ranking:
    """The scored clients of a month by rank, made once, so that any budget is a look-up.

    Parameters
    ----------
    probabilities
        Calibrated probabilities, the likeliest client's first, shape (clients,).
    opened
        Whether each opened the account; None while that is not known.

    Raises
    ------
    VitrinaError
        Probabilities grow with the rank, or there are none.
    """

    def __init__(self, probabilities: Floats, opened: Bools | None = None) -> None:
        if not len(probabilities) or (np.diff(probabilities) > 0).any():
            raise VitrinaError("The ranking is empty, or not in the order of its probabilities.", "Score the month anew.")
        self.probabilities = probabilities
        self._promised = np.concatenate(([0.0], np.cumsum(probabilities)))
        self._came = None if opened is None else np.concatenate(([0.0], np.cumsum(opened, dtype=np.float64)))

    @property
    def clients(self) -> int:
        """Scored clients."""
        return len(self.probabilities)

    def outcome(self, month: dt.date) -> Outcome:
        """What came of the ranking, as that of a month.

        Raises
        ------
        VitrinaError
            It is not known yet.
        """
        if self._came is None:
            raise VitrinaError("The openings of the month are not known yet.", "Ask for a month whose horizon is over.")
        dense = np.geomspace(1, self.clients, N_PLACES).round().astype(np.int64)
        # rounded up, as deciles are: their borders are among the places
        even = -(-np.arange(N_PLACES + 1) * self.clients // N_PLACES)
        places = np.unique(np.concatenate([dense, even]))
        return Outcome(month, places, self._promised[places], self._came[places])

    def worth_contacting(self, campaign: Campaign) -> int:
        """Clients whose contact is expected to bring more than it costs."""
        value, cost = campaign.offer_value_minor, campaign.contact_cost_minor
        return bisect.bisect_left(self.probabilities, 1, key=lambda probability: int(round(probability * value) <= cost))

    def most_contacts(self, campaign: Campaign) -> int:
        """Contacts that make sense, whatever the budget."""
        worth = self.worth_contacting(campaign)
        return worth - campaign.control_size(worth)

    def plan(self, campaign: Campaign) -> ContactPlan | None:
        """What a budget brings; None where no contact is worth its cost.

        Sizes are those of `vitrina.propensity.campaign_file.campaign_list`; expected openings are those of its strata, less the
        share of each that is left alone.
        """
        listed = min(campaign.list_length, self.worth_contacting(campaign))
        if not listed:
            return None
        controls = campaign.control_size(listed)
        left_alone = sum(
            (self._promised[places.stop] - self._promised[places.start]) * quota / len(places)
            for places, quota in strata_of(listed, controls)
        )
        promised, contacts = float(self._promised[listed]), listed - controls
        openings, base_rate = promised - float(left_alone), promised / listed
        return ContactPlan(
            asked=campaign.budget,
            contacts=contacts,
            controls=controls,
            openings=openings,
            base_rate=base_rate,
            last_probability=float(self.probabilities[listed - 1]),
            cost_minor=contacts * campaign.contact_cost_minor,
            value_minor=round(openings * campaign.offer_value_minor),
            detectable_uplift=_detectable(base_rate, contacts, controls),
            months_to_pool=_months(base_rate, contacts, controls),
        )


@dataclass(frozen=True)
class PastShare:
    """What was promised of the first clients of a month whose openings are known, and what came.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    clients
        The first clients of its ranking.
    promised, came
        Openings among them.
    """

    month: dt.date
    clients: int
    promised: float
    came: float

    @property
    def rate(self) -> float:
        """Share of them that opened."""
        return self.came / self.clients


@dataclass(frozen=True)
class Outcome:
    """A month whose openings are known, at some places of its ranking: enough for a look-up, and small enough to keep of every month.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    places
        Clients, from none of them to all, shape (places,); the closer to the top, the denser.
    promised, came
        Openings among so many.
    """

    month: dt.date
    places: npt.NDArray[np.int64]
    promised: Floats
    came: Floats

    def at(self, share: float) -> PastShare:
        """What came of a share of the ranking; between two places in a straight line."""
        clients = max(1, floor(share * int(self.places[-1]) + 0.5))
        promised, came = (float(np.interp(clients, self.places, values)) for values in (self.promised, self.came))
        return PastShare(self.month, clients, promised, came)


def _detectable(base_rate: float, contacts: int, controls: int) -> float | None:
    try:
        return detectable_uplift(base_rate, contacts, controls)
    except PlanError:
        return None


def _months(base_rate: float, contacts: int, controls: int) -> int | None:
    try:
        return months_to_pool(base_rate, PROVED_UPLIFT, contacts, controls)
    except PlanError:
        return None
