"""The graph of sellers on a made-up shop: from films in the inbox to published numbers, evidence, replay and deletion."""

import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from simulation.retailer import Size
from simulation.shop_inbox import write_inbox
from tests.graph.made_up_hall import Shop, evaluate, settings_of_shop
from tests.kept import keep
from tests.support import Place, make_place, published
from vitrina.inbox.ledger import Ledger
from vitrina.sellers import day_tables as d
from vitrina.sellers import tables as t
from vitrina.warehouse import Warehouse, load, locate

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("hall")]

PRODUCT = "sellers"


def stored(place: Place, table: type) -> pl.DataFrame:
    with Warehouse(locate(place.settings, PRODUCT)).read() as connection:
        return load(connection, table)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, tuple]]:
    """A tiny shop, from the inbox to publication, with the rows that were spoiled in its files."""
    made = make_place(tmp_path_factory.mktemp("shop"))
    place = Shop(settings_of_shop(made).settings, made.instance)
    slips = write_inbox(Path(str(place.settings.inbox_folder)), Size.TINY, 5)
    with made.instance:
        place.execute("sellers_ingest")
        evaluate(place)
        place.execute("sellers_refresh")
        keep(place, PRODUCT, tmp_path_factory)
        yield place, slips


def readable(place: Place) -> dict:
    (row,) = stored(place, t.VideoFiles).filter(pl.col("state") == "readable").rows(named=True)
    return row


def test_exactly_the_spoiled_rows_are_refused(shop):
    place, slips = shop
    refused = stored(place, d.SellersRefusedRows).select("source_file", "source_row").unique().rows()
    assert set(refused) == {(slip.source_file, slip.source_row) for slip in slips}


def test_every_file_among_the_videos_has_an_outcome_and_the_others_go_on(shop):
    place, _ = shop
    deliveries = stored(place, d.VideoDeliveries)
    assert sorted(deliveries["state"]) == ["duplicate", "evaluated", "refused", "unreadable", "unreadable"]
    assert deliveries.filter(pl.col("state") != "evaluated")["reason"].null_count() == 0
    reasons = stored(place, t.VideoFiles).filter(pl.col("state") == "unreadable")["reason"].to_list()
    assert len(reasons) == 2
    assert all("Copy it from the recorder again" in reason for reason in reasons)


def test_a_days_numbers_are_published_with_interval_and_coverage(shop):
    place, _ = shop
    rows = published(place.settings, "SELECT seller_id, interactions, coverage FROM mart_seller_daily", PRODUCT)
    total = next(row for row in rows if row[0] == "")
    assert total[1] is not None
    assert total[2] > 0.9
    metrics = stored(place, d.SellerDayMetrics).filter((pl.col("seller_id") == "") & pl.col("refused").is_null())
    assert set(metrics["metric"]) >= {"interaction_ratio", "interactions", "successful_interactions", "unsuccessful_interactions"}
    known = metrics.filter(pl.col("low").is_not_null())
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()


def test_the_roles_are_told_beside_the_baseline(shop):
    place, _ = shop
    people = stored(place, t.People)
    assert set(people["role"]) >= {"seller", "customer"}
    assert (people["baseline_role"] == "seller").any()


def test_evidence_lies_where_the_table_says_and_expires(shop):
    place, _ = shop
    evidence = stored(place, d.EvidenceFiles)
    assert set(evidence["kind"]) >= {"timeline", "trajectory", "clip", "heat map", "boxes"}
    assert all((place.settings.data / path).stat().st_size == size for path, size in evidence.select("path", "size").iter_rows())
    assert evidence.filter(pl.col("kind") == "clip")["expires_at"].null_count() == 0


def test_the_managers_report_is_there_in_both_languages(shop):
    place, _ = shop
    rows = published(place.settings, "SELECT locale, path FROM day_reports ORDER BY locale", PRODUCT)
    assert [locale for locale, _ in rows] == ["en", "ru"]
    assert all((place.settings.data / path).is_file() for _, path in rows)


def test_a_replay_tells_what_other_parameters_would_change_and_changes_nothing(shop):
    place, _ = shop
    before = stored(place, d.SellerDayMetrics)
    config = {
        "store_id": readable(place)["store_id"],
        "day": str(before["day"][0]),
        "changes": {"interaction.min_duration_s": "120"},
    }
    place.execute("sellers_replay", run_config={"ops": {"sellers__replay_differences": {"config": config}}})
    found = stored(place, d.ReplayDifferences).filter((pl.col("seller_id") == "") & (pl.col("metric") == "interactions"))
    (row,) = found.rows(named=True)
    assert row["replayed"] < row["stored"]
    assert json.loads(row["parameters"]) == {"interaction.min_duration_s": 120}
    assert stored(place, d.SellerDayMetrics).equals(before)
    reports = list((place.settings.artifacts / PRODUCT / "replay_differences").iterdir())
    assert len(reports) == len(place.settings.locales)


def test_nothing_new_means_no_run(shop):
    place, _ = shop
    assert evaluate(place) == []


def test_late_receipts_make_the_video_stale_and_its_numbers_follow(shop):
    place, _ = shop
    key = readable(place)["video"]
    inbox = Path(str(place.settings.inbox_folder)) / PRODUCT
    (inbox / "receipts").mkdir()
    receipts = pl.read_csv(inbox / "receipts.csv", infer_schema=False)
    receipts.head(1).with_columns(receipt_id=pl.lit("LATE-1")).write_csv(inbox / "receipts" / "late.csv")
    place.execute("sellers_ingest")
    assert key in {period for period, _ in Ledger(place.settings.ledger).stale(PRODUCT)}
    samples = stored(place, t.FootageSamples)
    place.execute("sellers_from_detections", partition_key=key)
    assert key not in {period for period, _ in Ledger(place.settings.ledger).stale(PRODUCT)}
    assert stored(place, t.FootageSamples).equals(samples)


def test_a_video_that_has_expired_cannot_be_looked_at_again_and_its_partition_stays(shop):
    place, _ = shop
    row = readable(place)
    path = Path(str(place.settings.inbox_folder)) / PRODUCT / row["path"]
    away = path.with_suffix(".away")
    before = {table: stored(place, table) for table in (t.VideoFiles, t.FootageSamples, t.Detections, t.SellerVideoMetrics)}
    path.rename(away)
    try:
        ended = place.execute("sellers_video", partition_key=row["video"], raise_on_error=False)
        assert not ended.success
        failures = [str(event.event_specific_data.error) for event in ended.all_node_events if event.is_step_failure]
        assert any("nobody can be detected on it again" in failure for failure in failures)
        assert all(stored(place, table).equals(rows) for table, rows in before.items())
    finally:
        away.rename(path)


def test_videos_and_clips_are_deleted_when_their_time_is_over_and_numbers_stay(shop, tmp_path):
    place, _ = shop
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=4)
    shutil.copytree(place.settings.data, tmp_path / "data")
    shutil.copytree(str(place.settings.inbox_folder), tmp_path / "inbox")
    settings = place.settings.model_copy(update={"data": tmp_path / "data", "inbox": str(tmp_path / "inbox")})
    settings.__dict__.pop("inbox_folder", None)
    instance = dg.DagsterInstance.ephemeral()
    later = Shop(settings, instance)
    Ledger(settings.ledger).claim_inbox(str(settings.inbox_folder), moved=True)
    with sqlite3.connect(settings.videos) as connection:
        connection.execute("UPDATE videos SET recorded_at = ?", [old.isoformat()])
    with Warehouse(locate(settings, PRODUCT)).write() as connection:
        connection.execute("UPDATE evidence_files SET expires_at = ? WHERE expires_at IS NOT NULL", [old])
    numbers = stored(later, t.SellerVideoMetrics)
    later.execute("sellers_refresh", op_selection=["sellers__deleted_files"])
    deleted = stored(later, d.DeletedFiles)
    assert set(deleted["kind"]) >= {"video", "clip"}
    assert deleted["failure"].null_count() == deleted.height
    # one whose name says nothing was never evaluated: it goes later
    assert list((tmp_path / "inbox").rglob("Новая запись*.mp4"))
    row = readable(later)
    assert not (tmp_path / "inbox" / PRODUCT / row["path"]).exists()
    assert not list((settings.artifacts / PRODUCT).rglob("*.mp4"))
    assert stored(later, t.SellerVideoMetrics).equals(numbers)
    receipts = [path.name for path in (settings.receipts / PRODUCT).iterdir()]
    assert any(".ru." in name for name in receipts)
