"""The made-up marketplace: deterministic, like real logs, and with a truth that can be found in its rows."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulation.marketplace import MARKETPLACE_EXTENTS, SimulatedMarketplace, bucket_of, simulate_marketplace
from simulation.marketplace_behaviour import LIST_LENGTH, People, chosen_items
from simulation.marketplace_days import event_days, shown_days
from simulation.marketplace_realism import purchase_lines
from simulation.retailer import LAST_DAY, Size

SEED = 20260930
MOMENT = "%Y-%m-%d %H:%M:%S%.f%z"


@pytest.fixture(scope="module")
def world() -> SimulatedMarketplace:
    return simulate_marketplace(Size.DEMO, SEED)


@pytest.fixture(scope="module")
def events(world: SimulatedMarketplace) -> pl.DataFrame:
    return pl.concat(event_days(world))


@pytest.fixture(scope="module")
def shown(world: SimulatedMarketplace) -> pl.DataFrame:
    return pl.concat(shown_days(world))


def of_type(events: pl.DataFrame, *types: str) -> pl.DataFrame:
    return events.filter(pl.col("event_type").is_in(types))


def lines_with_dates(events: pl.DataFrame) -> pl.DataFrame:
    """One row per viewed, carted or bought item."""
    return (
        of_type(events, "view_item", "add_to_cart", "purchase")
        .with_columns(pl.col("utc_event_date").str.to_date().alias("date"), pl.col("ecom.nm").str.strip_chars("[]").str.split(", "))
        .explode("ecom.nm")
        .rename({"ecom.nm": "nm"})
    )


def views_within_two_hours(shown: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Lists and whether their users looked at one of their items."""
    seen = lines_with_dates(of_type(events, "view_item")).select(
        "user_id", "nm", pl.col("utc_event_time").str.to_datetime(MOMENT).alias("seen_at")
    )
    lists = shown.with_row_index("list").with_columns(pl.col("shown_at").str.to_datetime(MOMENT))
    listed = lists.with_columns(pl.col("items").str.strip_chars("[]").str.split(", ").alias("nm")).explode("nm")
    followed = listed.join(seen, on=["user_id", "nm"]).filter(
        pl.col("seen_at").is_between(pl.col("shown_at"), pl.col("shown_at") + pl.duration(hours=2))
    )
    return lists.with_columns(pl.col("list").is_in(followed.get_column("list").unique().implode()).alias("followed"))


def rates_by_bucket(shown: pl.DataFrame, events: pl.DataFrame) -> dict[str, float]:
    return dict(views_within_two_hours(shown, events).group_by("bucket").agg(pl.col("followed").mean()).iter_rows())


def test_the_same_seed_draws_the_same_marketplace_and_another_seed_another() -> None:
    first, second, other = (pl.concat(event_days(simulate_marketplace("tiny", seed))) for seed in (3, 3, 4))
    assert_frame_equal(first, second)
    assert not first.equals(other)
    assert_frame_equal(simulate_marketplace("tiny", 3).users, simulate_marketplace("tiny", 3).users)
    assert_frame_equal(simulate_marketplace("tiny", 3).items, simulate_marketplace("tiny", 3).items)


def test_days_drawn_one_by_one_are_those_of_the_whole_log(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    stream = event_days(world)
    for number in range(30):
        day = world.first_day + dt.timedelta(days=number)
        assert_frame_equal(next(stream), events.filter(pl.col("utc_event_date") == day.isoformat()))


@pytest.mark.parametrize(("size", "low", "high"), [(Size.TINY, 6_000, 10_000), (Size.DEMO, 200_000, 300_000)])
def test_a_size_has_its_users_items_days_and_events(size: Size, low: int, high: int) -> None:
    extent, made = MARKETPLACE_EXTENTS[size], simulate_marketplace(size, SEED)
    days = list(event_days(made))
    assert (made.users.height, made.items.height, len(days)) == (extent.users, extent.items, extent.days)
    assert days[-1].get_column("utc_event_date").unique().to_list() == [LAST_DAY.isoformat()]
    assert low < sum(day.height for day in days) < high


def test_the_calendar_ends_where_it_is_told_to() -> None:
    made = simulate_marketplace("tiny", 1, dt.date(2025, 12, 31))
    days = pl.concat(event_days(made)).get_column("utc_event_date")
    assert (days.min(), days.max()) == ("2025-10-23", "2025-12-31")
    assert made.items.get_column("available_from").max() <= dt.date(2025, 12, 31)


def test_lists_have_as_many_prices_and_quantities_as_items_and_what_carries_none_is_empty(events: pl.DataFrame) -> None:
    lengths = [
        pl.col(name).str.strip_chars("[]").str.split(", ").list.eval(pl.element().filter(pl.element() != "")).list.len()
        for name in ("ecom.nm", "ecom.price100", "ecom.qty")
    ]
    counted = events.select("event_type", *lengths)
    assert counted.filter((pl.col("ecom.nm") != pl.col("ecom.price100")) | (pl.col("ecom.nm") != pl.col("ecom.qty"))).is_empty()
    carries_none = pl.col("event_type").is_in(["user_engagement", "pageview"])
    assert counted.filter(carries_none != (pl.col("ecom.nm") == 0)).is_empty()
    assert events.get_column("ecom.price100").str.contains(r"^\[(\d+(, \d+)*)?\]$").all()


def test_no_two_rows_are_alike_in_user_moment_and_type(events: pl.DataFrame) -> None:
    timed = events.filter(pl.col("utc_event_time").is_not_null())
    assert timed.select("user_id", "utc_event_time", "event_type").is_duplicated().sum() == 0


def test_moments_lie_on_their_days(events: pl.DataFrame) -> None:
    timed = events.filter(pl.col("utc_event_time").is_not_null())
    assert timed.filter(pl.col("utc_event_time").str.head(10) != pl.col("utc_event_date")).is_empty()
    assert timed.get_column("utc_event_time").str.to_datetime(MOMENT, strict=True).null_count() == 0


def test_items_are_seen_only_between_their_first_day_and_the_day_they_are_sold_out(
    world: SimulatedMarketplace, events: pl.DataFrame
) -> None:
    seen = lines_with_dates(events).join(world.items, on="nm", how="left")
    assert seen.get_column("available_from").null_count() == 0
    assert seen.filter(pl.col("date") < pl.col("available_from")).is_empty()
    assert seen.filter(pl.col("date") > pl.col("last_sold_on")).is_empty()
    sold_out = world.items.filter(pl.col("available").not_())
    assert sold_out.height > 0
    assert sold_out.get_column("last_sold_on").null_count() == 0


def test_some_items_are_cold_and_a_few_of_them_are_days_old(world: SimulatedMarketplace) -> None:
    age = (world.last_day - world.items.get_column("available_from")).dt.total_days()
    assert 0.05 <= (age < 28).mean() <= 0.08
    assert 3 <= (age < 3).sum() <= 20
    assert (age < 0).sum() == 0


def test_users_come_on_the_day_they_joined_or_later_and_an_eighth_is_new_in_the_last_fifth(
    world: SimulatedMarketplace, events: pl.DataFrame
) -> None:
    first = events.group_by("user_id").agg(pl.col("utc_event_date").min().str.to_date().alias("first"))
    known = first.join(world.users, on="user_id", how="left")
    assert known.filter((pl.col("first") < pl.col("joined_on")) | pl.col("joined_on").is_null()).is_empty()
    since = world.last_day - dt.timedelta(days=world.extent.days // 5 - 1)
    assert 0.10 <= (world.users.get_column("joined_on") >= since).mean() <= 0.15


def test_bots_and_nobody_else_have_more_than_ten_thousand_events_on_a_day(
    world: SimulatedMarketplace, events: pl.DataFrame
) -> None:
    busy = events.group_by("user_id", "utc_event_date").len().filter(pl.col("len") > 1_000)
    bots = world.users.filter("bot")
    assert busy.get_column("len").min() > 10_000
    assert busy.sort("user_id").get_column("user_id").to_list() == bots.sort("user_id").get_column("user_id").to_list()
    assert set(of_type(events, "purchase").get_column("user_id")).isdisjoint(bots.get_column("user_id"))


def test_what_is_used_up_is_bought_again_after_its_own_period(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    bought = purchase_lines(of_type(events, "purchase")).unique().sort("user_id", "nm", "date")
    gap = (pl.col("date") - pl.col("date").shift(1).over("user_id", "nm")).dt.total_days().alias("gap")
    gaps = bought.with_columns(gap).drop_nulls("gap").join(world.repeat_periods, on="nm")
    assert gaps.height > 1_000
    relative = gaps.get_column("gap") / gaps.get_column("period_days")
    assert relative.median() == pytest.approx(1, abs=0.05)
    assert relative.is_between(0.6, 1.4).mean() > 0.75
    by_period = gaps.group_by("period_days").agg(pl.col("gap").median(), pl.len()).filter(pl.col("len") > 30)
    assert np.corrcoef(by_period.get_column("period_days"), by_period.get_column("gap"))[0, 1] > 0.95


def test_what_lasts_is_rarely_bought_twice(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    per_user = purchase_lines(of_type(events, "purchase")).group_by("user_id", "nm").len().join(world.items, on="nm")
    twice = dict(per_user.group_by("consumable").agg((pl.col("len") > 1).mean()).iter_rows())
    assert 2 * twice[False] < 0.3 < twice[True]


def test_complements_are_bought_together_far_above_chance(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    baskets = of_type(events, "purchase").select(pl.col("ecom.nm").str.strip_chars("[]").str.split(", ").alias("nm"))
    with_item = baskets.with_row_index("basket").explode("nm")
    pairs = with_item.join(world.complements, left_on="nm", right_on="item")
    together = pairs.join(with_item, left_on=["basket", "complement"], right_on=["basket", "nm"], how="semi")
    assert together.height / pairs.height == pytest.approx(pairs.get_column("chance").mean(), abs=0.06)
    alone = with_item.join(world.complements, left_on="nm", right_on="complement", how="semi").height
    by_chance = alone / world.complements.height / baskets.height
    assert together.height / pairs.height > 20 * by_chance


def test_a_purchase_stands_three_quarters_of_a_minute_after_its_visit_s_last_look(events: pl.DataFrame) -> None:
    timed = events.drop_nulls("utc_event_time").with_columns(pl.col("utc_event_time").str.to_datetime(MOMENT))
    bought, looks = of_type(timed, "purchase"), of_type(timed, "view_item")
    till = looks.select("user_id", pl.col("utc_event_time") + pl.duration(seconds=45))
    beside = bought.join(till, on=["user_id", "utc_event_time"], how="semi")
    # the others' last look has lost its time
    assert 0.94 < beside.height / bought.height < 0.98


def test_a_refund_follows_its_purchase_with_the_same_user_item_and_price(events: pl.DataFrame) -> None:
    refunds = of_type(events, "refund").select("user_id", "utc_event_date", "ecom.nm", "ecom.price100")
    bought = of_type(events, "purchase").select(
        "user_id",
        pl.col("utc_event_date").alias("bought_on"),
        pl.col("ecom.nm").str.strip_chars("[]").str.split(", "),
        pl.col("ecom.price100").str.strip_chars("[]").str.split(", "),
    )
    single = bought.explode("ecom.nm", "ecom.price100").with_columns(
        pl.format("[{}]", pl.col(name)).alias(name) for name in ("ecom.nm", "ecom.price100")
    )
    earlier = refunds.join(single, on=["user_id", "ecom.nm", "ecom.price100"]).filter(
        pl.col("bought_on") < pl.col("utc_event_date")
    )
    assert refunds.height > 100
    assert (
        earlier.select("user_id", "utc_event_date", "ecom.nm").n_unique()
        == refunds.select("user_id", "utc_event_date", "ecom.nm").n_unique()
    )


def test_users_keep_to_their_platform(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    own = events.join(world.users.select("user_id", pl.col("platform").alias("own")), on="user_id")
    assert 0.92 < (own.get_column("platform") == own.get_column("own")).mean() < 0.99
    assert set(events.get_column("platform")) == {"Site", "Android", "iOS"}


def test_users_look_at_what_suits_their_taste_and_purse(world: SimulatedMarketplace, events: pl.DataFrame) -> None:
    people = People.of(world)
    users = dict(zip(world.users.get_column("user_id"), range(world.users.height), strict=True))
    items = dict(zip(world.items.get_column("nm"), range(world.items.height), strict=True))
    bought = purchase_lines(of_type(events, "purchase"))
    user = np.array([users[name] for name in bought.get_column("user_id")])
    item = np.array([items[name] for name in bought.get_column("nm")])
    own = people.utility(user, item[:, None])
    others = people.utility(np.random.default_rng(0).permutation(user), item[:, None])
    assert own.mean() > others.mean() + 1


def test_with_the_whole_catalogue_on_the_page_choice_is_a_softmax_of_utility_and_popularity() -> None:
    people = People(
        user_taste=np.array([[1.0]]), item_taste=np.array([[0.2], [0.0]]), price_level=np.zeros(1), log_price=np.array([0.0, 0.5])
    )
    weights = np.array([0.5, 0.5])
    utility = people.utility(np.zeros(1, dtype=int), np.array([[0, 1]]))[0]
    chosen = chosen_items(np.random.default_rng(1), people, np.zeros(60_000, dtype=int), weights)
    expected = 1 / (1 + np.exp(utility[1] - utility[0]))
    # a page does not hold both items equally often: a little nearer to a half
    assert (chosen == 0).mean() == pytest.approx(expected, abs=0.02)


def test_lists_are_shown_once_a_day_in_the_last_third_and_hold_an_item_once(
    world: SimulatedMarketplace, shown: pl.DataFrame
) -> None:
    day = pl.col("shown_at").str.head(10)
    assert shown.select(day.min()).item() == world.shown_from.isoformat() == "2026-08-12"
    assert shown.select(day.max()).item() == world.last_day.isoformat()
    assert shown.select("user_id", day).is_duplicated().sum() == 0
    assert set(shown.get_column("items").str.strip_chars("[]").str.split(", ").list.n_unique()) == {LIST_LENGTH}


def test_buckets_are_a_hash_of_the_user_and_a_fifth_is_held_out(world: SimulatedMarketplace, shown: pl.DataFrame) -> None:
    assert shown.filter(pl.col("bucket") != pl.col("user_id").map_elements(bucket_of, return_dtype=pl.String)).is_empty()
    assert (world.users.get_column("bucket") == "holdout").mean() == pytest.approx(0.2, abs=0.03)
    # known answers: the same in every version of the simulation
    assert [bucket_of(user) for user in ("17850", "13047", "1000007")] == ["recommended", "recommended", "holdout"]


def test_the_recommended_bucket_follows_lists_at_the_rate_that_is_true(
    world: SimulatedMarketplace, events: pl.DataFrame, shown: pl.DataFrame
) -> None:
    rates = rates_by_bucket(shown, events)
    uptake = world.follow_rates["recommended"]
    # a list is followed unless neither habit nor the list itself makes its user look; some looks have lost their time
    expected = 1 - (1 - rates["holdout"]) * (1 - uptake * 0.96)
    assert rates["recommended"] == pytest.approx(expected, abs=0.025)
    assert rates["recommended"] - rates["holdout"] > 0.08


def test_without_uptake_both_buckets_are_alike() -> None:
    indifferent = simulate_marketplace(Size.DEMO, SEED, uptake=0.0)
    rates = rates_by_bucket(pl.concat(shown_days(indifferent)), pl.concat(event_days(indifferent)))
    assert rates["recommended"] == pytest.approx(rates["holdout"], abs=0.025)


def test_the_truth_does_not_depend_on_the_uptake(world: SimulatedMarketplace, shown: pl.DataFrame) -> None:
    other = simulate_marketplace(Size.DEMO, SEED, uptake=0.5)
    assert_frame_equal(other.users, world.users)
    assert_frame_equal(pl.concat(shown_days(other)), shown)
