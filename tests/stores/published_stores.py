"""A published version of a few made-up stores: three obvious groups in each of two quarters, with everything that the graph would publish."""

import datetime as dt
import hashlib
from functools import cache

import polars as pl

from tests.dbt_sql import select_of
from tests.stores.made_up_quarters import approval, day, decisions, quarters
from vitrina.dictionary import DataDictionary
from vitrina.publication import Candidate, publish
from vitrina.settings import Settings
from vitrina.sql import quote
from vitrina.stores.model_tables import (
    ClusterDecisions,
    ClusterMatches,
    ClusterModels,
    ModelAssignments,
    ModelComparison,
    ModelDrift,
)
from vitrina.stores.over_time import over_time
from vitrina.stores.quarterly import ROWS, cluster_quarters
from vitrina.stores.scenario import Scenario
from vitrina.stores.standing import fold_decisions
from vitrina.stores.tables import ClusterAssignments, ClusterReport, FeatureCatalogue, StoreFeatures, StoresDeliveries
from vitrina.warehouse import Warehouse, locate, replace

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
HOSTILE = "<script>alert('1')</script>"
OWN = Scenario(n_clusters=3, n_bootstraps=3)
REPORT = b"not really a workbook"
PER_GROUP = 10
QUARTERS = (day(0), day(1))
MARTS = ("mart_cluster_members", "mart_cluster_profile", "mart_cluster_quality", "mart_cluster_flows")


def features_and_catalogue():
    """The first store is called something that must not be taken for markup."""
    features, catalogue = quarters(len(QUARTERS), PER_GROUP)
    first = pl.col("store_id") == "s000"
    in_the_north = pl.col("store_id").str.slice(1).cast(pl.Int64) % 2 == 0
    named = features.with_columns(
        pl.when(first).then(pl.lit(HOSTILE)).otherwise("name").alias("name"),
        pl.when(in_the_north).then(pl.lit("North")).otherwise(pl.lit("South")).alias("region"),
    )
    return StoreFeatures.check(named), catalogue


@cache
def frames(*, approve: bool):
    """Rows of every declared table but those that say where files lie; perhaps after the decisions of `approved`."""
    made = approved() if approve else ()
    features, catalogue = features_and_catalogue()
    clustered = cluster_quarters(features, catalogue, OWN)
    found_alone = {table: clustered.rows(table) for table in ROWS}
    standing = fold_decisions(decisions(*made), features, catalogue, ClusterModels.empty())
    found = over_time(features, found_alone[ClusterAssignments], standing)
    return found_alone | {
        StoreFeatures: features,
        FeatureCatalogue: catalogue,
        ClusterDecisions: standing.decisions,
        ClusterModels: standing.models,
        ModelAssignments: found.assignments,
        ModelDrift: found.drift,
        ModelComparison: found.comparison,
        ClusterMatches: found.matches,
        StoresDeliveries: StoresDeliveries.empty(),
    }


def publish_stores(settings: Settings, *, approve: bool = False, minute: int = 0, without=()) -> str:
    """Publish, and return the version's name; `without` some tables, as where a check holds them back."""
    tables = frames(approve=approve) | {ClusterReport: _reports(settings)}
    warehouse = Warehouse(locate(settings, "stores"), 10)
    with warehouse.write() as connection:
        for table, frame in tables.items():
            replace(connection, table, frame)
        for mart in MARTS:
            connection.execute(f"CREATE OR REPLACE TABLE {quote(mart)} AS {select_of('stores', mart)}")
        columns = {mart: [row[0] for row in connection.execute(f"DESCRIBE {quote(mart)}").fetchall()] for mart in MARTS}
    return publish(
        "stores",
        [Candidate(name) for name in (*MARTS, *(table.table_name() for table in tables)) if name not in without],
        pl.concat([DataDictionary.of(list(tables)), _described(columns)]),
        warehouse=warehouse,
        settings=settings,
        now=NOON + dt.timedelta(minutes=minute),
        run_id=f"run-{minute}",
    ).pointer.version


def _described(columns: dict[str, list[str]]) -> pl.DataFrame:
    """What dbt's manifest would say of the marts."""
    least = {"type": "VARCHAR", "unit": "", "meaning": "", "bounds": ""} | dict.fromkeys(
        ("nullable", "is_key", "personal"), False
    )  # all three
    rows = [{"table_name": mart, "column_name": name, **least} for mart, names in columns.items() for name in names]
    return pl.DataFrame(rows, schema=DataDictionary.polars_schema())


def approved():
    """The decision that approves the first quarter's clusters, and the names that people gave two of them."""
    return (
        approval(QUARTERS[0], OWN),
        {"kind": "rename", "cluster": 1, "name": "Rich", "quarter": QUARTERS[0]},
        {"kind": "rename", "cluster": 2, "name": HOSTILE, "quarter": QUARTERS[0]},
        {"kind": "move", "cluster": 2, "store_id": "s001", "quarter": QUARTERS[0]},
    )


def _reports(settings: Settings) -> pl.DataFrame:
    rows = []
    for quarter in QUARTERS:
        for locale in ("en", "ru"):
            path = settings.artifacts / "stores" / "cluster_report" / f"clusters_{quarter}_{locale}.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(REPORT)
            rows.append(
                {
                    "quarter": quarter,
                    "locale": locale,
                    "path": path.relative_to(settings.data).as_posix(),
                    "sha256": hashlib.sha256(REPORT).hexdigest(),
                    "scenario_id": OWN.identifier,
                    "run_id": "run",
                    "snapshot": "no delivery",
                    "fingerprint": "0" * 12,
                }
            )
    return pl.DataFrame(rows, schema=ClusterReport.polars_schema())
