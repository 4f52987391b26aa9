"""What a budget brings: the sizes of the optimiser's own file, and what its draw of a control group brings on average."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.propensity.campaign_file import Campaign, campaign_list
from vitrina.propensity.campaign_plan import detectable_uplift, months_to_pool
from vitrina.propensity.contact_plan import Ranking

MONTH = dt.date(2024, 3, 1)


def campaign(budget=90, *, value=1_000_000, cost=10_000, share=0.1, seed=0):
    return Campaign(MONTH, MONTH, budget, value, cost, share, seed)


def probabilities(n=400):
    return 0.6 * np.exp(-np.arange(n) / 80) + 0.005


def scores(ranked):
    n = len(ranked)
    return pl.DataFrame(
        {
            "client_id": [f"{number:05d}" for number in range(n)],
            "probability": ranked,
            "rank": range(1, n + 1),
            "model_version": "m",
        }
    )


def test_a_plan_worked_out_by_hand():
    plan = Ranking(np.array([0.5, 0.4, 0.3, 0.2, 0.1])).plan(campaign(2, share=0.5, cost=100_000))

    # four clients are listed, a half of each stratum of two is left alone
    assert (plan.contacts, plan.controls, plan.listed) == (2, 2, 4)
    assert plan.openings == pytest.approx((0.5 + 0.4) / 2 + (0.3 + 0.2) / 2)
    assert plan.conversion == pytest.approx(0.35)
    assert (plan.cost_minor, plan.value_minor, plan.net_minor) == (200_000, 700_000, 500_000)
    assert plan.cost_per_opening_minor == round(200_000 / 0.7)
    assert plan.last_probability == 0.2


@given(st.integers(1, 600), st.integers(1, 50), st.integers(1, 80), st.sampled_from([0, 10_000, 200_000]))
@settings(max_examples=60, deadline=None)
def test_sizes_are_those_of_the_file(budget, percent, n, cost):
    asked = campaign(budget, share=percent / 100, cost=cost)
    ranked = probabilities(n)
    listed, plan = campaign_list(scores(ranked), asked), Ranking(ranked).plan(asked)

    assert plan.listed == listed.height
    assert plan.controls == listed.filter(group="control").height
    assert plan.contacts <= Ranking(ranked).most_contacts(asked)


def test_expected_openings_are_those_of_the_draws_on_average():
    ranked = probabilities()
    drawn = [
        campaign_list(scores(ranked), campaign(share=0.3, seed=seed)).filter(group="offer")["probability"].sum()
        for seed in range(60)
    ]
    plan = Ranking(ranked).plan(campaign(share=0.3))

    assert plan.openings == pytest.approx(np.mean(drawn), rel=0.003)


def test_a_budget_beyond_the_list_is_bounded_by_what_is_worth_its_cost():
    ranking = Ranking(probabilities())
    asked = campaign(10**9, cost=100_000)
    plan = ranking.plan(asked)

    assert plan.contacts == ranking.most_contacts(asked)
    assert plan.last_probability > 0.1
    assert ranking.probabilities[plan.listed] <= 0.1


def test_nobody_is_worth_a_contact_that_costs_more_than_an_opening_brings():
    asked = campaign(cost=1_000_000)

    assert Ranking(probabilities()).plan(asked) is None
    assert Ranking(probabilities()).most_contacts(asked) == 0


def test_what_can_be_proved_is_what_the_plan_of_campaigns_says():
    plan = Ranking(probabilities()).plan(campaign())

    assert plan.detectable_uplift == detectable_uplift(plan.base_rate, plan.contacts, plan.controls)
    assert plan.months_to_pool == months_to_pool(plan.base_rate, 0.1, plan.contacts, plan.controls)


def test_groups_that_prove_nothing_say_so():
    plan = Ranking(np.array([0.98, 0.97])).plan(campaign(1, share=0.5))

    assert plan.detectable_uplift is None
    assert plan.months_to_pool is None


def test_past_shares_at_the_borders_of_deciles_are_exact():
    ranked, rng = probabilities(397), np.random.default_rng(3)
    opened = rng.random(397) < ranked
    outcome = Ranking(ranked, opened).outcome(MONTH)

    for tenth in range(1, 11):
        n = -(-tenth * 397 // 10)
        past = outcome.at(n / 397)
        assert (past.clients, past.came) == (n, opened[:n].sum())
        assert past.promised == pytest.approx(ranked[:n].sum())


def test_a_share_of_almost_nobody_is_one_client():
    outcome = Ranking(probabilities(), np.ones(400, dtype=bool)).outcome(MONTH)

    assert outcome.at(1e-9).clients == 1
    assert outcome.at(1e-9).rate == 1


def test_an_outcome_that_is_not_known_is_refused():
    with pytest.raises(VitrinaError, match="not known yet"):
        Ranking(probabilities()).outcome(MONTH)


@pytest.mark.parametrize("wrong", [np.array([]), np.array([0.1, 0.2])])
def test_a_ranking_that_is_none_is_refused(wrong):
    with pytest.raises(VitrinaError, match="ranking"):
        Ranking(wrong)
