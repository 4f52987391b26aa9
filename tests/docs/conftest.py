"""Published files with the real tables and marts of a small made-up retailer, and of a tiny marketplace, bank, channels and shop, and of what people think of them."""

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from resources.dbt import manifest_path, model_dictionary, published_models
from simulation.stores import simulate_stores
from tests.dbt_sql import select_of
from tests.docs import made_up_bank, made_up_feedback, made_up_marketplace, made_up_posts, made_up_sellers
from vitrina.catalogue import tables_of
from vitrina.dictionary import DataDictionary
from vitrina.publication import Candidate, publish
from vitrina.publication.versions import analysts_copy
from vitrina.settings import Settings
from vitrina.stores.decision_tables import RawDecisions
from vitrina.stores.features import features_of_quarters
from vitrina.stores.model_tables import (
    ClusterDecisions,
    ClusterMatches,
    ClusterModels,
    ModelAssignments,
    ModelComparison,
    ModelDrift,
)
from vitrina.stores.network import Network
from vitrina.stores.over_time import over_time
from vitrina.stores.quarterly import ROWS, cluster_quarters
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import fold_decisions
from vitrina.stores.tables import (
    ClusterAssignments,
    FeatureCatalogue,
    StoreFeatures,
    StoresDeliveries,
    StoresRefusedRows,
)
from vitrina.warehouse import Warehouse, locate, replace

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
QUARTERS = [dt.date(2026, 4, 1), dt.date(2026, 7, 1)]


def tables_of_a_made_up_retailer() -> dict[type, pl.DataFrame]:
    retailer = simulate_stores("tiny", 1)
    known = retailer.sales.join(retailer.stores, on="store_id", how="semi").rename({"date": "month"})
    sales = known.group_by("store_id", "month", "category").agg(
        (pl.col("revenue").sum() * 100).round().cast(pl.Int64).alias("revenue_minor"),
        pl.col("receipts", "customers", "items").sum(),
    )
    geography = retailer.geo.select("store_id", pl.exclude("store_id").cast(pl.Float64, strict=False).name.prefix("geo_"))
    stores = retailer.stores.select("store_id", "name", "format", "region", "opened_on", "latitude", "longitude")
    network = Network(stores, sales, geography, tuple(sales.get_column("month").unique().sort()))
    made = features_of_quarters(network, QUARTERS, since=dt.date(2018, 1, 1), today=dt.date(2026, 11, 1))
    clusters = cluster_quarters(made.features, made.catalogue, Scenario())
    standing = fold_decisions(decisions(), made.features, made.catalogue, ClusterModels.empty())
    later = over_time(made.features, clusters.rows(ClusterAssignments), standing)
    return {
        StoreFeatures: made.features,
        FeatureCatalogue: made.catalogue,
        **{table: clusters.rows(table) for table in ROWS},
        ClusterDecisions: standing.decisions,
        ClusterModels: standing.models,
        ModelAssignments: later.assignments,
        ModelDrift: later.drift,
        ModelComparison: later.comparison,
        ClusterMatches: later.matches,
        StoresDeliveries: one_delivery(),
        StoresRefusedRows: one_refusal(),
    }


def decisions() -> pl.DataFrame:
    """A request that was approved, one of its clusters named, a store moved."""
    made = {"made_at": NOON, "made_by": "somebody", "quarter": QUARTERS[0], "version": None, "scenario": None, "fingerprint": None}
    about = {"cluster": None, "name": None, "store_id": None}
    rows = [
        {"decision_id": "a", "kind": "approve", "reason": "Steady.", **made, **about, "scenario": Scenario(n_clusters=3).to_json()},
        {"decision_id": "b", "kind": "rename", "reason": "What they are.", **made, **about, "cluster": 1, "name": "Large stores"},
        {"decision_id": "c", "kind": "move", "reason": "Rebuilt.", **made, **about, "cluster": 1, "store_id": "1001"},
    ]
    schema = {name: dtype for name, dtype in RawDecisions.polars_schema().items() if name in rows[0]}
    return pl.DataFrame(rows, schema=schema)


def one_delivery() -> pl.DataFrame:
    row = {
        "delivery": 1, "source_file": "stores/sales/2026.csv", "contract": "sales", "version": 1, "state": "loaded",
        "rows_read": 2, "rows_loaded": 1, "rows_refused": 1, "fingerprint": "0" * 64, "message": None, "received_at": NOON,
        "first_date": dt.date(2026, 1, 1), "last_date": dt.date(2026, 9, 1),
    }  # fmt: skip
    return pl.DataFrame([row], schema=StoresDeliveries.polars_schema())


def one_refusal() -> pl.DataFrame:
    row = {
        "source_file": "stores/sales/2026.csv", "source_row": 3, "column_name": "items", "contract": "sales", "delivery": 1,
        "value": "12 шт.", "expectation": "a number", "remedy": "Write digits only.",
    }  # fmt: skip
    return pl.DataFrame([row], schema=StoresRefusedRows.polars_schema())


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Settings:
    """Everything lies at the path below a working folder that the documentation names."""
    return Settings(data=tmp_path_factory.mktemp("work") / "data", settle_s=0, _env_file=None)


@pytest.fixture(scope="session")
def publication(settings) -> Path:
    """The analysts' copy of stores."""
    warehouse = Warehouse(locate(settings, "stores"), 10)
    with warehouse.write() as connection:
        for table, frame in tables_of_a_made_up_retailer().items():
            replace(connection, table, frame)
        for model in models_of("stores"):
            connection.execute(f"CREATE TABLE {model} AS {select_of('stores', model)}")
    return published(settings, "stores", warehouse)


@pytest.fixture(scope="session")
def marketplace_publication(settings) -> Path:
    """The analysts' copy of marketplace."""
    return published(settings, "marketplace", made_up_marketplace.fill(settings, NOON))


@pytest.fixture(scope="session")
def propensity_publication(settings) -> Path:
    """The analysts' copy of propensity."""
    return published(settings, "propensity", made_up_bank.fill(settings, NOON))


@pytest.fixture(scope="session")
def posts_publication(settings) -> Path:
    """The analysts' copy of posts."""
    return published(settings, "posts", made_up_posts.fill(settings, NOON))


@pytest.fixture(scope="session")
def sellers_publication(settings) -> Path:
    """The analysts' copy of sellers."""
    return published(settings, "sellers", made_up_sellers.fill(settings, NOON))


@pytest.fixture(scope="session")
def feedback_publication(settings) -> Path:
    """The analysts' copy of feedback."""
    return published(settings, "feedback", made_up_feedback.fill(settings, NOON))


def published(settings: Settings, product: str, warehouse: Warehouse) -> Path:
    models = models_of(product)
    tables = [table for table in tables_of(product) if table.is_published()]
    dictionary = DataDictionary.check(DataDictionary.of(tables).vstack(model_dictionary(models)))
    names = [Candidate(name) for name in (*models, *(table.table_name() for table in tables))]
    publish(product, names, dictionary, warehouse=warehouse, settings=settings, now=NOON, run_id="a run")
    return analysts_copy(settings, product)


def models_of(product: str) -> dict[str, dict]:
    return published_models(json.loads(manifest_path().read_text(encoding="utf-8")), product)
