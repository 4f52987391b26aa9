"""Sizes of the control group: published numbers, then simulated campaigns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.propensity.campaign_plan import (
    PlanError,
    control_size,
    detectable_uplift,
    months_to_pool,
    planning_options,
    power_of,
)
from vitrina.propensity.two_proportions import Groups, conversion_uplift


@pytest.mark.parametrize(
    ("base_rate", "offered", "power", "each"),
    # power.prop.test of R gives 685.6, 76.7 (an example of its own documentation) and 14750.8
    [(0.10, 0.15, 0.8, 686), (0.50, 0.75, 0.9, 77), (0.10, 0.11, 0.8, 14_751)],
)
def test_equal_groups_are_as_large_as_in_published_tables(base_rate, offered, power, each):
    uplift = offered / base_rate - 1

    assert control_size(base_rate, uplift, each, power) == each
    with pytest.raises(PlanError, match="Pool 2 months"):
        control_size(base_rate, uplift, each - 1, power)


def test_unequal_groups_are_as_large_as_computed_by_hand():
    # offers 2,000 at 15 %, 500 left alone at 10 %: pooled 14 %, so the deviations are
    # sqrt(.14 * .86 * (1/2000 + 1/500)) = .017349 and sqrt(.1275/2000 + .09/500) = .015612
    # (.05 - 1.959964 * .017349) / .015612 = 1.0246, whose normal probability is .8472
    assert power_of(0.10, 0.5, 2_000, 500) == pytest.approx(0.8472, abs=2e-4)


def test_power_reached_by_simulated_campaigns_is_the_power_planned():
    offers, base_rate, uplift = 6_000, 0.10, 0.25
    controls = control_size(base_rate, uplift, offers)
    rng = np.random.default_rng(3)
    opened = zip(rng.binomial(offers, base_rate * (1 + uplift), 1_500), rng.binomial(controls, base_rate, 1_500), strict=True)

    proved = [conversion_uplift(Groups(offers, controls, int(ours), int(theirs))).low > 0 for ours, theirs in opened]

    assert controls < offers
    assert np.mean(proved) == pytest.approx(0.8, abs=0.04)


@given(st.floats(0.01, 0.4), st.floats(0.1, 1.0), st.integers(2_000, 200_000), st.floats(0.6, 0.95))
@settings(max_examples=60, deadline=None)
def test_one_client_fewer_would_not_be_enough(base_rate, uplift, offers, power):
    try:
        controls = control_size(base_rate, uplift, offers, power)
    except PlanError:
        assert power_of(base_rate, uplift, offers, offers) < power
        return
    assert power_of(base_rate, uplift, offers, controls) >= power - 1e-9
    assert controls == 1 or power_of(base_rate, uplift, offers, controls - 1) < power


def test_the_smallest_detectable_uplift_is_the_one_the_size_was_made_for():
    controls = control_size(0.05, 0.2, 20_000)

    assert detectable_uplift(0.05, 20_000, controls) == pytest.approx(0.2, rel=1e-3)
    assert power_of(0.05, detectable_uplift(0.05, 20_000, controls), 20_000, controls) == pytest.approx(0.8, abs=1e-6)


def test_pooled_months_are_enough_and_one_fewer_is_not():
    months = months_to_pool(0.03, 0.1, 9_000, 1_000)

    assert months > 1
    assert power_of(0.03, 0.1, 9_000 * months, 1_000 * months) >= 0.8
    assert power_of(0.03, 0.1, 9_000 * (months - 1), 1_000 * (months - 1)) < 0.8


def test_the_months_that_an_impossible_plan_names_make_it_possible():
    months = months_to_pool(0.03, 0.1, 2_000, 2_000)

    with pytest.raises(PlanError, match=f"Pool {months} months"):
        control_size(0.03, 0.1, 2_000)
    assert control_size(0.03, 0.1, 2_000 * months) <= 2_000 * months


def test_groups_of_a_few_clients_prove_nothing_and_that_is_said():
    with pytest.raises(PlanError, match="prove nothing"):
        detectable_uplift(0.5, 3, 1)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ((0.0, 0.1, 100), "base rate"),
        ((0.5, 1.0, 100), "cannot be planned"),
        ((0.1, -0.1, 100), "cannot be planned"),
        ((0.1, 0.1, 0), "at least one"),
        ((0.1, 0.1, 100, 0.3), "power"),
        ((0.1, 0.1, 100, 0.8, 0.0), "alpha"),
    ],
)
def test_a_plan_without_sense_is_refused(wrong, named):
    with pytest.raises(PlanError, match=named):
        control_size(*wrong)


def test_options_show_what_a_larger_share_proves_and_costs():
    options = planning_options(0.04, 9_000, shares=(0.1, 0.25), uplifts=(0.1,))

    assert options.get_column("control_size").to_list() == [1_000, 3_000]
    assert options.get_column("openings_forgone").to_list() == pytest.approx([4.0, 12.0])
    assert options.item(1, "power") > options.item(0, "power")
    assert options.item(1, "detectable_uplift") < options.item(0, "detectable_uplift")
    assert options.item(1, "months_to_pool") < options.item(0, "months_to_pool")
