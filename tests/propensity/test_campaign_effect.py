"""What offers have brought: published intervals, campaigns counted by hand, simulated ones."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from vitrina.propensity.campaign_effect import (
    CAPTURED_DIFFERENCE,
    CAPTURED_RATIO,
    CONTACTED_CONTROL,
    CONVERSION_RATIO,
    CONVERSION_UPLIFT,
    COST_PER_OPENING,
    OFFER_AGAINST_CONTROL,
    POOLED,
    TOP_AGAINST_RULE,
    campaign_effect,
)
from vitrina.propensity.campaign_tables import CampaignLists
from vitrina.propensity.two_proportions import Groups, conversion_ratio, conversion_uplift, pooled_ratio, pooled_uplift

MONTH = dt.date(2024, 1, 1)
SNAPSHOT = dt.date(2024, 1, 10)
CLOSED = dt.date(2024, 4, 10)
OPENINGS = {"client_id": pl.String, "opened_on": pl.Date}
CONTACTS = {"client_id": pl.String, "date": pl.Date, "channel": pl.String, "cost_minor": pl.Int64, "rule": pl.String}
NOTHING_OPENED = pl.DataFrame(schema=OPENINGS)
NOBODY_CONTACTED = pl.DataFrame(schema=CONTACTS)


def lists(offer, control, *, snapshot=SNAPSHOT):
    clients = [(client, "offer") for client in offer] + [(client, "control") for client in control]
    return CampaignLists.check(
        pl.DataFrame(
            [
                (snapshot.replace(day=1), client, snapshot, rank, 0.5, 100, group, "m")
                for rank, (client, group) in enumerate(clients, 1)
            ],
            schema=CampaignLists.polars_schema(),
            orient="row",
        )
    )


def openings(*rows):
    return pl.DataFrame(rows, schema=OPENINGS, orient="row")


def contacts(*rows):
    return pl.DataFrame(rows, schema=CONTACTS, orient="row")


def acted_on(*snapshots):
    """A contact of somebody else's client, made from the file: the month's list was acted on."""
    return contacts(*(("stranger", snapshot, "manager", 1, "vitrina") for snapshot in snapshots))


def effect(listed, opened=NOTHING_OPENED, contacted=None, *, until=CLOSED, **more):
    contacted = acted_on(SNAPSHOT) if contacted is None else contacted
    return campaign_effect(listed, opened, contacted, delivered_until=until, **{"seed": 1, **more})


def row(found, comparison, measure, month=MONTH):
    return found.filter(month=month, comparison=comparison, measure=measure).row(0, named=True)


def names(letter, n):
    return [f"{letter}{number}" for number in range(n)]


@pytest.mark.parametrize(
    ("groups", "low", "high"),
    # Newcombe (1998), table II, method 10: cases (a), (b), (h)
    [
        (Groups(70, 80, 56, 48), 0.0524, 0.3339),
        (Groups(10, 10, 9, 3), 0.1705, 0.8090),
        (Groups(10, 10, 10, 0), 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(groups, low, high):
    assert conversion_uplift(groups)[1:] == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_ratio_is_the_one_computed_by_hand():
    # the logarithm's variance is 1/20 - 1/100 + 1/10 - 1/100 = .13
    assert conversion_ratio(Groups(100, 100, 20, 10)) == pytest.approx((2.0, 0.9866, 4.0545), abs=1e-4)
    assert conversion_ratio(Groups(100, 100, 20, 0)) == (None, None, None)
    assert conversion_ratio(Groups(100, 100, 0, 10)) == (0.0, None, None)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    offered, control = rng.binomial(1_800, 0.06, 1_500), rng.binomial(200, 0.05, 1_500)
    drawn = [Groups(1_800, 200, int(ours), int(theirs)) for ours, theirs in zip(offered, control, strict=True)]

    differences = [conversion_uplift(groups) for groups in drawn]
    ratios = [conversion_ratio(groups) for groups in drawn if groups.openings_control]

    assert np.mean([found.low <= 0.01 <= found.high for found in differences]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([found.low <= 1.2 <= found.high for found in ratios]) == pytest.approx(0.95, abs=0.025)


def test_pooled_intervals_hold_the_truth_though_months_and_shares_differ():
    rng = np.random.default_rng(6)
    held = []
    for _ in range(600):
        months = [
            Groups(900, 100, int(rng.binomial(900, 0.12)), int(rng.binomial(100, 0.10))),
            Groups(500, 500, int(rng.binomial(500, 0.36)), int(rng.binomial(500, 0.30))),
        ]
        ratio = pooled_ratio(months)
        held.append(ratio.low <= 1.2 <= ratio.high)

    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_of_one_month_the_pooled_values_are_its_own():
    groups = Groups(100, 100, 20, 10)

    assert pooled_ratio([groups]) == pytest.approx(conversion_ratio(groups))
    assert pooled_uplift([groups]).value == pytest.approx(0.1)
    # .2 * .8 / 100 + .1 * .9 / 100 = .0025
    assert pooled_uplift([groups]).low == pytest.approx(0.1 - 1.959964 * 0.05)


def test_openings_count_from_the_day_after_the_snapshot_to_the_end_of_the_window():
    opened = openings(
        ("a0", SNAPSHOT),
        ("a1", SNAPSHOT + dt.timedelta(days=1)),
        ("a2", CLOSED),
        ("a3", CLOSED + dt.timedelta(days=1)),
        ("a2", CLOSED),
        ("b0", SNAPSHOT + dt.timedelta(days=30)),
        ("stranger", SNAPSHOT + dt.timedelta(days=30)),
    )

    found = row(effect(lists(names("a", 4), names("b", 4)), opened), OFFER_AGAINST_CONTROL, CONVERSION_UPLIFT)

    assert (found["n_offer"], found["n_control"], found["openings_offer"], found["openings_control"]) == (4, 4, 2, 1)
    assert found["value"] == pytest.approx(0.25)
    assert found["excludes_zero"] is False


def test_a_month_whose_window_is_open_is_not_told():
    listed = lists(names("a", 4), names("b", 4))

    assert effect(listed, until=CLOSED - dt.timedelta(days=1)).is_empty()
    assert not effect(listed, until=CLOSED).is_empty()


def test_a_list_that_nobody_acted_on_has_no_effect():
    found = effect(lists(names("a", 4), names("b", 4)), contacted=NOBODY_CONTACTED)
    assert found.filter(pl.col("comparison").is_in([OFFER_AGAINST_CONTROL, POOLED])).is_empty()


def test_an_effect_that_is_there_leaves_out_zero():
    opened = openings(*((client, CLOSED) for client in [*names("a", 60), *names("b", 10)]))
    found = effect(lists(names("a", 100), names("b", 100)), opened)

    assert row(found, OFFER_AGAINST_CONTROL, CONVERSION_UPLIFT)["excludes_zero"] is True
    assert row(found, OFFER_AGAINST_CONTROL, CONVERSION_RATIO)["excludes_zero"] is True
    assert row(found, OFFER_AGAINST_CONTROL, CONVERSION_RATIO)["value"] == pytest.approx(6)


def test_control_clients_who_were_contacted_after_all_are_counted_where_they_were_drawn_and_told():
    contacted = contacts(("b0", SNAPSHOT, "manager", 100, None), ("a0", SNAPSHOT, "manager", 100, "vitrina"))
    found = effect(lists(names("a", 4), names("b", 4)), openings(("b0", CLOSED)), contacted)

    assert row(found, OFFER_AGAINST_CONTROL, CONTACTED_CONTROL)["value"] == pytest.approx(0.25)
    assert row(found, OFFER_AGAINST_CONTROL, CONVERSION_UPLIFT)["openings_control"] == 1


def test_months_are_pooled_with_each_client_in_the_first_list_only():
    february = dt.date(2024, 2, 10)
    listed = pl.concat([lists(["a", "b"], ["c"]), lists(["c", "d"], ["a", "e"], snapshot=february)])
    opened = openings(("a", dt.date(2024, 3, 1)), ("d", dt.date(2024, 3, 1)))

    found = effect(listed, opened, acted_on(SNAPSHOT, february), until=dt.date(2024, 5, 10))

    pooled = row(found, POOLED, CONVERSION_UPLIFT, dt.date(2024, 2, 1))
    assert (pooled["n_offer"], pooled["n_control"], pooled["openings_offer"], pooled["openings_control"]) == (3, 2, 2, 0)
    # January 1/2 - 0/1 with weight 2 * 1 / 3, February 1/1 - 0/1 with weight 1 * 1 / 2
    assert pooled["value"] == pytest.approx((2 / 3 * 0.5 + 1 / 2) / (2 / 3 + 1 / 2))
    assert found.filter(month=MONTH, comparison=POOLED).is_empty()


def test_cost_per_opening_is_told_by_channel_and_by_who_chose():
    day = SNAPSHOT + dt.timedelta(days=5)
    contacted = contacts(
        *((client, day, "manager", 15_000, "Vitrina ") for client in names("a", 40)),
        *((client, day, "manager", 15_000, "age above 2 years") for client in names("x", 40)),
        *((client, day, "banner", None, None) for client in names("x", 40)),
        ("late", dt.date(2024, 2, 10), "manager", 15_000, None),
    )
    opened = openings(
        *((client, CLOSED) for client in names("a", 20)),
        *((client, CLOSED) for client in names("x", 10)),
        ("a30", day - dt.timedelta(days=1)),
    )
    found = effect(lists(names("a", 40), names("b", 4)), opened, contacted)

    by_file = row(found, "manager, by the file", COST_PER_OPENING)
    by_rule = row(found, "manager, by today's rule", COST_PER_OPENING)
    assert (by_file["value"], by_file["n_offer"], by_file["openings_offer"]) == (30_000, 40, 20)
    assert (by_rule["value"], by_rule["n_offer"], by_rule["openings_offer"]) == (60_000, 40, 10)
    assert by_file["low"] < 30_000 < by_file["high"]
    assert row(found, "banner, by today's rule", COST_PER_OPENING)["value"] is None


def test_the_top_of_the_ranking_is_set_against_as_many_as_the_rule_contacted():
    by_rule = [(client, SNAPSHOT, "manager", 1, None) for client in [*names("x", 99), "a0"]]
    contacted = contacts(*by_rule, ("a1", SNAPSHOT, "manager", 1, "vitrina"))
    opened = openings(*((client, CLOSED) for client in [*names("a", 40), *names("x", 10)]), ("x50", SNAPSHOT))
    ranking = lists(names("a", 150), names("x", 99)).select("month", "client_id", "rank")

    found = effect(lists(names("a", 5), names("b", 5)), opened, contacted, ranking=ranking)

    difference, ratio = (row(found, TOP_AGAINST_RULE, measure) for measure in (CAPTURED_DIFFERENCE, CAPTURED_RATIO))
    assert (difference["n_offer"], difference["n_control"]) == (100, 100)
    assert (difference["openings_offer"], difference["openings_control"]) == (40, 11)
    assert difference["value"] == pytest.approx(29)
    # of independent draws the deviation is sqrt(100 * (.4 * .6 + .11 * .89)) = 5.8
    assert difference["high"] - difference["low"] == pytest.approx(2 * 1.96 * 5.8, rel=0.1)
    assert difference["excludes_zero"] is True
    assert ratio["value"] == pytest.approx(40 / 11)


def test_a_ranking_shorter_than_the_budget_is_compared_at_its_own_length():
    contacted = contacts(*((client, SNAPSHOT, "manager", 1, None) for client in names("x", 20)))
    opened = openings(*((client, CLOSED) for client in ["a0", "a1", *names("x", 4)]))

    found = row(effect(lists(names("a", 4), ["b"]), opened, contacted), TOP_AGAINST_RULE, CAPTURED_DIFFERENCE)

    # two openings among five, beside 5 * 4/20 expected
    assert found["value"] == pytest.approx(1)
    assert (found["n_offer"], found["n_control"]) == (5, 20)


def test_the_order_of_rows_changes_nothing():
    day = SNAPSHOT + dt.timedelta(days=5)
    listed = lists(names("a", 50), names("b", 10))
    opened = openings(*((client, CLOSED) for client in [*names("a", 20), *names("x", 5)]))
    contacted = contacts(
        *((client, day, "manager", 100 + place, None) for place, client in enumerate([*names("a", 9), *names("x", 9)]))
    )

    shuffled = effect(*(frame.sample(fraction=1, shuffle=True, seed=4) for frame in (listed, opened, contacted)))

    assert shuffled.equals(effect(listed, opened, contacted))
