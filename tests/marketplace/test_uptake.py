"""What users did with what they were shown: known answers first, then the simulation's own truth."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from simulation.marketplace import simulate_marketplace
from simulation.marketplace_behaviour import People, item_weights, lists_on
from simulation.marketplace_days import event_days, shown_days
from simulation.retailer import Size
from vitrina.marketplace.pilot_tables import RecommendationUptake
from vitrina.marketplace.uptake import BASKET, BEFORE, CONVERSION, FOLLOWED, HOLDOUT, RELATIVE_LIFT, RETENTION, uptake

MOMENT = pl.Datetime("us", "UTC")
SHOWN = {
    "user_hash": pl.String,
    "shown_at": MOMENT,
    "bucket": pl.String,
    "version": pl.String,
    "item_id": pl.String,
    "place": pl.Int64,
}
EVENTS = {
    "user_hash": pl.String,
    "item_id": pl.String,
    "kind": pl.String,
    "event_time": MOMENT,
    "price_minor": pl.Int64,
    "quantity": pl.Int64,
}
FOLLOWED_24 = FOLLOWED.format(hours=24)


def at(day, hour=10, minute=0):
    """A moment; lists are shown on the days 100 to 119, the period before begins with day 80, the log with day 0."""
    return dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day, hours=hour, minutes=minute)


def lists(*rows):
    """(user, moment, bucket, item, …)."""
    flat = [
        (user, moment, bucket, "v", item, place) for user, moment, bucket, *items in rows for place, item in enumerate(items, 1)
    ]
    return pl.DataFrame(flat, schema=SHOWN, orient="row")


def done(*rows):
    """(user, item, kind, moment[, price, quantity])."""
    return pl.DataFrame([(*row, *(100, 1)[len(row) - 4 :]) for row in rows], schema=EVENTS, orient="row")


WHOLE_LOG = done(("stranger", "x", "view", at(0)), ("stranger", "x", "view", at(140)))
WHOLE_PERIOD = lists(("first", at(100), "recommended", "zz"), ("last", at(119), "recommended", "zz"))


def compared(shown, events, compared_with, **more):
    found = RecommendationUptake.check(uptake(shown, pl.concat([WHOLE_LOG, events]), seed=1, **more))
    return {row["measure"]: row for row in found.filter(compared=compared_with).iter_rows(named=True)}


def figures(row):
    return row["value"], row["other"], row["users"], row["other_users"]


def test_a_list_is_followed_within_the_window_after_it_was_shown_and_not_before():
    shown = lists(
        ("later", at(100), "recommended", "a", "b"),
        ("in time", at(100), "recommended", "a", "b"),
        ("too late", at(100), "recommended", "a"),
        ("another item", at(100), "recommended", "a"),
        ("earlier", at(100), "recommended", "a"),
        ("brought back", at(100), "recommended", "a"),
        ("out", at(100), "holdout", "a"),
        ("out too", at(100), "holdout", "a"),
    )
    events = done(
        ("later", "b", "purchase", at(101, 10)),
        ("in time", "a", "cart", at(100, 11)),
        ("too late", "a", "view", at(101, 10, 1)),
        ("another item", "b", "view", at(100, 11)),
        ("earlier", "a", "view", at(100, 10)),
        ("brought back", "a", "refund", at(100, 11)),
        ("out", "a", "view", at(100, 12)),
    )
    assert figures(compared(shown, events, HOLDOUT)[FOLLOWED_24]) == (2 / 6, 1 / 2, 6, 2)
    found = compared(shown, events, HOLDOUT, window_h=48)
    assert figures(found[FOLLOWED.format(hours=48)]) == (3 / 6, 1 / 2, 6, 2)
    untimed = events.with_columns(time_known=pl.col("user_hash") != "in time")
    known = uptake(shown, pl.concat([WHOLE_LOG.with_columns(time_known=True), untimed]), seed=1)
    assert known.item(0, "value") == 1 / 6


def test_a_purchase_on_a_day_of_the_shown_period_is_a_conversion():
    shown = pl.concat([WHOLE_PERIOD, lists(("out", at(105), "holdout", "a"))])
    events = done(
        ("first", "q", "purchase", at(119, 23, 59)),
        ("last", "q", "purchase", at(120, 0)),
        ("last", "q", "purchase", at(99, 23, 59)),
        ("out", "q", "cart", at(105)),
    )
    row = compared(shown, events, HOLDOUT)[CONVERSION]
    assert figures(row) == (1 / 2, 0.0, 2, 1)
    assert (row["shown_from"], row["shown_until"]) == (at(100).date(), at(120).date())
    assert row["difference"] == 1 / 2
    # of one user in the hold-out nothing can be said
    assert row["low"] is None


def test_what_is_bought_within_a_minute_is_one_basket():
    events = done(
        ("first", "a", "purchase", at(101, 9, 0), 100, 2),
        ("first", "b", "purchase", at(101, 9, 0) + dt.timedelta(seconds=40), 300, 1),
        ("first", "c", "purchase", at(101, 9, 1), 100, 1),
        ("last", "d", "purchase", at(102), 900, 1),
        ("last", "e", "purchase", at(103), None, 1),
        ("last", "d", "refund", at(104), 900, 1),
        ("out", "d", "purchase", at(104), 250, 2),
    )
    shown = pl.concat([WHOLE_PERIOD, lists(("out", at(105), "holdout", "a"))])
    found = compared(shown, events, HOLDOUT)
    assert figures(found[BASKET]) == (1_500 / 3, 500, 2, 1)
    lift = found[BASKET + RELATIVE_LIFT]
    assert (lift["value"], lift["other"], lift["difference"]) == (1.0, 1.0, 0.0)


def test_users_who_come_again_after_seven_to_fourteen_days_are_retained():
    shown = lists(
        ("after six", at(100), "recommended", "a"),
        ("after seven", at(100), "recommended", "a"),
        ("after seven", at(110), "recommended", "a"),
        ("just before fourteen", at(100), "recommended", "a"),
        ("after fourteen", at(100), "recommended", "a"),
        # the log ends before these 14 days do
        ("lately", at(127), "recommended", "a"),
    )
    events = done(
        ("after six", "q", "view", at(107, 9, 59)),
        ("after seven", "q", "view", at(107)),
        ("just before fourteen", "q", "view", at(114, 9, 59)),
        ("after fourteen", "q", "view", at(114)),
        ("lately", "q", "view", at(135)),
    )
    assert figures(compared(shown, events, HOLDOUT)[RETENTION]) == (2 / 4, None, 4, 0)


def test_users_in_both_parts_of_the_experiment_are_left_out():
    shown = pl.concat([WHOLE_PERIOD, lists(("both", at(105), "holdout", "a"), ("both", at(106), "recommended", "a"))])
    assert figures(compared(shown, done(), HOLDOUT)[CONVERSION]) == (0.0, None, 2, 0)


def known_users(*users):
    """Events before both periods, and one in each."""
    return done(*((user, "q", "view", at(day, 1)) for user in users for day in (5, 85, 105)))


def test_the_period_before_is_as_long_and_the_users_are_the_same():
    events = done(
        ("first", "q", "purchase", at(101), 400, 1),
        ("first", "q", "purchase", at(80, 0), 100, 1),
        ("last", "q", "purchase", at(101), 200, 1),
        ("last", "q", "purchase", at(79, 23, 59), 100, 1),
    )
    found = compared(WHOLE_PERIOD, pl.concat([events, known_users("first", "last")]), BEFORE)
    assert figures(found[CONVERSION]) == (1.0, 1 / 2, 2, 2)
    lift = found[CONVERSION + RELATIVE_LIFT]
    assert (lift["value"], lift["other"], lift["difference"]) == (2.0, 1.0, 1.0)
    assert figures(found[BASKET])[:2] == (300, 100)


def test_only_users_who_were_there_in_both_periods_and_known_before_are_compared_with_themselves():
    shown = lists(*((user, at(day), "recommended", "a") for user in ("whole", "new", "later", "idle") for day in (100, 119)))
    events = done(
        *(("new", "q", "purchase", at(day)) for day in (105, 115)),
        *(("later", "q", "purchase", at(day)) for day in (90, 115)),
        *(("idle", "q", "purchase", at(day)) for day in (5, 90)),
        ("whole", "q", "purchase", at(85)),
    )
    assert figures(compared(shown, pl.concat([events, known_users("whole")]), BEFORE)[CONVERSION]) == (0.0, 1.0, 1, 1)


def test_a_log_that_lacks_the_period_before_gives_nothing_to_compare_with():
    shown = lists(("first", at(10), "recommended", "a"), ("first", at(29), "recommended", "a"))
    for row in compared(shown, done(("first", "a", "purchase", at(9)), ("first", "a", "purchase", at(11))), BEFORE).values():
        assert (row["value"], row["other"], row["difference"], row["low"], row["users"]) == (None, None, None, None, 0)


def test_following_before_is_what_the_same_lists_would_have_met_by_chance():
    shown = lists(
        ("first", at(100), "recommended", "a"), ("first", at(110), "recommended", "b"), ("first", at(119), "recommended", "c")
    )
    # two days in the period before: the lists of a and of b are laid upon them, that of c upon none
    days = [("first", "other", "view", at(85, 8)), ("first", "other", "view", at(95, 8))]
    events = [*days, ("first", "other", "view", at(3)), ("first", "c", "view", at(119, 11))]
    assert figures(compared(shown, done(*events), BEFORE)[FOLLOWED_24]) == (0.0, 0.0, 1, 1)
    by_chance = done(*events, ("first", "b", "view", at(95, 9)))
    assert figures(compared(shown, by_chance, BEFORE)[FOLLOWED_24]) == (0.0, 1.0, 1, 1)
    # the day's first event is where the list would have been shown, and a is not the second day's list
    neither = done(*events, ("first", "b", "view", at(95, 7)), ("first", "a", "view", at(97, 9)))
    assert figures(compared(shown, neither, BEFORE)[FOLLOWED_24])[1] == 0.0
    followed = done(*events, ("first", "b", "view", at(110, 11)))
    assert figures(compared(shown, followed, BEFORE)[FOLLOWED_24])[0] == 1.0


def test_users_are_drawn_with_both_of_their_periods():
    # everybody spends the same in both periods, and each another sum: paired, there is no doubt about the difference
    users = [f"user {number}" for number in range(20)]
    shown = lists(*((user, at(day), "recommended", "a") for user in users for day in (100, 119)))
    events = done(
        *((user, "q", "purchase", at(day), 100 * place**2 + 1, 1) for place, user in enumerate(users) for day in (5, 85, 105))
    )
    row = compared(shown, events, BEFORE)[BASKET]
    assert row["value"] == row["other"]
    assert (row["low"], row["high"]) == (0.0, 0.0)


def test_nothing_shown_gives_an_empty_table_and_an_empty_log_gives_nulls():
    assert uptake(lists(), done(), seed=1).equals(RecommendationUptake.empty())
    found = RecommendationUptake.check(uptake(WHOLE_PERIOD, done(), seed=1))
    assert found.height == 16
    assert found.filter(pl.col("measure") == CONVERSION, pl.col("compared") == HOLDOUT).item(0, "value") == 0.0


def test_the_order_of_rows_changes_nothing():
    world = simulate_marketplace(Size.TINY, 3)
    events, shown = staged_events(world), staged_lists(world)
    turned = uptake(shown.sample(fraction=1, shuffle=True, seed=1), events.sample(fraction=1, shuffle=True, seed=2), seed=1)
    assert turned.equals(uptake(shown, events, seed=1))


# --- the simulation -------------------------------------------------------------------------------------------------------

KINDS = {"view_item": "view", "add_to_cart": "cart", "purchase": "purchase", "refund": "refund"}
FORMAT = "%Y-%m-%d %H:%M:%S%.f%z"


def parsed(column):
    return pl.col(column).str.strip_chars("[]").str.split(", ")


def staged_events(world):
    rows = pl.concat(list(event_days(world))).filter(pl.col("event_type").is_in(list(KINDS)))
    moment = pl.col("utc_event_time").str.to_datetime(FORMAT, time_unit="us").dt.convert_time_zone("UTC")
    midnight = pl.col("utc_event_date").str.to_datetime("%Y-%m-%d", time_unit="us").dt.replace_time_zone("UTC")
    return (
        rows.select(
            pl.col("user_id").alias("user_hash"),
            pl.col("event_type").replace_strict(KINDS).alias("kind"),
            pl.coalesce(moment, midnight).alias("event_time"),
            pl.col("utc_event_time").is_not_null().alias("time_known"),
            parsed("ecom.nm").alias("item_id"),
            parsed("ecom.price100").alias("price_minor"),
            parsed("ecom.qty").alias("quantity"),
        )
        .explode("item_id", "price_minor", "quantity")
        .with_columns(pl.col("price_minor", "quantity").cast(pl.Int64))
    )


def staged_lists(world):
    rows = pl.concat(list(shown_days(world)))
    return (
        rows.select(
            pl.col("user_id").alias("user_hash"),
            pl.col("shown_at").str.to_datetime(FORMAT, time_unit="us").dt.convert_time_zone("UTC"),
            "bucket",
            "version",
            parsed("items").alias("item_id"),
        )
        .explode("item_id")
        .with_columns(pl.lit(1, dtype=pl.Int64).alias("place"))
    )


@pytest.fixture(scope="module")
def worlds():
    """The same marketplace without and with uptake: compared with the hold-out and with the period before."""
    found = {}
    for rate in (0.0, 0.15):
        world = simulate_marketplace(Size.DEMO, 1, uptake=rate)
        found[rate] = uptake(staged_lists(world), staged_events(world), seed=1)
    return found


def row_of(found, compared_with, measure):
    return found.filter(pl.col("compared") == compared_with, pl.col("measure") == measure).row(0, named=True)


@pytest.mark.slow
def test_recommendations_that_nobody_follows_do_not_differ_from_the_hold_out(worlds):
    against = worlds[0.0].filter(pl.col("compared") == HOLDOUT)
    assert against.height == 8
    assert against.select((pl.col("low") <= 0) & (pl.col("high") >= 0)).to_series().all()


@pytest.mark.slow
def test_what_the_simulation_lets_users_follow_is_found(worlds):
    world = simulate_marketplace(Size.DEMO, 1, uptake=0.15)
    people, lists_per_user = People.of(world), np.zeros(world.users.height)
    for number in range((world.last_day - world.shown_from).days + 1):
        day = world.shown_from + dt.timedelta(days=number)
        np.add.at(lists_per_user, lists_on(world, people, day, item_weights(world, day)).user, 1)
    recommended = lists_per_user[(world.users.get_column("bucket") == "recommended").to_numpy() & (lists_per_user > 0)]
    none, some = (row_of(worlds[rate], HOLDOUT, FOLLOWED_24) for rate in (0.0, 0.15))
    assert some["users"] == recommended.size
    assert some["low"] > 0
    # at most by as much as if chance had never led anybody to a shown item; users with many lists mostly had been there
    assert 0 < some["value"] - none["value"] <= (1 - none["value"]) * (1 - 0.85**recommended).mean() + 0.02


@pytest.mark.slow
def test_most_of_what_grew_without_recommendations_is_not_taken_for_their_doing(worlds):
    for measure in (FOLLOWED_24, CONVERSION, RETENTION):
        nothing, something = (row_of(worlds[rate], BEFORE, measure + RELATIVE_LIFT) for rate in (0.0, 0.15))
        assert nothing["difference"] < 0.08
        assert something["difference"] > nothing["difference"]
