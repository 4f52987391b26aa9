"""Which stored verdicts hold a table back. The histories are made by hand; test_lifecycle runs the real ones."""

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from resources.publication import failed_checks, written_at

SHELF = dg.AssetKey(["stores", "shelf"])
KEY = dg.AssetCheckKey(SHELF, "fits")
UNJUDGED = {"shelf": "fits has not judged these rows"}
WARN = dg.AssetCheckSeverity.WARN


def decided(run: str, at: float, *, passed: bool = True, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR):
    return SimpleNamespace(
        status=Status.SUCCEEDED if passed else Status.FAILED,
        run_id=run,
        evaluation=SimpleNamespace(passed=passed, severity=severity),
        event=SimpleNamespace(timestamp=at),
        create_timestamp=0.0,
    )


def planned(run: str):
    return SimpleNamespace(status=Status.PLANNED, run_id=run, evaluation=None, event=None, create_timestamp=0.0)


@dataclass
class Instance:
    """As much of a Dagster instance as verdicts need; the history is newest first, as Dagster gives it."""

    history: list
    written: tuple[str, float] | None = None
    succeeded: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    began_writing: set[str] = field(default_factory=set)

    @property
    def event_log_storage(self):
        return self

    def get_asset_check_execution_history(self, key, limit, cursor=None):
        for number, record in enumerate(self.history):
            record.id = len(self.history) - number
        return [record for record in self.history if cursor is None or record.id < cursor][:limit]

    def get_latest_materialization_event(self, key):
        return None if self.written is None else SimpleNamespace(run_id=self.written[0], timestamp=self.written[1])

    def get_run_by_id(self, run):
        return None if run in self.gone else SimpleNamespace(is_success=run in self.succeeded)

    def all_logs(self, run, of_type):
        plan = {"is_asset_materialization_planned": True, "is_step_start": False}
        start = {"is_asset_materialization_planned": False, "is_step_start": True, "asset_key": None}
        events = [
            SimpleNamespace(step_key="shelves", asset_key=SHELF, **plan),
            SimpleNamespace(step_key="aisles", asset_key=dg.AssetKey(["stores", "aisle"]), **plan),
            SimpleNamespace(step_key="aisles", **start),
        ]
        if run in self.began_writing:
            events.append(SimpleNamespace(step_key="shelves", **start))
        return [SimpleNamespace(dagster_event=event) for event in events]


def verdict(*history, **more) -> dict[str, str]:
    return failed_checks(Instance(list(history), **more), [KEY])


def test_a_table_that_was_never_checked_goes_out():
    assert verdict() == {}
    assert verdict(written=("run 1", 1.0)) == {}


def test_a_table_that_passed_goes_out():
    assert verdict(decided("run 1", 2.0), written=("run 1", 1.0)) == {}


def test_a_failed_check_holds_its_table_back_until_one_passes():
    failed = decided("run 1", 1.0, passed=False)
    assert verdict(failed) == {"shelf": "fits"}
    assert verdict(decided("run 2", 2.0), failed) == {}


def test_a_warning_holds_nothing_back():
    assert verdict(decided("run 1", 1.0, passed=False, severity=WARN)) == {}


def test_a_failed_check_is_found_behind_any_number_of_runs_that_never_came_to_it():
    waiting = [planned(f"run {number}") for number in range(250, 1, -1)]
    assert verdict(*waiting, decided("run 1", 1.0, passed=False)) == {"shelf": "fits"}


def test_rows_that_were_written_after_the_verdict_wait_even_where_no_check_was_planned():
    assert verdict(decided("run 1", 1.0), written=("run 2", 2.0)) == UNJUDGED


def test_a_later_run_of_the_check_alone_judges_what_an_earlier_run_wrote():
    assert verdict(decided("run 2", 2.0), written=("run 1", 1.0)) == {}


def test_a_run_that_tells_of_its_verdict_before_its_rows_has_judged_them():
    assert verdict(decided("run 1", 1.0), written=("run 1", 1.5)) == {}


def test_rows_that_were_written_and_only_ever_planned_to_be_checked_wait():
    assert verdict(planned("run 1"), written=("run 1", 1.0)) == UNJUDGED


def test_a_killed_run_that_began_the_step_holds_back_though_it_told_of_no_rows():
    history = (planned("run 2"), decided("run 1", 2.0))
    assert verdict(*history, written=("run 1", 1.0), began_writing={"run 2"}) == UNJUDGED
    assert verdict(*history, written=("run 1", 1.0), gone={"run 2"}) == UNJUDGED


@pytest.mark.parametrize(("passed", "expected"), [(True, {}), (False, {"shelf": "fits"})])
def test_a_check_that_was_planned_for_a_write_that_never_came_leaves_the_earlier_verdict(passed, expected):
    history = (planned("run 2"), decided("run 1", 2.0, passed=passed))
    assert verdict(*history, written=("run 1", 1.0)) == expected


def test_a_run_that_succeeded_would_have_told_of_its_rows():
    history = (planned("run 2"), decided("run 1", 2.0))
    assert verdict(*history, written=("run 1", 1.0), succeeded={"run 2"}, began_writing={"run 2"}) == {}


def test_the_time_of_the_rows_is_that_of_the_last_materialization():
    assert written_at(Instance([]), SHELF) is None
    assert written_at(Instance([], written=("run 1", 60.0)), SHELF) == dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("dies", ["before", "within"])
def test_real_records_of_a_run_that_dies_before_or_within_the_step_say_which_of_the_two(dies):
    fail: set[str] = set()

    @dg.asset(key=["stores", "aisle"])
    def aisle():
        if "before" in fail:
            raise RuntimeError

    @dg.asset(key=SHELF, deps=[aisle])
    def shelf():
        if "within" in fail:
            raise RuntimeError

    @dg.asset_check(asset=SHELF, name="fits", blocking=True)
    def fits():
        return dg.AssetCheckResult(passed=True)

    job = dg.Definitions(assets=[aisle, shelf], asset_checks=[fits], jobs=[dg.define_asset_job("everything")]).resolve_job_def(
        "everything"
    )
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
        assert failed_checks(instance, [KEY]) == {}
        fail.add(dies)
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
        assert failed_checks(instance, [KEY]) == ({} if dies == "before" else UNJUDGED)
        fail.clear()
        assert job.execute_in_process(instance=instance).success
        assert failed_checks(instance, [KEY]) == {}
