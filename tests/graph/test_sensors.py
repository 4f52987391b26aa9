"""Sensors and the schedule, tick by tick, without a daemon."""

import datetime as dt
import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from sensors.attempts import MOST_ATTEMPTS, REQUEST_TAG, next_attempt
from simulation.retailer import Size
from simulation.stores_inbox import write_inbox
from vitrina.inbox.ledger import Ledger
from vitrina.state.store import DecisionStore
from vitrina.stores.deciding import move
from vitrina.warehouse import Warehouse, locate


@pytest.fixture
def ticking(place):
    write_inbox(Path(str(place.settings.inbox_folder)), Size.TINY, 1)
    definitions = place.definitions()

    def tick(name: str, cursor: str | None = None):
        sensor = definitions.resolve_sensor_def(name)
        resources = {"inbox": definitions.resources["inbox"]}
        with dg.build_sensor_context(
            instance=place.instance, cursor=cursor, resources=resources, definitions=definitions
        ) as context:
            return sensor.evaluate_tick(context)

    return tick


def test_a_file_is_loaded_once_it_has_stood_still_for_two_ticks_and_the_cursor_holds_only_what_is_pending(ticking, place):
    first = ticking("stores_uploads")
    assert not first.run_requests
    assert len(json.loads(first.cursor)) == 6
    growing = Path(str(place.settings.inbox_folder)) / "stores" / "geo.csv"
    growing.write_text(growing.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    second = ticking("stores_uploads", first.cursor)
    files = second.run_requests[0].run_config["ops"]["stores_inbox"]["config"]["files"]
    assert "stores/geo.csv" not in files
    assert len(files) == 5
    third = ticking("stores_uploads", second.cursor)
    assert "stores/geo.csv" in third.run_requests[0].run_config["ops"]["stores_inbox"]["config"]["files"]
    assert third.run_requests[0].run_key != second.run_requests[0].run_key


def test_what_was_loaded_is_not_asked_for_again_and_its_quarters_are_computed(ticking, place):
    cursor = ticking("stores_uploads").cursor
    request = ticking("stores_uploads", cursor).run_requests[0]
    assert place.execute("stores_ingest", run_config=request.run_config).success
    after = ticking("stores_uploads", cursor)
    assert not after.run_requests
    assert json.loads(after.cursor) == {}
    refresh = ticking("stores_stale_periods").run_requests[0]
    stale = [period for period, _ in Ledger(place.settings.ledger).stale("stores")]
    assert refresh.tags["dagster/asset_partition_range_start"] == min(stale)
    assert refresh.tags["dagster/asset_partition_range_end"] == max(stale)
    assert ticking("stores_stale_periods").run_requests[0].run_key == refresh.run_key


def test_what_people_decide_is_loaded_like_any_delivery(ticking, place):
    place.execute("stores_ingest")
    decision = move(dt.date(2026, 7, 1), 1, "1", None, by="somebody", reason="why", at=dt.datetime.now(dt.UTC))
    (path,) = DecisionStore(place.settings).record([decision])
    cursor = ticking("stores_uploads").cursor
    request = ticking("stores_uploads", cursor).run_requests[0]
    assert request.run_config["ops"]["stores_inbox"]["config"]["files"] == [f"stores/decisions/{path.name}"]
    assert place.execute("stores_ingest", run_config=request.run_config).success
    assert json.loads(ticking("stores_uploads", cursor).cursor) == {}


def test_a_run_writes_the_file_of_a_decision_that_a_crash_kept_back(place, monkeypatch):
    write_inbox(Path(str(place.settings.inbox_folder)), Size.TINY, 1)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("vitrina.state.store.write_atomically", killed)
    decision = move(dt.date(2026, 7, 1), 1, "1", None, by="somebody", reason="why", at=dt.datetime.now(dt.UTC))
    with pytest.raises(KeyboardInterrupt):
        DecisionStore(place.settings).record([decision])
    monkeypatch.undo()
    assert place.execute("stores_ingest").success
    with Warehouse(locate(place.settings, "stores")).read() as connection:
        assert connection.execute("SELECT decision_id FROM raw_decisions").fetchall() == [(decision.id,)]


def test_an_inbox_that_cannot_be_listed_removes_nothing_and_is_told(ticking, place):
    cursor = ticking("stores_uploads").cursor
    shutil.rmtree(str(place.settings.inbox_folder))
    outage = ticking("stores_uploads", cursor)
    assert not outage.run_requests
    assert "cannot be listed" in outage.skip_message


def test_the_quarter_runs_by_itself_once_its_sales_have_arrived(ticking, place):
    cursor = ticking("stores_uploads").cursor
    place.execute("stores_ingest", run_config=ticking("stores_uploads", cursor).run_requests[0].run_config)
    definitions = place.definitions()
    schedule = definitions.resolve_schedule_def("stores_quarterly")

    def at(year: int, month: int):
        resources = {"inbox": definitions.resources["inbox"]}
        moment = dt.datetime(year, month, 5, 5, tzinfo=dt.UTC)
        with dg.build_schedule_context(
            instance=place.instance,
            scheduled_execution_time=moment,
            resources=resources,
            repository_def=definitions.get_repository_def(),
        ) as context:
            return schedule.evaluate_tick(context)

    assert at(2026, 10).run_requests[0].partition_key == "2026-07-01"
    assert "not complete" in at(2027, 1).skip_message


def test_a_run_that_failed_is_asked_for_again_after_a_pause_and_five_times_at_most(place):
    job = place.definitions().resolve_job_def("stores_publish")
    now = dt.datetime.now(dt.UTC)
    assert next_attempt(place.instance, "work", now) == 0
    for attempt in range(MOST_ATTEMPTS):
        run = place.instance.create_run_for_job(job, tags={REQUEST_TAG: "work"}, status=dg.DagsterRunStatus.STARTED)
        assert "on its way" in next_attempt(place.instance, "work", now).skip_message
        place.instance.report_run_failed(run)
        after = now + dt.timedelta(hours=1)
        if attempt + 1 < MOST_ATTEMPTS:
            assert "trying again at" in next_attempt(place.instance, "work", now).skip_message
            assert next_attempt(place.instance, "work", after) == attempt + 1
    assert "run it by hand" in next_attempt(place.instance, "work", after).skip_message
    assert next_attempt(place.instance, "other work", now) == 0


def test_a_sheet_of_shifts_that_cannot_be_fetched_says_why_and_stops_nothing(ticking, monkeypatch):
    assert ticking("sellers_shifts_sheet").skip_message == "No sheet of shifts is set."
    monkeypatch.setenv("VITRINA_SELLERS_SHIFTS_SHEET", "https://127.0.0.1:9/published?output=csv")
    said = ticking("sellers_shifts_sheet").skip_message
    assert "127.0.0.1:9" in said
    monkeypatch.setenv("VITRINA_SELLERS_SHIFTS_SHEET", "the sheet of Anna")
    assert "neither the address nor the identifier" in ticking("sellers_shifts_sheet").skip_message


def test_a_fetched_sheet_lies_in_the_inbox_like_a_delivery(ticking, place, monkeypatch):
    from vitrina.sellers import sheets  # noqa: PLC0415  # loading the definitions need not pay for it

    written = place.settings.inbox_folder / "sellers" / "shifts_from_sheet.csv"
    monkeypatch.setattr(sheets, "fetch_shifts", lambda settings, now: written)
    assert ticking("sellers_shifts_sheet").skip_message == f"The shifts are in {written}."
