import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from vitrina.stores.clustering import cluster_stores
from vitrina.stores.features import Network, store_features
from vitrina.stores.scenario import Scenario

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("VITRINA_REAL_DATA" not in os.environ, reason="VITRINA_REAL_DATA names no folder of real data"),
]


@pytest.fixture(scope="module")
def hypermarkets():
    folder = Path(os.environ.get("VITRINA_REAL_DATA", "")) / "stores"
    sales = pl.read_parquet(folder / "sales" / "*.parquet")
    months = sales.select(
        "store_id",
        pl.col("date").dt.truncate("1mo").alias("month"),
        "category",
        (pl.col("revenue") * 100).round().cast(pl.Int64).alias("revenue_minor"),
        "receipts",
        pl.lit(None, dtype=pl.Int64).alias("customers"),
    )
    stores = pl.read_csv(folder / "stores.csv", schema_overrides={"store_id": pl.String}, try_parse_dates=True)
    master = stores.select("store_id", "name", "format", pl.col("city").alias("region"), "opened_on", "latitude", "longitude")
    geography = pl.DataFrame(schema={"store_id": pl.String})
    network = Network(master, months, geography, tuple(sales.get_column("date").unique()))
    return store_features(network, dt.date(2022, 7, 1))


def test_no_cluster_chosen_automatically_is_an_outlier(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario())
    assert clustering.stores.height > 300
    assert clustering.choice.smallest_cluster >= clustering.choice.minimum_size == 10
    assert "customers" in clustering.dropped


def test_without_a_minimum_size_a_single_store_is_chosen_for_a_cluster(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario(min_cluster_size=1))
    assert clustering.choice.smallest_cluster == 1


def test_the_tree_is_cut_as_scikit_learn_cuts_it(hypermarkets):
    clustering = cluster_stores(*hypermarkets, Scenario(features=("share_*",), n_clusters=5))
    reference = AgglomerativeClustering(n_clusters=5, linkage="ward").fit_predict(clustering.components.points)
    assert adjusted_rand_score(reference, clustering.labels) == 1.0
