"""What the API answers with."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from serving.propensity.planning import Planned
from serving.propensity.scored_months import ScoredMonth

MONTH = "First day of the month of the snapshot."


class LeftOutOut(BaseModel):
    """Clients who are not scored."""

    rule: str = Field(description="Why.", examples=["liquidated"])
    clients: int = Field(examples=[86])
    share: float = Field(description="Share of the month's clients.", examples=[0.0143])


class MonthOut(BaseModel):
    """A scored month."""

    month: dt.date = Field(description=MONTH, examples=["2026-09-01"])
    clients: int = Field(description="Scored clients.", examples=[5895])
    expected_openings: float = Field(description="Openings that the calibrated probabilities add up to.", examples=[499.9])
    openings: int | None = Field(description="Openings that came; null while they are not known.", examples=[528])
    model: str = Field(description="Model that made the scores.", examples=["2026-09-boosted-46224714"])
    snapshot_date: dt.date | None = Field(description="Day of the snapshot.")
    left_out: list[LeftOutOut] = Field(description="Who is not scored, and why.")

    @classmethod
    def of(cls, month: ScoredMonth) -> MonthOut:
        """From what was found."""
        left_out = [LeftOutOut(**vars(one)) for one in month.left_out]
        return cls.model_validate({**vars(month), "expected_openings": month.expected, "left_out": left_out})


class ScoreOut(BaseModel):
    """A client's score in a month."""

    month: dt.date = Field(description=MONTH, examples=["2026-09-01"])
    client_id: str = Field(examples=["00123"])
    segment: str | None = Field(description="Segment, as delivered.", examples=["small business"])
    okved: str | None = Field(description="Main activity, as delivered.", examples=["47.11"])
    probability: float = Field(description="Calibrated probability that the account is opened within the horizon.", examples=[0.31])
    decile: int = Field(description="Tenth of the clients, 1 the likeliest.", examples=[1])
    rank: int = Field(description="Place by probability, 1 the likeliest.", examples=[17])
    campaign_group: str | None = Field(
        description="`offer` or `control` in the optimiser's file; null for who is not in it.", examples=["offer"]
    )
    reason_en: str = Field(description="What speaks most for it, in English.", examples=["turnover: high"])
    reason_ru: str = Field(description="What speaks most for it, in Russian.")
    version: str = Field(description="Model that made the score.", examples=["2026-09-boosted-46224714"])
    opened: bool | None = Field(description="Whether the account was opened; null while that is not known.")


class PastShareOut(BaseModel):
    """What came of the same share of another month's ranking."""

    month: dt.date = Field(description=MONTH, examples=["2026-06-01"])
    clients: int = Field(description="The first clients of its ranking.", examples=[1111])
    promised: float = Field(description="Openings that their probabilities add up to.", examples=[157.3])
    came: float = Field(description="Openings among them.", examples=[290.7])


class PlanOut(BaseModel):
    """What a budget would bring. Openings are those of likely clients, not those that offers cause: the control group shows these."""

    version: str = Field(description="Published version.", examples=["20260930T120000000000Z"])
    month: dt.date = Field(description=MONTH, examples=["2026-09-01"])
    asked: int = Field(description="Contacts of the budget.", examples=[1000])
    most_contacts: int = Field(description="Contacts that are expected to bring more than they cost.", examples=[5012])
    contacts: int = Field(description="Contacts that the list has room for.", examples=[1000])
    control_size: int = Field(description="Clients of the list who are left alone; they cost no contact.", examples=[112])
    control_share: float = Field(description="Share of the list that is left alone.", examples=[0.1])
    expected_openings: float = Field(description="Expected openings among the contacted.", examples=[273.2])
    conversion: float | None = Field(description="Expected share of the contacted who open.", examples=[0.273])
    currency: str = Field(examples=["₽"])
    contact_cost: float = Field(description="Cost of a contact.", examples=[100.0])
    opening_value: float = Field(description="Value of an opening.", examples=[10000.0])
    cost: float = Field(description="Cost of all contacts.", examples=[100000.0])
    cost_per_opening: float | None = Field(description="Cost of an expected opening.", examples=[366.03])
    value: float = Field(description="Value of the expected openings.", examples=[2732038.43])
    net_value: float = Field(description="Value less cost.", examples=[2632038.43])
    detectable_uplift: float | None = Field(
        description="Smallest relative uplift that groups of these sizes prove in one month (power 80 %, two-sided 5 %); "
        "null where they prove nothing.",
        examples=[0.488],
    )
    months_to_prove_10_percent: int | None = Field(
        description="Months with such groups that prove 10 % more openings; null where that cannot be planned for.", examples=[22]
    )
    past: list[PastShareOut] = Field(
        description="What came of the same share of months whose openings are known, the newest first."
    )

    @classmethod
    def of(cls, found: Planned, version: str, currency: str) -> PlanOut:
        """From what was found."""
        plan, campaign = found.plan, found.campaign
        return cls(
            version=version,
            month=found.month.month,
            asked=campaign.budget,
            most_contacts=found.most,
            contacts=plan.contacts if plan else 0,
            control_size=plan.controls if plan else 0,
            control_share=campaign.control_share,
            expected_openings=plan.openings if plan else 0,
            conversion=plan.conversion if plan else None,
            currency=currency,
            contact_cost=campaign.contact_cost_minor / 100,
            opening_value=campaign.offer_value_minor / 100,
            cost=plan.cost_minor / 100 if plan else 0,
            cost_per_opening=plan.cost_per_opening_minor / 100 if plan else None,
            value=plan.value_minor / 100 if plan else 0,
            net_value=plan.net_minor / 100 if plan else 0,
            detectable_uplift=plan.detectable_uplift if plan else None,
            months_to_prove_10_percent=plan.months_to_pool if plan else None,
            past=[PastShareOut(**vars(one)) for one in found.past],
        )


class QualityOut(BaseModel):
    """A measure of a judged month, over all clients."""

    month: dt.date = Field(description=MONTH, examples=["2026-06-01"])
    scorer: str = Field(description="Model, or what a sceptic would use instead.", examples=["scores"])
    measure: str = Field(examples=["gini"])
    value: float | None = Field(description="Null below 30 openings.", examples=[0.578])
    low: float | None = Field(description="Lower end of the 95 % interval.", examples=[0.543])
    high: float | None = Field(description="Upper end of it.", examples=[0.617])
    by_chance: float | None = Field(description="The measure of a random order; null where that promises nothing.", examples=[0.01])
    change: float | None = Field(description="Value less that of the judged month before.", examples=[0.01])
    worst_month: float | None = Field(description="Smallest value of all judged months.", examples=[0.297])
    deviation_of_months: float | None = Field(description="Standard deviation over months.", examples=[0.09])
    months_measured: int = Field(description="Months with a value.", examples=[9])
    clients: int = Field(examples=[5892])
    openings: int = Field(examples=[528])


class DriftOut(BaseModel):
    """How far a feature, or the score, has moved from what the month's model learnt from."""

    month: dt.date = Field(description=MONTH, examples=["2026-09-01"])
    feature: str = Field(description="Column of the features, or `score`.", examples=["n_key_rate"])
    label: str = Field(description="Name for people.", examples=["key_rate"])
    psi: float = Field(description="Population stability index.", examples=[7.34])
    has_drifted: bool = Field(description="Whether it is above 0.25, a significant shift.")
    constant_within_month: bool = Field(description="Whether it is the same for all clients of a month.")
    proposal: str | None = Field(description="Why it should be left out; null where nothing is proposed.")


class EffectOut(BaseModel):
    """What the offers of a month have brought."""

    month: dt.date = Field(description=MONTH, examples=["2026-06-01"])
    comparison: str = Field(examples=["offer against control"])
    measure: str = Field(examples=["conversion_uplift"])
    value: float | None = Field(examples=[0.012])
    low: float | None = Field(description="Lower end of the 95 % interval.", examples=[0.004])
    high: float | None = Field(description="Upper end of it.", examples=[0.02])
    excludes_zero: bool | None = Field(description="Whether the interval leaves out no effect; null where nothing is compared.")
    n_offer: int = Field(description="Clients offered, contacted by the channel, or at the top of the ranking.")
    n_control: int = Field(description="Clients left alone, or contacted by today's rule.")
    openings_offer: int = Field(description="Openings among the first.")
    openings_control: int = Field(description="Openings among the second.")


class FileOut(BaseModel):
    """A file for the optimiser."""

    month: dt.date = Field(description=MONTH, examples=["2026-09-01"])
    format: Literal["csv", "parquet"]
    address: str = Field(description="Where it is fetched.", examples=["/api/v1/propensity/files/2026-09-01/csv"])
    rows: int = Field(description="Clients in it.", examples=[1112])
    control_rows: int = Field(description="Clients of the control group among them.", examples=[112])
    sha256: str = Field(description="SHA-256 of the file.")
    model_version: str = Field(description="Model that made the probabilities.", examples=["2026-09-boosted-46224714"])
