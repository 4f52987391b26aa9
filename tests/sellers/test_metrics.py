"""What a made-up video comes to, counted by hand."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sellers.rows_of_people import (
    START,
    VIDEO,
    interaction,
    interactions,
    people_of,
    tracks_of,
    video_file,
    video_files,
    walk,
)
from vitrina.errors import SettingsError
from vitrina.sellers.interactions import ENCOUNTERS_SCHEMA
from vitrina.sellers.intervals import count, share
from vitrina.sellers.metrics import BY_NAME, METRICS, Footage, MetricRule, seller_video_metrics
from vitrina.sellers.receipt_matching import ReceiptRule
from vitrina.sellers.receipts import RECEIPTS_SCHEMA, consulted, with_receipts
from vitrina.sellers.tables import Interactions, People, SellerVideoMetrics, Tracks

ALONE = MetricRule(present_at_least_s=10, waiting_s=60)
NAMES = {1: "anna", 9: "boris"}
ROLES = {1: "seller", 9: "seller"} | dict.fromkeys((2, 3, 4, 5), "customer") | {6: "unknown", 7: "fixture"}
STAYS = {1: (0, 300), 9: (200, 400), 2: (10, 110), 3: (20, 25), 4: (50, 390), 5: (410, 500), 6: (0, 900), 7: (0, 900)}
"""Person → when they were in the picture."""


def scene(stays=None, video=VIDEO):
    trajectories = pl.concat(
        [
            walk(person, [(0.0, 0.0), (0.0, 0.0)], step=float(end - begin), video=video).with_columns(pts_s=pl.col("pts_s") + begin)
            for person, (begin, end) in (stays or STAYS).items()
        ]
    )
    tracks = tracks_of(trajectories, {person: person for person in STAYS})
    return tracks, people_of(tracks, ROLES, NAMES)


SERVED = interactions(
    interaction(1, 30, 100, seller=1, customer=2, seller_id="anna"),
    interaction(2, 210, 230, seller=1, customer=4, seller_id="anna"),
    interaction(3, 220, 260, seller=9, customer=4, seller_id="boris"),
)
RECEIPTS = pl.DataFrame(
    [
        {"receipt_id": name, "store_id": "shop-1", "at": START + dt.timedelta(seconds=at), "amount": amount, "register": "1"}
        for name, at, amount in (("a", 120, 900), ("b", 270, 500), ("c", 700, 100), ("d", 705, 300))
    ],
    schema=RECEIPTS_SCHEMA,
)


def measured(
    tracks, people, served=SERVED, *, receipts=RECEIPTS, coverage=1.0, encounters=(), rule=ALONE, video=VIDEO, paying_s=0.0
):
    videos = video_files(video_file(video, duration_s=1_000.0))
    purchases = payments = None
    if receipts is not None:
        served, payments = with_receipts(served, receipts, videos, rule=ReceiptRule(paying_s=paying_s))
        purchases = consulted(served, receipts, videos)
    near = pl.DataFrame(list(encounters), schema=ENCOUNTERS_SCHEMA, orient="row")
    footage = Footage(video, START, 1_000.0, coverage)
    return seller_video_metrics(footage, tracks, people, served, encounters=near, purchases=purchases, payments=payments, rule=rule)


def values(found, seller=""):
    return dict(found.filter(pl.col("seller_id") == seller).select("metric", "value").rows())


def refusals(found, seller=""):
    return dict(found.filter(pl.col("seller_id") == seller).select("metric", "refused").rows())


def row(found, metric, seller=""):
    return found.row(by_predicate=(pl.col("metric") == metric) & (pl.col("seller_id") == seller), named=True)


def test_every_number_is_the_one_counted_by_hand():
    found = measured(*scene())
    assert values(found) == {
        "customers_present": 3,
        "customers_served": 2,
        "interaction_ratio": 2 / 3,
        "interactions": 3,
        "successful_interactions": 2,
        "unsuccessful_interactions": 1,
        "average_purchase_with_consultation": 700,
        "average_purchase_without_consultation": 200,
        "average_purchase_difference": 500,
        "average_purchase_ratio": 3.5,
        "present_s": 400,
        # 30-100 and 210-260 are served
        "idle_s": 280,
        # 4 came at 50 and both sellers' idleness begins at 100; 5 came when they had gone
        "waiting_unserved": 1,
    }
    assert set(refusals(found).values()) == {None}


def test_a_sellers_numbers_are_about_the_time_that_the_seller_was_there():
    found = measured(*scene())
    anna, boris = values(found, "anna"), values(found, "boris")
    assert (anna["present_s"], anna["idle_s"], boris["present_s"], boris["idle_s"]) == (300, 210, 200, 160)
    assert (anna["customers_present"], anna["customers_served"], anna["interactions"]) == (2, 2, 2)
    assert (boris["customers_present"], boris["interaction_ratio"]) == (1, 1.0)
    assert (boris["successful_interactions"], boris["average_purchase_with_consultation"]) == (1, 500)


def test_what_belongs_to_no_single_seller_is_refused_with_a_reason():
    refused = refusals(measured(*scene()), "anna")
    reasons = {metric.name: metric.refused_per_seller for metric in METRICS}
    assert refused == reasons
    assert reasons["waiting_unserved"] == "Whoever waits, waits for any seller."


def test_every_metric_is_told_once_for_each_seller_and_for_all():
    found = measured(*scene())
    assert found["metric"].to_list() == list(BY_NAME) * 3
    assert found["seller_id"].unique(maintain_order=True).to_list() == ["", "anna", "boris"]


def test_counts_and_shares_carry_their_intervals():
    found = measured(*scene())
    assert tuple(row(found, "interactions")[key] for key in ("value", "low", "high", "n")) == count(3)
    assert tuple(row(found, "interaction_ratio")[key] for key in ("value", "low", "high", "n")) == share(2, 3)
    assert row(found, "average_purchase_with_consultation")["low"] == 500


def test_a_sellers_only_purchase_has_no_interval():
    only = row(measured(*scene()), "average_purchase_with_consultation", "boris")
    assert (only["value"], only["low"], only["high"], only["n"]) == (500, None, None, 1)


def test_what_was_not_seen_widens_every_interval_and_scales_no_value():
    full, part = measured(*scene()), measured(*scene(), coverage=0.8)
    assert values(full) == values(part)
    both = full.join(part, on=["video", "seller_id", "metric"], suffix="_part").filter(pl.col("low").is_not_null())
    assert both.filter((pl.col("low_part") > pl.col("low")) | (pl.col("high_part") < pl.col("high"))).is_empty()
    assert row(part, "present_s")["high"] == 400 + 200
    assert row(part, "interactions")["high"] == count(3).high / 0.8
    assert part["coverage"].unique().to_list() == [0.8]


def test_below_the_least_coverage_there_is_no_number_but_a_reason():
    found = measured(*scene(), coverage=0.3)
    assert set(values(found).values()) == {None}
    assert refusals(found)["interactions"] == "30% of the time could be seen; numbers are told from 50% on."


def test_without_receipts_success_and_purchases_are_unknown_and_the_rest_is_not():
    found = measured(*scene(), receipts=None)
    assert {name for name, value in values(found).items() if value is None} == {
        "successful_interactions",
        "unsuccessful_interactions",
        "average_purchase_with_consultation",
        "average_purchase_without_consultation",
        "average_purchase_difference",
        "average_purchase_ratio",
    }
    assert refusals(found)["successful_interactions"] == "No receipts of this store and day were delivered."


def test_when_receipts_of_a_part_of_the_time_are_missing_success_is_unknown():
    served = SERVED.with_columns(successful=pl.Series([True, False, None]))
    tracks, people = scene()
    near = pl.DataFrame(schema=ENCOUNTERS_SCHEMA)
    purchases = consulted(Interactions.empty(), RECEIPTS, video_files(video_file()))
    found = seller_video_metrics(Footage(VIDEO, START, 1_000.0, 1.0), tracks, people, served, encounters=near, purchases=purchases)
    assert "part of the time" in refusals(found)["successful_interactions"]


def test_a_day_without_an_interaction_had_none_and_up_to_four():
    found = measured(*scene(), Interactions.empty())
    none = row(found, "successful_interactions")
    assert (none["value"], none["low"], none["high"]) == (0, 0, pytest.approx(3.689, abs=1e-3))
    assert refusals(found)["average_purchase_with_consultation"] == "No purchase with consultation was seen."
    assert refusals(found)["average_purchase_difference"] == "No purchase with consultation was seen."


def test_an_empty_shop_has_counts_of_nothing_and_no_shares():
    found = measured(Tracks.empty(), People.empty(), Interactions.empty())
    assert values(found)["customers_present"] == values(found)["present_s"] == 0
    assert refusals(found)["interaction_ratio"] == "No customer was there."


def test_whoever_is_served_was_present_however_short():
    stays = STAYS | {3: (32, 37)}
    served = interactions(interaction(1, 32, 37, seller=1, customer=3))
    found = values(measured(*scene(stays), served))
    assert (found["customers_present"], found["customers_served"]) == (4, 1)


def test_nobody_waits_while_a_seller_is_free_or_near():
    # nobody sells: all who stay longer than a minute wait
    absent = {person: stay for person, stay in STAYS.items() if person not in NAMES}
    assert values(measured(*scene(absent), Interactions.empty()))["waiting_unserved"] == 3
    # one seller, serving somebody else all the time
    busy = {1: (0, 300), 2: (0, 300), 4: (0, 300)}
    served = interactions(interaction(1, 0, 300, seller=1, customer=2))
    assert values(measured(*scene(busy), served))["waiting_unserved"] == 1
    near = [(VIDEO, 1, 4, 30.0, 280.0)]
    assert values(measured(*scene(busy), served, encounters=near))["waiting_unserved"] == 0
    # a second seller who is free
    assert values(measured(*scene(busy | {9: (0, 300)}), served))["waiting_unserved"] == 0


def test_to_take_money_is_no_interaction_but_keeps_a_seller_busy():
    served = pl.concat([SERVED, interactions(interaction(4, 350, 385, seller=9, customer=4))])
    sold = pl.concat(
        [
            RECEIPTS.filter(pl.col("receipt_id") == "a"),
            RECEIPTS.filter(pl.col("receipt_id") == "b").with_columns(pl.col("at") + dt.timedelta(seconds=114)),
        ]
    )
    found = values(measured(*scene(), served, receipts=sold, paying_s=60.0))
    assert (found["interactions"], found["successful_interactions"]) == (3, 2)
    assert found["idle_s"] == 280 - 35


def test_sellers_who_are_not_on_the_roster_count_in_the_whole_alone():
    tracks, people = scene()
    unnamed = people.with_columns(seller_id=pl.lit(None, pl.String))
    found = measured(tracks, unnamed)
    assert found["seller_id"].unique().to_list() == [""]
    assert values(found) == values(measured(tracks, people))


def test_a_coverage_limit_of_nothing_is_refused():
    with pytest.raises(SettingsError, match="coverage"):
        MetricRule(least_coverage=0.0)


def test_every_metric_says_what_it_means():
    assert all(metric.meaning.endswith(".") and metric.unit for metric in METRICS)
    assert len(BY_NAME) == len(METRICS)


stays = st.fixed_dictionaries(
    {person: st.tuples(st.integers(0, 400), st.integers(1, 400)).map(lambda s: (s[0], s[0] + s[1])) for person in STAYS}
)
talks = st.lists(
    st.tuples(st.sampled_from([1, 9]), st.sampled_from([2, 3, 4, 5]), st.integers(0, 800), st.integers(5, 100)), max_size=8
)


@settings(deadline=None, max_examples=12)
@given(stays, talks, st.integers(0, 1_000), st.sampled_from([0.5, 0.9, 1.0]))
def test_the_order_of_rows_changes_nothing_and_every_value_lies_in_its_interval(stays, talks, seed, coverage):
    tracks, people = scene(stays)
    served = interactions(
        *(interaction(i, begin, begin + lasts, seller=s, customer=c) for i, (s, c, begin, lasts) in enumerate(talks, 1))
    )
    found = measured(tracks, people, served, coverage=coverage)
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (tracks, people, served, RECEIPTS)]
    assert measured(*shuffled[:3], receipts=shuffled[3], coverage=coverage).equals(found)
    known = found.filter(pl.col("low").is_not_null())
    assert known.filter((pl.col("low") > pl.col("value") + 1e-9) | (pl.col("high") < pl.col("value") - 1e-9)).is_empty()
    whole = values(found)
    assert whole["successful_interactions"] + whole["unsuccessful_interactions"] == whole["interactions"] == len(talks)
    assert whole["idle_s"] <= whole["present_s"]
    assert SellerVideoMetrics.check(found).equals(found)
