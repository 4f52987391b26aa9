"""The made-up chain: deterministic, as hard as a real one, and with a truth that can be found."""

import dataclasses
import datetime as dt
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import cross_val_score

from simulation.realism import IOWA_HYPERMARKETS, components, features_of, measure_stores, ward_clusters
from simulation.retailer import EXTENTS, LAST_DAY, Size
from simulation.store_types import HYPERMARKET_TYPES
from simulation.stores import SimulatedStores, simulate_stores

SEED = 11


@pytest.fixture(scope="module")
def chain() -> SimulatedStores:
    return simulate_stores(Size.DEMO, SEED)


def frames_of(simulated: SimulatedStores) -> list[pl.DataFrame]:
    return [getattr(simulated, field.name) for field in dataclasses.fields(simulated)]


def hypermarkets_with_truth(chain: SimulatedStores) -> tuple[pl.DataFrame, np.ndarray]:
    large = chain.stores.filter(pl.col("format") == "hypermarket")
    features = features_of(chain.sales.join(large, on="store_id", how="semi"), LAST_DAY)
    return features.drop("store_id"), features.join(chain.truth, on="store_id", how="left").get_column("store_type").to_numpy()


def test_the_same_seed_draws_the_same_chain_and_another_seed_another() -> None:
    for first, second in zip(frames_of(simulate_stores("tiny", 3)), frames_of(simulate_stores("tiny", 3)), strict=True):
        assert_frame_equal(first, second)
    assert not simulate_stores("tiny", 3).sales.equals(simulate_stores("tiny", 4).sales)


@pytest.mark.parametrize("size", [Size.TINY, Size.DEMO])
def test_a_size_has_its_stores_and_its_complete_quarters(size: Size) -> None:
    chain, extent = simulate_stores(size, SEED), EXTENTS[size]
    assert (chain.stores.get_column("format") == "hypermarket").sum() == extent.hypermarkets
    assert chain.stores.height == extent.hypermarkets + extent.other_stores
    months = chain.sales.get_column("date").unique().sort()
    assert months.len() == 3 * extent.quarters
    assert (months[0].month % 3, months[-1]) == (1, dt.date(2026, 9, 1))


def test_the_calendar_ends_where_it_is_told_to() -> None:
    months = simulate_stores("tiny", SEED, dt.date(2025, 12, 31)).sales.get_column("date")
    assert (months.min(), months.max()) == (dt.date(2024, 7, 1), dt.date(2025, 12, 1))


def test_every_type_occurs_even_in_the_smallest_chain() -> None:
    drawn = set(simulate_stores("tiny", SEED).truth.get_column("store_type"))
    assert {kind.name for kind in HYPERMARKET_TYPES} <= drawn


def test_the_chain_is_as_hard_to_cluster_as_real_shops() -> None:
    chains = [simulate_stores(Size.DEMO, seed) for seed in range(6)]
    measured = pl.DataFrame([dataclasses.asdict(measure_stores(chain.stores, chain.sales, LAST_DAY)) for chain in chains])
    mean, real = measured.mean().row(0, named=True), dataclasses.asdict(IOWA_HYPERMARKETS)
    for name in ("log_revenue_deviation", "log_basket_deviation", "log_growth_deviation", "median_seasonality", "mix_variation"):
        assert mean[name] == pytest.approx(real[name], rel=0.12), name
    for name in ("missing_coordinates", "late_openings", "silhouette_of_four"):
        assert mean[name] == pytest.approx(real[name], abs=0.025), name


def test_the_types_are_there_for_whoever_knows_them(chain: SimulatedStores) -> None:
    features, truth = hypermarkets_with_truth(chain)
    filled = features.with_columns(pl.all().fill_null(pl.all().median())).to_numpy()
    assert cross_val_score(LinearDiscriminantAnalysis(), filled, truth, cv=4).mean() > 0.8


def test_clustering_finds_the_types_in_part_but_not_trivially(chain: SimulatedStores) -> None:
    features, truth = hypermarkets_with_truth(chain)
    agreement = adjusted_rand_score(truth, ward_clusters(components(features)))
    assert 0.3 < agreement < 0.9
    by_revenue = (4 * features.get_column("log_revenue").rank() / (features.height + 1)).floor().to_numpy()
    assert adjusted_rand_score(truth, by_revenue) < agreement


def test_the_less_the_stores_deviate_the_better_clustering_finds_the_types() -> None:
    agreements = []
    for overlap in (1.0, 0.6, 0.2):
        features, truth = hypermarkets_with_truth(simulate_stores(Size.DEMO, SEED, overlap=overlap))
        agreements.append(adjusted_rand_score(truth, ward_clusters(components(features))))
    assert agreements == sorted(agreements)
    assert agreements[-1] > 0.95


def test_an_overlap_of_one_is_the_chain_itself_and_another_leaves_its_calendar_and_types_alone(chain: SimulatedStores) -> None:
    for usual, given in zip(frames_of(chain), frames_of(simulate_stores(Size.DEMO, SEED, overlap=1.0)), strict=True):
        assert_frame_equal(usual, given)
    other = simulate_stores(Size.DEMO, SEED, overlap=0.6)
    assert_frame_equal(other.truth, chain.truth)
    assert_frame_equal(other.stores.select("store_id", "city", "opened_on"), chain.stores.select("store_id", "city", "opened_on"))
    assert not other.sales.equals(chain.sales)


@pytest.mark.parametrize("size", [Size.TINY, Size.DEMO])
def test_every_city_lies_in_one_region_and_the_regions_follow_each_other_from_west_to_east(size: Size) -> None:
    stores = simulate_stores(size, SEED).stores
    assert stores.group_by("city").agg(pl.col("region").n_unique()).get_column("region").unique().to_list() == [1]
    borders = stores.group_by("region").agg(pl.col("longitude").median()).sort("longitude")
    assert borders.get_column("region").to_list() == [
        "Озёрная область",
        "Лесная область",
        "Приречная область",
        "Степная область",
        "Предгорная область",
    ]


def test_late_openings_sell_nothing_before_and_closed_stores_nothing_after(chain: SimulatedStores) -> None:
    months = chain.sales.group_by("store_id").agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"))
    known = chain.truth.join(months, on="store_id")
    assert known.height == chain.truth.height
    assert known.filter((pl.col("first") != pl.col("first_month")) | (pl.col("last") != pl.col("last_month"))).is_empty()
    assert (known.get_column("first") > known.get_column("first").min()).any()
    assert (known.get_column("last") < known.get_column("last").max()).any()


def test_some_sales_belong_to_stores_that_nobody_entered(chain: SimulatedStores) -> None:
    unknown = chain.sales.join(chain.stores, on="store_id", how="anti")
    assert 0 < unknown.height / chain.sales.height < 0.005


def test_refunds_stand_beside_the_sales_that_they_undo(chain: SimulatedStores) -> None:
    key = ["store_id", "date", "category"]
    refunds = chain.sales.filter(pl.col("revenue") < 0)
    assert refunds.height >= 3
    beside = refunds.join(chain.sales.filter(pl.col("revenue") > 0), on=key, suffix="_sold")
    assert beside.height == refunds.height
    assert (beside.get_column("revenue_sold") > -beside.get_column("revenue")).all()


@pytest.mark.real_data
@pytest.mark.skipif("VITRINA_REAL_DATA" not in os.environ, reason="VITRINA_REAL_DATA does not name a folder of real data")
def test_the_pinned_properties_are_those_of_the_real_file() -> None:
    folder = Path(os.environ["VITRINA_REAL_DATA"]) / "stores"
    stores = pl.read_csv(folder / "stores.csv", schema_overrides={"store_id": pl.String})
    sales = pl.read_parquet(folder / "sales" / "*.parquet")
    measured = dataclasses.asdict(measure_stores(stores, sales, dt.date(2022, 9, 30)))
    assert measured == pytest.approx(dataclasses.asdict(IOWA_HYPERMARKETS), abs=0.001)
