"""The fast log for load tests."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulation import marketplace_load
from simulation.marketplace_load import BASKETS, LONGEST_BASKET, log_rows
from simulation.marketplace_realism import MARKETPLACE_SHARES, MARKETPLACE_TIME_MISSING
from simulation.marketplace_rows import EVENT_COLUMNS

ROWS, USERS, ITEMS = 60_000, 2_000, 500
LENGTHS = [pl.col(name).str.count_matches(r"\d+").alias(name) for name in EVENT_COLUMNS[-3:]]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("load") / "new" / "events.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marketplace_load, "CHUNK", 25_000)
        assert log_rows(ROWS, 1, path, n_users=USERS, n_items=ITEMS) == ROWS
    return pl.read_parquet(path)


def test_it_has_the_rows_users_items_and_columns_that_it_was_asked_for(log: pl.DataFrame) -> None:
    assert log.height == ROWS
    assert log.schema == dict.fromkeys(EVENT_COLUMNS, pl.String())
    assert 0.9 * USERS < log.get_column("user_id").n_unique() <= USERS
    items = log.get_column("ecom.nm").str.extract_all(r"\d+").explode().drop_nulls()
    assert 0.9 * ITEMS < items.n_unique() <= ITEMS


def test_the_same_seed_writes_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        log_rows(1_000, seed, tmp_path / name, n_users=50, n_items=50)
    assert_frame_equal(pl.read_parquet(tmp_path / "a"), pl.read_parquet(tmp_path / "b"))
    assert not pl.read_parquet(tmp_path / "a").equals(pl.read_parquet(tmp_path / "c"))


def test_types_times_and_baskets_have_their_shares(log: pl.DataFrame) -> None:
    shares = dict(log.get_column("event_type").value_counts(normalize=True).iter_rows())
    assert shares == pytest.approx(MARKETPLACE_SHARES, abs=0.005)
    assert log.get_column("utc_event_time").null_count() / ROWS == pytest.approx(MARKETPLACE_TIME_MISSING, abs=0.004)
    lengths = log.select(LENGTHS).get_column("ecom.nm")
    assert (lengths > 1).mean() == pytest.approx(BASKETS * (1 - 0.039), abs=0.006)
    assert set(lengths) == set(range(LONGEST_BASKET + 1))


def test_lists_of_a_row_are_equally_long_and_an_item_has_one_price(log: pl.DataFrame) -> None:
    lengths = log.select("event_type", *LENGTHS)
    assert lengths.filter((pl.col("ecom.nm") != pl.col("ecom.price100")) | (pl.col("ecom.nm") != pl.col("ecom.qty"))).is_empty()
    assert lengths.filter((pl.col("ecom.nm") == 0) != pl.col("event_type").is_in(["user_engagement", "pageview"])).is_empty()
    priced = log.select(pl.col(name).str.strip_chars("[]").str.split(", ") for name in ("ecom.nm", "ecom.price100"))
    prices = priced.explode("ecom.nm", "ecom.price100").group_by("ecom.nm").agg(pl.col("ecom.price100").n_unique())
    assert prices.get_column("ecom.price100").unique().to_list() == [1]
    assert log.get_column("ecom.nm").str.contains(r"^\[(\d+(, \d+)*)?\]$").all()


def test_days_go_up_and_times_lie_on_them(log: pl.DataFrame) -> None:
    days = log.get_column("utc_event_date")
    assert days.is_sorted()
    assert (days.min(), days.max(), days.n_unique()) == ("2026-09-17", "2026-09-30", 14)
    assert log.drop_nulls().filter(pl.col("utc_event_time").str.head(10) != pl.col("utc_event_date")).is_empty()


def test_a_few_items_take_most_of_the_events(log: pl.DataFrame) -> None:
    counts = log.filter(pl.col("ecom.nm") != "[]").get_column("ecom.nm").value_counts(sort=True).get_column("count")
    assert counts.head(ITEMS // 10).sum() / ROWS > 0.4
