"""Which stored verdicts hold a table back. The histories are made by hand; test_lifecycle runs the real ones."""

from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from resources.publication import failed_checks

KEY = dg.AssetCheckKey(dg.AssetKey(["stores", "shelf"]), "fits")


def record(status: Status, run: str, *, passed: bool = True, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR):
    evaluation = None if status == Status.PLANNED else SimpleNamespace(passed=passed, severity=severity)
    return SimpleNamespace(status=status, run_id=run, evaluation=evaluation)


def verdict(*history, written_by: str = "run 1") -> dict[str, str]:
    """Newest first, as Dagster gives it."""
    storage = SimpleNamespace(get_asset_check_execution_history=lambda key, limit: list(history)[:limit])
    instance = SimpleNamespace(
        event_log_storage=storage, get_latest_materialization_event=lambda key: SimpleNamespace(run_id=written_by)
    )
    return failed_checks(instance, [KEY])


def test_a_table_that_was_never_checked_or_passed_goes_out():
    assert verdict() == {}
    assert verdict(record(Status.SUCCEEDED, "run 1")) == {}


def test_a_failed_check_holds_its_table_back_until_one_passes():
    failed = record(Status.FAILED, "run 1", passed=False)
    assert verdict(failed) == {"shelf": "fits"}
    assert verdict(record(Status.SUCCEEDED, "run 2"), failed) == {}


def test_a_warning_holds_nothing_back():
    assert verdict(record(Status.FAILED, "run 1", passed=False, severity=dg.AssetCheckSeverity.WARN)) == {}


def test_rows_that_a_killed_run_wrote_and_nobody_checked_are_held_back():
    history = (record(Status.PLANNED, "run 2"), record(Status.SUCCEEDED, "run 1"))
    assert verdict(*history, written_by="run 2") == {"shelf": "fits was not finished"}


@pytest.mark.parametrize(("before", "expected"), [(Status.SUCCEEDED, {}), (Status.FAILED, {"shelf": "fits"})])
def test_a_check_that_was_planned_for_a_write_that_never_came_leaves_the_earlier_verdict(before, expected):
    history = (record(Status.PLANNED, "run 2"), record(before, "run 1", passed=before == Status.SUCCEEDED))
    assert verdict(*history, written_by="run 1") == expected
