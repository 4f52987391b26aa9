"""The made-up log beside real ones, and how much there is to learn in it."""

import dataclasses
from pathlib import Path

import polars as pl
import pytest

from simulation.marketplace import SimulatedMarketplace, simulate_marketplace
from simulation.marketplace_days import event_days
from simulation.marketplace_realism import (
    MARKETPLACE_SHARES,
    MARKETPLACE_TIME_MISSING,
    ONLINE_RETAIL,
    PurchaseRealism,
    hit_rates,
    measure_purchases,
)
from simulation.retailer import Size

SEEDS = (20260930, 3, 4)


def log_of(*purchases: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(purchases, schema=["user_id", "utc_event_date", "event_type", "ecom.nm"], orient="row")


@pytest.fixture(scope="module")
def logs() -> list[tuple[SimulatedMarketplace, pl.DataFrame]]:
    worlds = [simulate_marketplace(Size.DEMO, seed) for seed in SEEDS]
    return [(world, pl.concat(event_days(world))) for world in worlds]


def test_repeats_are_counted_in_users_later_months_only() -> None:
    log = log_of(
        ("a", "2026-01-05", "purchase", "[1, 2]"),
        ("a", "2026-01-20", "purchase", "[1]"),  # the first month does not count
        ("a", "2026-02-01", "ec.purchase", "[1, 3]"),
        ("b", "2026-02-07", "purchase", "[1]"),
    )
    assert measure_purchases(log).repeat_share == 0.5


def test_equal_items_have_a_gini_of_zero_and_refunds_are_told_from_purchases() -> None:
    log = log_of(("a", "2026-01-05", "purchase", "[1, 2]"), ("a", "2026-01-06", "refund", "[2]"))
    assert measure_purchases(log) == PurchaseRealism(repeat_share=0.0, item_gini=0.0, user_gini=0.0, refunds=0.5)
    unequal = log_of(*[("a", "2026-01-05", "purchase", "[1, 1, 1, 2]")])
    assert measure_purchases(unequal).item_gini == pytest.approx(0.25)


def test_purchases_are_like_those_of_online_retail(logs: list[tuple[SimulatedMarketplace, pl.DataFrame]]) -> None:
    measured = pl.DataFrame([dataclasses.asdict(measure_purchases(events)) for _, events in logs])
    mean, real = measured.mean().row(0, named=True), dataclasses.asdict(ONLINE_RETAIL)
    assert mean["repeat_share"] == pytest.approx(real["repeat_share"], abs=0.05)
    assert mean["item_gini"] == pytest.approx(real["item_gini"], abs=0.03)
    assert mean["user_gini"] == pytest.approx(real["user_gini"], abs=0.05)
    assert mean["refunds"] == pytest.approx(real["refunds"], abs=0.004)


def test_types_of_events_are_as_frequent_as_in_a_marketplace_but_for_more_purchases(
    logs: list[tuple[SimulatedMarketplace, pl.DataFrame]],
) -> None:
    for _, events in logs:
        shares = dict(events.get_column("event_type").value_counts(normalize=True).iter_rows())
        assert set(shares) == {*MARKETPLACE_SHARES, "refund"}
        assert shares["purchase"] == pytest.approx(0.04, abs=0.006)
        assert shares["view_item"] == pytest.approx(MARKETPLACE_SHARES["view_item"], abs=0.06)
        assert shares["add_to_cart"] == pytest.approx(MARKETPLACE_SHARES["add_to_cart"], abs=0.03)
        assert shares["user_engagement"] == pytest.approx(MARKETPLACE_SHARES["user_engagement"], abs=0.006)
        assert shares["pageview"] == pytest.approx(MARKETPLACE_SHARES["pageview"], abs=0.002)
        missing = events.get_column("utc_event_time").null_count() / events.height
        assert missing == pytest.approx(MARKETPLACE_TIME_MISSING, abs=0.002)
        assert events.get_column("utc_event_date").null_count() == 0


def test_popularity_can_be_beaten_and_is_not_trivial_to_beat(logs: list[tuple[SimulatedMarketplace, pl.DataFrame]]) -> None:
    for world, events in logs:
        rates = hit_rates(world, events)
        assert 0.2 < rates["popularity"] < 0.45
        assert 1.3 < rates["oracle"] / rates["popularity"] < 2.5
        assert rates["oracle new"] > rates["popularity new"] + 0.1
        assert rates["history"] > rates["popularity"]


@pytest.mark.real_data
def test_the_pinned_properties_are_those_of_the_real_log(real_data: Path) -> None:
    measured = measure_purchases(pl.read_parquet(real_data / "marketplace" / "events.parquet"))
    assert dataclasses.asdict(measured) == pytest.approx(dataclasses.asdict(ONLINE_RETAIL), abs=0.001)
