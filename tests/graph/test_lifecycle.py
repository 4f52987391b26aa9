"""The whole graph on a made-up retailer: what comes in, what goes out, and what bad input does on the way."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import openpyxl
import polars as pl
import pytest

from tests.support import published
from vitrina.inbox.ledger import Ledger
from vitrina.publication import current
from vitrina.stores.tables import StoreFeatures
from vitrina.warehouse import Warehouse, load, locate, replace

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("retailer")]


def test_rows_read_are_rows_loaded_and_rows_refused(retailer):
    deliveries = Ledger(retailer.settings.ledger).deliveries("stores")
    assert deliveries.height == 6
    assert deliveries.filter(pl.col("rows_read") != pl.col("rows_loaded") + pl.col("rows_refused")).is_empty()
    assert deliveries.get_column("rows_refused").sum() > 0


def test_every_delivery_has_a_receipt_in_both_languages(retailer):
    receipts = [path.name for path in (retailer.settings.receipts / "stores").iterdir()]
    assert len(receipts) == 2 * 6


def test_marts_answer_and_say_what_their_columns_mean(retailer):
    clusters = published(
        retailer.settings, "SELECT quarter, count(DISTINCT cluster), count(*) FROM mart_cluster_members GROUP BY quarter ORDER BY 1"
    )
    assert clusters
    assert all(n_clusters >= 2 and stores >= 20 for _, n_clusters, stores in clusters)
    profile = published(
        retailer.settings, "SELECT count(*) FROM mart_cluster_profile WHERE feature = 'revenue' AND cluster_mean > 0"
    )
    assert profile[0][0] == sum(n_clusters for _, n_clusters, _ in clusters)
    undescribed = published(retailer.settings, "SELECT table_name, column_name FROM data_dictionary WHERE meaning = ''")
    assert undescribed == []
    comments = published(
        retailer.settings, "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'mart_cluster_members' AND comment IS NULL"
    )
    assert comments[0][0] == 0


def test_the_mart_of_profiles_agrees_with_the_frames(retailer):
    features = pl.DataFrame(
        published(retailer.settings, "SELECT quarter, store_id, revenue FROM store_features WHERE window_quarters = 4"),
        schema=["quarter", "store_id", "revenue"],
        orient="row",
    )
    members = pl.DataFrame(
        published(retailer.settings, "SELECT quarter, store_id, cluster FROM cluster_assignments"),
        schema=["quarter", "store_id", "cluster"],
        orient="row",
    )
    expected = members.join(features, on=["quarter", "store_id"]).group_by("quarter", "cluster").agg(pl.col("revenue").mean())
    mart = published(retailer.settings, "SELECT quarter, cluster, cluster_mean FROM mart_cluster_profile WHERE feature = 'revenue'")
    assert {(row[0], row[1]): pytest.approx(row[2]) for row in expected.iter_rows()} == {(q, c): mean for q, c, mean in mart}


def test_reports_open_in_both_languages_and_carry_their_run(retailer):
    rows = published(retailer.settings, "SELECT path, locale, run_id FROM cluster_report")
    assert {locale for _, locale, _ in rows} == {"en", "ru"}
    path, _, run_id = rows[-1]
    book = openpyxl.load_workbook(retailer.settings.data / path)
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert any(run_id in cell for cell in cells)


def test_nobody_holds_the_warehouse_afterwards(retailer):
    path = locate(retailer.settings, "stores").path
    code = f"import duckdb; print(duckdb.connect({str(path)!r}).execute('select count(*) from store_features').fetchall()[0][0])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.returncode == 0, other.stderr
    assert int(other.stdout) > 0


def test_dbt_models_have_row_counts_and_column_lineage(retailer):
    event = retailer.instance.get_latest_materialization_event(dg.AssetKey(["stores", "mart_cluster_members"]))
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value > 0
    lineage = metadata["dagster/column_lineage"].value.deps_by_column
    assert [(dep.asset_key.path[-1], dep.column_name) for dep in lineage["store_name"]] == [("store_features", "name")]


def test_nothing_new_loads_nothing_and_makes_nothing_stale(own_retailer):
    before = Ledger(own_retailer.settings.ledger).deliveries("stores")
    own_retailer.execute("stores_ingest")
    assert Ledger(own_retailer.settings.ledger).deliveries("stores").equals(before)
    assert Ledger(own_retailer.settings.ledger).stale("stores") == []


def test_bad_deliveries_reach_receipts_and_refused_rows_and_leave_what_was_published(own_retailer):
    settings, inbox = own_retailer.settings, Path(str(own_retailer.settings.inbox_folder)) / "stores"
    version = current(settings, "stores").version
    loaded_before = published(settings, "SELECT count(*) FROM store_features")
    hostile = inbox / "sales" / 'a\' "b"; drop table raw_sales; -- .csv'
    hostile.write_text("store_id;date;revenue\nno-such-store;2026-01-05;10,50\n", encoding="cp1251")
    truncated = inbox / "sales" / "2026-10.parquet"
    truncated.write_bytes((inbox / "sales" / "2026-08.parquet").read_bytes()[:2000])
    (inbox / "geo.csv").write_text("population\n1\n", encoding="utf-8")
    (inbox / "sales" / "empty.csv").write_text("", encoding="utf-8")
    (inbox / "sales" / "growing.csv.part").write_text("store_id", encoding="utf-8")
    assert own_retailer.execute("stores_ingest").success
    states = dict(Ledger(settings.ledger).deliveries("stores").select("source_file", "state").iter_rows())
    assert states["stores/sales/2026-10.parquet"] == "quarantined"
    assert states["stores/sales/empty.csv"] == "quarantined"
    assert "stores/sales/growing.csv.part" not in states
    with Warehouse(locate(settings, "stores")).read() as connection:
        refused = connection.execute(
            "SELECT source_row, column_name, value, remedy FROM refused_rows WHERE contains(source_file, 'drop table')"
        ).fetchall()
        geo = connection.execute("SELECT count(*) FROM raw_geo").fetchall()[0][0]
    assert [(row, column, value) for row, column, value, _ in refused] == [(2, "store_id", "no-such-store")]
    assert refused[0][3]
    assert geo > 0, "a new version without its key column must not wipe out the old one"
    receipts = "".join(path.read_text(encoding="utf-8") for path in (settings.receipts / "stores").glob("*"))
    assert "no-such-store" in receipts
    assert "population" in receipts
    assert any((settings.quarantine / "stores").iterdir())
    assert current(settings, "stores").version == version
    assert published(settings, "SELECT count(*) FROM store_features") == loaded_before


def test_a_failed_blocking_check_leaves_the_last_good_version_also_when_a_later_run_does_not_repeat_it(own_retailer):
    settings = own_retailer.settings
    warehouse = Warehouse(locate(settings, "stores"))
    with warehouse.read() as connection:
        good = load(connection, StoreFeatures)
    version = current(settings, "stores").version
    with warehouse.write() as connection:
        connection.execute("UPDATE store_features SET age = -5")
    definitions = own_retailer.definitions()
    check = dg.AssetSelection.checks_for_assets(dg.AssetKey(["stores", "store_features"]))
    job = dg.define_asset_job("check_only", selection=check)
    checking = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("check_only")
    assert (
        not checking.execute_in_process(instance=own_retailer.instance, raise_on_error=False)
        .get_asset_check_evaluations()[0]
        .passed
    )
    assert own_retailer.execute("stores_publish").success
    assert current(settings, "stores").version > version
    held = published(settings, "SELECT state, from_version, reason FROM published_tables WHERE table_name = 'store_features'")
    assert held == [("carried forward", version, "fits_declaration")]
    assert published(settings, "SELECT count(*) FROM store_features WHERE age < 0") == [(0,)]
    assert published(settings, "SELECT state FROM published_tables WHERE table_name = 'cluster_quality'") == [("fresh",)]
    with warehouse.write() as connection:
        replace(connection, StoreFeatures, good)
    assert checking.execute_in_process(instance=own_retailer.instance).get_asset_check_evaluations()[0].passed
    own_retailer.execute("stores_publish")
    assert published(settings, "SELECT state FROM published_tables WHERE table_name = 'store_features'") == [("fresh",)]


def test_a_check_that_fails_within_a_run_stops_it_before_publication(own_retailer):
    settings = own_retailer.settings
    version = current(settings, "stores").version
    warehouse = Warehouse(locate(settings, "stores"))
    with warehouse.write() as connection:
        # another quarter than the one that is computed anew: the check looks at every stored row
        connection.execute("UPDATE store_features SET age = -5 WHERE quarter = (SELECT min(quarter) FROM store_features)")
        latest = connection.execute("SELECT max(quarter) FROM store_features").fetchall()[0][0]
    result = own_retailer.execute("stores_refresh", partition_key=latest.isoformat(), raise_on_error=False)
    assert not result.success
    assert current(settings, "stores").version == version
    assert not result.asset_materializations_for_node("stores__publication")


def test_a_replayed_quarter_has_the_same_content(own_retailer):
    settings = own_retailer.settings
    tables = ("store_features", "feature_catalogue", "cluster_assignments", "cluster_quality", "cluster_scenarios")
    before = {table: published(settings, f"SELECT * FROM {table} ORDER BY ALL") for table in tables}
    latest = published(settings, "SELECT max(quarter) FROM store_features")[0][0]
    assert own_retailer.execute("stores_refresh", partition_key=latest.isoformat()).success
    changed = {table for table in tables if published(settings, f"SELECT * FROM {table} ORDER BY ALL") != before[table]}
    assert not changed


def test_a_quarter_without_complete_sales_is_refused_by_name(own_retailer):
    result = own_retailer.execute("stores_refresh", partition_key="2019-01-01", raise_on_error=False)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert "2019-01-01" in str(failure.step_failure_data.error)
    assert "stores/sales/" in str(failure.step_failure_data.error)
